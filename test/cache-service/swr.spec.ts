import { createCacheKey, MemoryCacheStore } from '@glasswork/cache';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { noteUnhandled } from '../unhandled.js';
import {
  advance,
  flush,
  nth,
  SWR,
  settledState,
  setup,
  slowLoad,
  stale,
  storeLike,
  useFakeTime,
} from './helpers.js';

describe('a stale value', () => {
  useFakeTime();
  let expectNoneUnhandled: () => Promise<void>;
  beforeEach(() => {
    expectNoneUnhandled = noteUnhandled();
  });

  it('is served at once, and refreshed once behind it', async () => {
    const { cache } = await stale();
    const { load, runs } = slowLoad();
    expect(await cache.wrap('k', SWR, load)).toBe('old');
    await flush();
    expect(runs).toHaveLength(1);
    expect(await cache.wrap('k', SWR, load)).toBe('old');
    await flush();
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('new');
    await cache.settled();
    expect(await cache.wrap('k', SWR, load)).toBe('new');
    expect(runs).toHaveLength(1);
  });

  it.each([true, false])(
    'is refreshed by one load for fifteen callers, lease: %s',
    async (lease) => {
      const { cache, of } = await stale({ lease });
      const load = vi.fn(async () => 'new');
      const served = await Promise.all(
        Array.from({ length: 15 }, () => cache.wrap('k', SWR, load)),
      );
      expect(new Set(served)).toEqual(new Set(['old']));
      await cache.settled();
      expect(load).toHaveBeenCalledOnce();
      expect(of('refresh')).toEqual([{ type: 'refresh', key: 'k', reason: 'stale' }]);
      expect(of('lease')).toHaveLength(lease ? 1 : 0);
    },
  );

  it('is refreshed once, though the load adds a tag and no lease is wanted', async () => {
    const { cache } = await stale({ lease: false });
    const { load, runs } = slowLoad();
    const tagged = async ({ addTags }: { addTags(tag: string): Promise<void> }) => {
      await addTags('red');
      return load();
    };
    for (let i = 0; i < 3; i++) {
      expect(await cache.wrap('k', SWR, tagged)).toBe('old');
      await flush();
    }
    expect(runs).toHaveLength(1);
    await cache.invalidateTags(['red']);
    expect(await cache.wrap('k', SWR, tagged)).toBe('old');
    await flush();
    expect(runs).toHaveLength(2);
    for (const [i, run] of runs.entries()) run.resolve(`new ${i}`);
    await cache.settled();
    expect(await cache.get('k')).toBe('new 1');
  });

  it('is served from its staleTTL on, and gone at its ttl', async () => {
    const { cache, of } = setup();
    const load = slowLoad().load;
    await cache.wrap('k', SWR, () => 'old');
    await advance(9_999);
    expect(await cache.wrap('k', SWR, load)).toBe('old');
    expect(of('refresh')).toHaveLength(0);
    await advance(1);
    expect(await cache.wrap('k', SWR, load)).toBe('old');
    await flush();
    expect(of('refresh')).toHaveLength(1);
    await advance(49_999);
    expect(await cache.get('k')).toBe('old');
    await advance(1);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('that is gone while its refresh runs makes callers wait for that refresh', async () => {
    const { cache } = await stale();
    const { load, runs } = slowLoad();
    await cache.wrap('k', SWR, load);
    await advance(50_000);
    const waiting = cache.wrap('k', SWR, load);
    await flush();
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('new');
    expect(await waiting).toBe('new');
  });

  it('stays when its refresh fails, which is an event and nothing else', async () => {
    const { cache, types, of } = await stale();
    const error = new Error('origin');
    expect(await cache.wrap('k', SWR, () => Promise.reject(error))).toBe('old');
    await cache.settled();
    expect(types()).toEqual(['hit', 'lease', 'refresh', 'load-error']);
    expect(of('load-error')).toMatchObject([{ key: 'k', error }]);
    expect(await cache.get('k')).toBe('old');
    const throws = () => {
      throw error;
    };
    expect(await cache.wrap('k', SWR, throws)).toBe('old');
    await cache.settled();
    expect(of('load-error')).toHaveLength(2);
    await expectNoneUnhandled();
  });

  it('stays when its refresh finds nothing any more', async () => {
    const { cache } = await stale();
    await cache.wrap('k', SWR, () => undefined);
    await cache.settled();
    expect(await cache.get('k')).toBe('old');
  });

  it('is not brought back by a refresh that an invalidation overtook', async () => {
    for (const way of ['del', 'set', 'clear'] as const) {
      const { cache } = await stale();
      const { load, runs } = slowLoad();
      await cache.wrap('k', SWR, load);
      await flush();
      if (way === 'set') await cache.set('k', 'set', 60);
      else await (way === 'del' ? cache.del('k') : cache.clear());
      nth(runs, 0).resolve('from before');
      await cache.settled();
      expect(await cache.get('k')).toBe(way === 'set' ? 'set' : undefined);
    }
  });

  it('is what the refresh is given, a copy of its own', async () => {
    const store = new MemoryCacheStore();
    const { cache } = setup({}, store);
    await cache.wrap('k', SWR, () => ({ list: [1] }));
    await advance(10_000);
    const { load, runs } = slowLoad();
    let given: unknown;
    const served = await cache.wrap<{ list: number[] }>('k', SWR, ({ staleValue }) => {
      given = staleValue;
      return load() as Promise<{ list: number[] }>;
    });
    served.list.push(2);
    await flush();
    expect(given).toEqual({ list: [1] });
    expect(given).not.toBe(served);
    nth(runs, 0).resolve(given);
    await cache.settled();
    expect(await cache.get('k')).toEqual({ list: [1] });
  });

  it('is refreshed under a lease: another service that holds it is left to it', async () => {
    const store = new MemoryCacheStore();
    const here = await stale({}, store);
    const there = setup({}, store);
    const { load, runs } = slowLoad();
    await here.cache.wrap('k', SWR, load);
    await flush();
    const other = vi.fn(() => 'there');
    expect(await there.cache.wrap('k', SWR, other)).toBe('old');
    await there.cache.settled();
    expect(other).not.toHaveBeenCalled();
    expect(there.of('lease')).toEqual([{ type: 'lease', key: 'k', state: 'held' }]);
    expect(there.of('refresh')).toEqual([]);
    nth(runs, 0).reject(new Error('origin'));
    await here.cache.settled();
    await there.cache.wrap('k', SWR, other);
    await there.cache.settled();
    expect(other).toHaveBeenCalledOnce();
    expect(await here.cache.get('k')).toBe('there');
  });

  it('is refreshed by everybody where no lease is wanted', async () => {
    const store = new MemoryCacheStore();
    const here = await stale({ lease: false }, store);
    const there = setup({ lease: false }, store);
    const { load, runs } = slowLoad();
    await here.cache.wrap('k', SWR, load);
    await there.cache.wrap('k', SWR, load);
    await flush();
    expect(runs).toHaveLength(2);
    expect([...here.of('lease'), ...there.of('lease')]).toEqual([]);
  });

  it('is refreshed where the store can hold no lease', async () => {
    const base = new MemoryCacheStore();
    const { cache } = setup({}, storeLike(base, { add: undefined }));
    await cache.wrap('k', SWR, () => 'old');
    await advance(10_000);
    await cache.wrap('k', SWR, () => 'new');
    await cache.settled();
    expect(await cache.get('k')).toBe('new');
  });

  it('is refreshed again after a deadline() that threw', async () => {
    let broken = true;
    const deadline = () => {
      if (broken) throw new Error('no context');
      return undefined;
    };
    const { cache, of } = await stale({ deadline });
    expect(await cache.wrap('k', SWR, () => 'new')).toBe('old');
    await cache.settled();
    expect(of('background-error')).toMatchObject([{ error: { message: 'no context' } }]);
    broken = false;
    await cache.wrap('k', SWR, () => 'new');
    await cache.settled();
    expect(await cache.get('k')).toBe('new');
  });
});

describe('settled', () => {
  useFakeTime();

  it('waits for all background work, and for what that starts', async () => {
    const { cache } = await stale();
    await cache.wrap('other', SWR, () => 'old');
    await advance(10_000);
    const { load, runs } = slowLoad();
    await cache.wrap('k', SWR, load);
    await cache.wrap('other', SWR, load);
    const settled = cache.settled();
    await flush();
    nth(runs, 0).resolve('new');
    expect(await settledState(settled)).toBe('pending');
    nth(runs, 1).resolve('new');
    await settled;
    expect(await cache.getMany(['k', 'other'])).toEqual(['new', 'new']);
  });

  it('resolves at once when there is nothing', async () => {
    expect(await settledState(setup().cache.settled())).toBe('settled');
  });
});

describe('wrapSWR', () => {
  useFakeTime();

  it('is stale after the first time and gone after the second', async () => {
    const { cache } = setup();
    let n = 0;
    const load = () => ++n;
    const call = () => cache.wrapSWR('k', '10s', '60s', load);
    expect(await call()).toBe(1);
    await advance(10_000);
    expect(await call()).toBe(1);
    await cache.settled();
    expect(await call()).toBe(2);
    await advance(60_000);
    expect(await call()).toBe(3);
  });

  it('takes a typed key', async () => {
    const key = createCacheKey('n', () => 'n').of<number>()();
    const { cache } = setup();
    expect(await cache.wrapSWR(key, 1, 2, () => 7)).toBe(7);
    expect(await cache.get(key)).toBe(7);
  });

  it.each([
    [60, 60],
    [61, 60],
  ])('refuses stale after %d and gone after %d', async (staleTTL, ttl) => {
    const { cache } = setup();
    const load = vi.fn();
    await expect(cache.wrapSWR('k', staleTTL, ttl, load)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      subject: 'staleTTL',
    });
    expect(load).not.toHaveBeenCalled();
  });
});
