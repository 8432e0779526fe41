import {
  type CacheService,
  type CacheStore,
  MemoryCacheStore,
  type WrapOptions,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  bareStore,
  brokenStore,
  flush,
  heldReads,
  nth,
  type Setup,
  setup,
  slowLoad,
  useFakeTime,
} from './helpers.js';

const POLICY: WrapOptions = { ttl: '60s', staleIfError: '1h', tags: ['red'] };
const ERROR = new Error('origin');
const failing = () => Promise.reject(ERROR);

/** A value that has just expired, and stands by. */
async function expired(store: CacheStore = new MemoryCacheStore()): Promise<Setup> {
  const made = setup({ versionTTL: 0 }, store);
  await made.cache.wrap('k', POLICY, () => 'old');
  await advance(60_000);
  made.events.length = 0;
  return made;
}

describe('staleIfError', () => {
  useFakeTime();

  it('gives the last good value when the load fails, at once or later', async () => {
    const { cache, of } = await expired();
    expect(await cache.wrap('k', POLICY, failing)).toBe('old');
    const throws = () => {
      throw ERROR;
    };
    expect(await cache.wrap('k', POLICY, throws)).toBe('old');
    expect(of('stale-served')).toEqual([
      { type: 'stale-served', key: 'k', reason: 'error', error: ERROR },
      { type: 'stale-served', key: 'k', reason: 'error', error: ERROR },
    ]);
  });

  it('never answers for a load that works', async () => {
    const { cache, of } = await expired();
    expect(await cache.wrap('k', POLICY, () => 'new')).toBe('new');
    expect(of('stale-served')).toEqual([]);
    expect(await cache.get('k')).toBe('new');
  });

  it('ends with its window', async () => {
    const { cache } = await expired();
    await advance(3_600_000 - 1);
    expect(await cache.wrap('k', POLICY, failing)).toBe('old');
    await advance(1);
    await expect(cache.wrap('k', POLICY, failing)).rejects.toBe(ERROR);
  });

  it('ends with its window, too, while the load runs', async () => {
    const { cache } = await expired();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', { ...POLICY, staleIfError: '10s' }, load);
    await advance(10_000);
    nth(runs, 0).reject(ERROR);
    await expect(wrapped).rejects.toBe(ERROR);
  });

  it('is off by default, and by the call that says so', async () => {
    const { cache } = await expired();
    await expect(cache.wrap('k', 60, failing)).rejects.toBe(ERROR);
    await expect(cache.wrap('k', { staleIfError: 0 }, failing)).rejects.toBe(ERROR);
  });

  it('never makes get, has or getEntry give what has expired', async () => {
    const { cache } = await expired();
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.has('k')).toBe(false);
    expect(await cache.getEntry('k')).toBeUndefined();
    expect(await cache.getMany(['k'])).toEqual([undefined]);
  });

  it('gives it to everyone who shared the failing load', async () => {
    const { cache } = setup();
    await cache.wrap('k', POLICY, () => ({ n: 1 }));
    await advance(60_000);
    const { load, runs } = slowLoad();
    const callers = [1, 2, 3].map(() => cache.wrap('k', POLICY, load));
    await flush();
    expect(runs).toHaveLength(1);
    nth(runs, 0).reject(ERROR);
    const values = await Promise.all(callers);
    expect(values).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    expect(new Set(values).size).toBe(3);
  });

  it('does not give what the failing load did to the value it was given', async () => {
    const { cache } = setup();
    await cache.wrap('k', POLICY, () => ({ list: [1] }));
    await advance(60_000);
    const value = await cache.wrap<{ list: number[] }>('k', POLICY, ({ staleValue }) => {
      (staleValue as { list: number[] }).list.push(2);
      throw ERROR;
    });
    expect(value).toEqual({ list: [1] });
  });

  it('passes the last good value to the load', async () => {
    const { cache } = await expired();
    const load = vi.fn(({ staleValue }: { staleValue: unknown }) => `after ${staleValue}`);
    expect(await cache.wrap('k', POLICY, load)).toBe('after old');
  });

  it('survives a store that cannot be asked again only by rejecting', async () => {
    const { store, state } = brokenStore();
    state.broken = false;
    const { cache } = setup({}, store);
    await cache.wrap('k', POLICY, () => 'old');
    await advance(60_000);
    const load = async () => {
      state.broken = true;
      throw ERROR;
    };
    await expect(cache.wrap('k', POLICY, load)).rejects.toBe(ERROR);
  });

  it('ends every wait: nobody is told of a slow load that has ended', async () => {
    const { cache, of } = await expired();
    const { load, runs } = slowLoad();
    const callers = [1, 2].map(() => cache.wrap('k', POLICY, load));
    await flush();
    nth(runs, 0).reject(ERROR);
    expect(await Promise.all(callers)).toEqual(['old', 'old']);
    expect(vi.getTimerCount()).toBe(0);
    await advance(10_000);
    expect(of('slow-join')).toEqual([]);
  });

  it('gives what was set after a deletion, also where the store has no versions', async () => {
    const { cache } = await expired(bareStore());
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', POLICY, load);
    await flush();
    await cache.del('k');
    await cache.set('k', 'newer', POLICY);
    nth(runs, 0).reject(ERROR);
    expect(await wrapped).toBe('newer');
  });

  it('is served from a bare store', async () => {
    const { cache } = setup({}, bareStore());
    await cache.wrap('k', POLICY, () => 'old');
    await advance(60_000);
    expect(await cache.wrap('k', POLICY, failing)).toBe('old');
    await cache.del('k');
    await expect(cache.wrap('k', POLICY, failing)).rejects.toBe(ERROR);
  });
});

describe('an invalidated value', () => {
  useFakeTime();
  const ways: [string, (cache: CacheService) => Promise<unknown>][] = [
    ['del', (cache) => cache.del('k')],
    ['delByPattern', (cache) => cache.delByPattern('*')],
    ['invalidateTags', (cache) => cache.invalidateTags(['red'])],
    ['clear', (cache) => cache.clear()],
  ];

  it.each(ways)('never stands in: %s before the load', async (_way, invalidate) => {
    const { cache } = await expired();
    await invalidate(cache);
    const load = vi.fn(({ staleValue }: { staleValue: unknown }) => {
      expect(staleValue).toBeUndefined();
      throw ERROR;
    });
    await expect(cache.wrap('k', POLICY, load)).rejects.toBe(ERROR);
    expect(load).toHaveBeenCalledOnce();
  });

  it.each(ways)('never stands in: %s while the load runs', async (_way, invalidate) => {
    const { cache, of } = await expired();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', POLICY, load);
    await flush();
    await invalidate(cache);
    nth(runs, 0).reject(ERROR);
    await expect(wrapped).rejects.toBe(ERROR);
    expect(of('stale-served')).toEqual([]);
  });

  it.each(ways)('never stands in: %s by another service meanwhile', async (_way, invalidate) => {
    const store = new MemoryCacheStore();
    const { cache, of } = await expired(store);
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', POLICY, load);
    await flush();
    await invalidate(setup({}, store).cache);
    nth(runs, 0).reject(ERROR);
    await expect(wrapped).rejects.toBe(ERROR);
    expect(of('stale-served')).toEqual([]);
  });

  it.each(ways)(
    'never stands in for a load that is slow: %s meanwhile',
    async (_way, invalidate) => {
      const { cache } = await expired();
      const { load, runs } = slowLoad();
      const wrapped = cache.wrap('k', { ...POLICY, softTimeout: '1s' }, load);
      await flush();
      await invalidate(cache);
      await advance(1_000);
      nth(runs, 0).resolve('new');
      expect(await wrapped).toBe('new');
    },
  );

  it('never stands in for a slow load that another service has overtaken', async () => {
    const store = new MemoryCacheStore();
    const { cache } = await expired(store);
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', { ...POLICY, softTimeout: '1s' }, load);
    await flush();
    await setup({}, store).cache.del('k');
    await advance(1_000);
    nth(runs, 0).resolve('new');
    expect(await wrapped).toBe('new');
  });

  it.each([
    ['that fails', 'error'],
    ['that is slow', 'timeout'],
  ] as const)(
    'never stands in for a load %s, even where the store did not confirm that it is invalidated',
    async (_how, reason) => {
      const { store, state } = brokenStore();
      state.broken = false;
      const { cache } = setup({}, store);
      await cache.wrap('k', POLICY, () => 'old');
      await advance(60_000);
      const { load, runs } = slowLoad();
      const wrapped = cache.wrap('k', { ...POLICY, softTimeout: '1s' }, load);
      await flush();
      state.broken = true;
      await expect(cache.del('k')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      state.broken = false;
      if (reason === 'timeout') await advance(1_000);
      nth(runs, 0).reject(ERROR);
      await expect(wrapped).rejects.toBe(ERROR);
    },
  );

  it.each(ways)(
    'never stands in for a slow load: %s while it is read again',
    async (_way, invalidate) => {
      const { store, holdNext } = heldReads();
      const { cache } = await expired(store);
      const { load, runs } = slowLoad();
      const wrapped = cache.wrap('k', { ...POLICY, softTimeout: '1s' }, load);
      await flush();
      const release = holdNext();
      await advance(1_000);
      await invalidate(cache);
      release();
      await flush();
      nth(runs, 0).resolve('new');
      expect(await wrapped).toBe('new');
    },
  );

  it.each(ways)(
    'never stands in, though it is newer than the failed load: %s while it is read',
    async (_way, invalidate) => {
      const { store, holdNext } = heldReads();
      const { cache } = await expired(store);
      const { load, runs } = slowLoad();
      const wrapped = cache.wrap('k', POLICY, load);
      await flush();
      await setup({}, store).cache.set('k', 'newer', POLICY);
      const release = holdNext();
      nth(runs, 0).reject(ERROR);
      await flush();
      await invalidate(cache);
      release();
      await expect(wrapped).rejects.toBe(ERROR);
    },
  );

  it.each([true, false])('leaves room for what was written meanwhile, here: %s', async (same) => {
    const store = new MemoryCacheStore();
    const { cache } = await expired(store);
    const other = same ? cache : setup({}, store).cache;
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', POLICY, load);
    await flush();
    await other.set('k', 'newer', 60);
    nth(runs, 0).reject(ERROR);
    expect(await wrapped).toBe('newer');
  });
});
