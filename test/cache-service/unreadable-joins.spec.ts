import { MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { brokenStore, flush, nth, setup, slowLoad, storeLike, useFakeTime } from './helpers.js';

describe('while the store cannot be read', () => {
  useFakeTime();

  it.each([false, true])(
    'two hundred callers share one load, which adds tags: %s',
    async (adds) => {
      const { store } = brokenStore();
      const { cache } = setup({}, store);
      const load = vi.fn(async ({ addTags }: { addTags(...tags: string[]): Promise<void> }) => {
        if (adds) void addTags('red').catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 100));
        return 'value';
      });
      const calls = Array.from({ length: 200 }, () => cache.wrap('k', 60, load));
      await vi.advanceTimersByTimeAsync(100);
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['value']));
      expect(load).toHaveBeenCalledOnce();
    },
  );

  it.each(['its key', 'its tag'])(
    'a caller who cannot read %s does not join a load that began before its call',
    async (what) => {
      const memory = new MemoryCacheStore();
      let isBroken = false;
      const store = storeLike(memory, {
        getIfPresent: undefined,
        getVersioned: async (key: string) => {
          const isMeant = what === 'its tag' ? key.startsWith('#tag') : key === 'k';
          if (isBroken && isMeant) throw new Error('cannot be read');
          return memory.getVersioned(key);
        },
      });
      const here = setup({}, store);
      const there = setup({}, memory);
      const { load, runs } = slowLoad();
      const policy = { ttl: 60, tags: ['red'] };
      // The prefix has its version.
      await here.cache.wrap('first', 60, () => 1);
      isBroken = true;
      const early = here.cache.wrap('k', policy, load);
      await flush();
      if (what === 'its tag') await there.cache.invalidateTags(['red']);
      else await there.cache.del('k');
      const late = here.cache.wrap('k', policy, load);
      await flush();
      expect(runs).toHaveLength(2);
      nth(runs, 0).resolve('older than the invalidation');
      nth(runs, 1).resolve('new');
      expect(await Promise.all([early, late])).toEqual(['older than the invalidation', 'new']);
    },
  );
});
