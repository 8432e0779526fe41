import { type CacheEvent, CacheService, type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { advance, bareStore, flush, never, useFakeTime } from './helpers.js';

/** A durable store whose fills land when they are told to, however long ago they were asked for. */
function slowStore() {
  const held = new Map<string, unknown>();
  const fills: (() => void)[] = [];
  const store: CacheStore = {
    name: 'slow',
    durable: true,
    get: async <T>(key: string) => held.get(key) as T | undefined,
    async set(key, value) {
      held.set(key, value);
    },
    async del(key) {
      held.delete(key);
    },
    getVersioned: async <T>(key: string) => ({
      value: held.get(key) as T | undefined,
      version: held.has(key) ? 'held' : '',
    }),
    setIfUnchanged: (key, value) =>
      new Promise((resolve) =>
        fills.push(() => {
          held.set(key, value);
          resolve(true);
        }),
      ),
    async delByPattern() {
      const { size } = held;
      held.clear();
      return size;
    },
  };
  return { store, held, fills };
}

describe('delByPattern', () => {
  useFakeTime();

  it('waits for a fill that the service has given up waiting for', async () => {
    const { store, held, fills } = slowStore();
    const cache = new CacheService(store, { onEvent: () => {} });
    const wrapped = cache.wrap('k', 60, () => 'old');
    await advance(3_000);
    expect(await wrapped).toBe('old');
    const deleting = cache.delByPattern('*');
    await flush();
    fills[0]?.();
    expect(await deleting).toBe(1);
    expect(held.size).toBe(0);
  });

  it('is not confirmed when such a fill does not end', async () => {
    const { store, held } = slowStore();
    held.set('k2', 'stored');
    const cache = new CacheService(store, { onEvent: () => {} });
    const wrapped = cache.wrap('k', 60, () => 'old');
    await advance(3_000);
    await wrapped;
    const deleting = expect(cache.delByPattern('*')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
    });
    await advance(6_000);
    await deleting;
    expect(held.size).toBe(0);
  });
});

describe('on a store that cannot fence, while a fill does not end,', () => {
  useFakeTime();

  async function hanging() {
    const base = new MemoryCacheStore();
    const bare = bareStore(base);
    const told: string[] = [];
    const events: CacheEvent[] = [];
    const store: CacheStore = {
      ...bare,
      set: (key, value, ttl) => {
        if (key === 'k') return never();
        told.push(key);
        return bare.set(key, value, ttl);
      },
      del: (key) => {
        told.push(key);
        return bare.del(key);
      },
    };
    const cache = new CacheService(store, { onEvent: (event) => events.push(event) });
    const wrapped = cache.wrap('k', { ttl: 60, tags: ['red'] }, () => 'old');
    await advance(3_000);
    await wrapped;
    told.length = 0;
    events.length = 0;
    return { cache, told, events };
  }

  it.each<[string, (cache: CacheService) => Promise<void>, string]>([
    ['del', (cache) => cache.del('k'), 'k'],
    ['delMany', (cache) => cache.delMany(['k', 'k2']), 'k2'],
  ])('%s tells the store, and is not confirmed', async (_name, invalidate, key) => {
    const { cache, told } = await hanging();
    const rejected = expect(invalidate(cache)).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await advance(6_000);
    await rejected;
    expect(told).toContain(key);
  });

  it.each<[string, (cache: CacheService) => Promise<void>, string]>([
    ['invalidateTags', (cache) => cache.invalidateTags(['red']), '#tag::red'],
    ['clear', (cache) => cache.clear(), '#prefix::'],
  ])('%s does not wait for it: its value carries old versions', async (_name, invalidate, key) => {
    const { cache, told } = await hanging();
    await invalidate(cache);
    expect(told).toEqual([key]);
  });

  it('set resolves to false, and an event says why', async () => {
    const { cache, events } = await hanging();
    const set = cache.set('k', 'new');
    await advance(6_000);
    expect(await set).toBe(false);
    expect(events).toMatchObject([{ type: 'store-error', error: { code: 'TIMEOUT' } }]);
  });
});
