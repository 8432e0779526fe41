import { CacheError, MemoryCacheStore, NullCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  advance,
  bareStore,
  brokenStore,
  deferred,
  flush,
  hangingStore,
  heldReads,
  nth,
  START,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

describe('expire', () => {
  useFakeTime();

  it('makes a live value stale: served, marked, and refreshed', async () => {
    const { cache, of } = setup();
    await cache.wrap('k', { ttl: '60s', tags: ['red'] }, () => 'old');
    await advance(1_000);
    await cache.expire('k');
    expect(await cache.getEntry('k')).toEqual({
      value: 'old',
      state: 'stale',
      createdAt: START,
      staleAt: START,
      expiresAt: START + 60_000,
      tags: ['red'],
    });
    expect(await cache.get('k')).toBe('old');
    expect(await cache.has('k')).toBe(true);
    expect(await cache.wrap('k', '60s', () => 'new')).toBe('old');
    await cache.settled();
    expect(await cache.getEntry('k')).toMatchObject({ value: 'new', state: 'fresh' });
    expect(of('refresh')).toEqual([{ type: 'refresh', key: 'k', reason: 'stale' }]);
    expect(of('invalidate')).toEqual([{ type: 'invalidate', key: 'k', soft: true }]);
  });

  it('leaves the expiry as it is', async () => {
    const { cache } = setup();
    await cache.set('k', 'old', 60);
    await advance(30_000);
    await cache.expire('k');
    await advance(29_999);
    expect(await cache.get('k')).toBe('old');
    await advance(1);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('counts for every service on the store, and for a clock that is behind', async () => {
    const store = new MemoryCacheStore();
    const here = setup({}, store);
    const there = setup({ clock: { now: () => Date.now() - 3_600_000 } }, store);
    await here.cache.set('k', 'old', 7_200);
    await here.cache.expire('k');
    expect(await there.cache.getEntry('k')).toMatchObject({ state: 'stale' });
    await there.cache.wrap('k', 7_200, () => 'new');
    expect(there.of('hit')).toMatchObject([{ state: 'stale' }]);
    await there.cache.settled();
    expect(await here.cache.getEntry('k')).toMatchObject({ value: 'new', state: 'fresh' });
  });

  it('keeps the tags: a hard invalidation still rejects the value', async () => {
    const { cache } = setup();
    await cache.set('k', 'old', { ttl: 60, tags: ['red'] });
    await cache.expire('k');
    await cache.invalidateTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('deletes where nothing live is there, so that a load under way cannot fill', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad<string>();
    const loading = cache.wrap('k', 60, load);
    await flush();
    await cache.expire('k');
    nth(runs, 0).resolve('old');
    expect(await loading).toBe('old');
    expect(await cache.get('k')).toBeUndefined();
    expect(of('invalidate')).toEqual([{ type: 'invalidate', key: 'k', soft: true }]);
  });

  it('does not let the value of an older load become fresh', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    await here.cache.set('k', 'oldest', 60);
    const { load, runs } = slowLoad<string>();
    const loading = there.cache.wrap('k', { ttl: 60, forceFresh: true }, load);
    await flush();
    await here.cache.expire('k');
    nth(runs, 0).resolve('old');
    expect(await loading).toBe('old');
    expect(await here.cache.getEntry('k')).toMatchObject({ value: 'oldest', state: 'stale' });
  });

  it('finds the value that an older load has written between its read and its write', async () => {
    const memory = new MemoryCacheStore();
    const older = setup({}, memory);
    let interfere = true;
    const store = storeLike(memory, {
      async setIfUnchanged(key: string, value: unknown, ttl: number, version: string) {
        if (key === 'k' && interfere) {
          interfere = false;
          await older.cache.set('k', 'of an older load', 60);
        }
        return memory.setIfUnchanged(key, value, ttl, version);
      },
    });
    const { cache } = setup({}, store);
    await older.cache.set('k', 'old', 60);
    await cache.expire('k');
    const entry = await cache.getEntry('k');
    expect(entry).toMatchObject({ value: 'of an older load', state: 'stale' });
  });

  it('keeps callers from joining a load that began before', async () => {
    const { cache, of } = setup();
    await cache.set('k', 'oldest', 60);
    const { load, runs } = slowLoad<string>();
    const first = cache.wrap('k', { ttl: 60, forceFresh: true }, load);
    await flush();
    await cache.expire('k');
    // Served stale, and refreshed by a load of its own.
    expect(await cache.wrap('k', 60, load)).toBe('oldest');
    await flush();
    expect(runs).toHaveLength(2);
    nth(runs, 1).resolve('new');
    await cache.settled();
    nth(runs, 0).resolve('old');
    await first;
    expect(await cache.getEntry('k')).toMatchObject({ value: 'new', state: 'fresh' });
    expect(of('join')).toEqual([]);
  });

  it('makes a read under way stale', async () => {
    const { store, holdNext } = heldReads();
    const { cache, of } = setup({}, store);
    await cache.set('k', 'old', 60);
    const release = holdNext();
    const reading = cache.wrap('k', 60, () => 'new');
    await flush();
    await cache.expire('k');
    release();
    expect(await reading).toBe('old');
    expect(of('hit')).toMatchObject([{ state: 'stale' }]);
  });

  it('does not bring back what del has ended while a read was under way', async () => {
    const { store, holdNext } = heldReads();
    const { cache } = setup({}, store);
    await cache.set('k', 'old', 60);
    const release = holdNext();
    const reading = cache.wrap('k', 60, () => 'loaded');
    await flush();
    await cache.del('k');
    await cache.set('k', 'new', 60);
    await cache.expire('k');
    release();
    expect(await reading).toBe('loaded');
  });

  it('leaves a value that has expired to staleIfError', async () => {
    const { cache } = setup({ staleIfError: '10m' });
    await cache.set('k', 'old', 60);
    await advance(61_000);
    await cache.expire('k');
    const failing = () => Promise.reject(new Error('down'));
    expect(await cache.wrap('k', 60, failing)).toBe('old');
  });

  it('gives the value to a caller whose load is late', async () => {
    const { cache, of } = setup({ staleIfError: '10m' });
    await cache.set('k', 'old', 60);
    await advance(61_000);
    const { load, runs } = slowLoad<string>();
    const waiting = cache.wrap('k', { ttl: 60, softTimeout: '100ms' }, load);
    await flush();
    await cache.expire('k');
    await advance(100);
    expect(await waiting).toBe('old');
    expect(of('stale-served')).toMatchObject([{ reason: 'timeout' }]);
    nth(runs, 0).resolve('late');
  });

  it('gives the value to the load that refreshes it', async () => {
    const { cache } = setup();
    await cache.set('k', 'old', 60);
    await cache.expire('k');
    const seen: unknown[] = [];
    await cache.wrap('k', 60, ({ staleValue }) => {
      seen.push(staleValue);
      return 'new';
    });
    await cache.settled();
    expect(seen).toEqual(['old']);
  });

  it('refreshes once in the fleet', async () => {
    const store = new MemoryCacheStore();
    const fleet = Array.from({ length: 5 }, () => setup({}, store));
    await nth(fleet, 0).cache.set('k', 'old', 60);
    await nth(fleet, 0).cache.expire('k');
    const { load, runs } = slowLoad<string>();
    const served = await Promise.all(fleet.map(({ cache }) => cache.wrap('k', 60, load)));
    expect(served).toEqual(Array.from({ length: 5 }, () => 'old'));
    await advance(10);
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('new');
    await Promise.all(fleet.map(({ cache }) => cache.settled()));
    expect(await nth(fleet, 4).cache.get('k')).toBe('new');
  });

  it.each([
    ['nothing but the least', bareStore()],
    ['no conditions', storeLike(new MemoryCacheStore(), { setIfUnchanged: undefined })],
  ])('deletes on a store with %s', async (_, store) => {
    const told: unknown[] = [];
    const { cache, of } = setup({ onInvalidate: (what) => void told.push(what) }, store);
    await cache.set('k', 'old', 60);
    await cache.expire('k');
    expect(await cache.get('k')).toBeUndefined();
    expect(told).toEqual([{ keys: ['k'], soft: true }]);
    expect(of('invalidate')).toEqual([{ type: 'invalidate', key: 'k', soft: true }]);
  });

  it('resolves on a store that holds nothing', async () => {
    const { cache } = setup({}, new NullCacheStore());
    await cache.expire('k');
    await cache.expireTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('needs no expiry from the store, the window of staleIfError included', async () => {
    const memory = new MemoryCacheStore();
    const store = storeLike(memory, {
      async getVersioned(key: string) {
        const { value, version } = await memory.getVersioned(key);
        return { value, version };
      },
    });
    const { cache } = setup({ staleIfError: '10m' }, store);
    await cache.set('k', 'old', 60);
    await cache.expire('k');
    expect(await cache.getEntry('k')).toMatchObject({ state: 'stale', expiresAt: START + 60_000 });
    await advance(120_000);
    expect(await cache.wrap('k', 60, () => Promise.reject(new Error('down')))).toBe('old');
  });

  it('reads consistently', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    await cache.set('k', 'old', 60);
    calls.length = 0;
    await cache.expire('k');
    const reads = calls.filter(({ operation }) => operation === 'getVersioned');
    expect(reads.map(({ args }) => args)).toEqual([['k', { consistent: true }]]);
  });

  it('replaces what is no entry as del does', async () => {
    const store = new MemoryCacheStore();
    await store.set('k', 'text of another program', 60);
    const { cache } = setup({}, store);
    await cache.expire('k');
    expect(await store.get('k')).toBeUndefined();
  });

  it('deletes a value that cannot be written back', async () => {
    const memory = new MemoryCacheStore();
    await setup({}, memory).cache.set('k', 'old', 60);
    const tooLarge = () => Promise.reject(new CacheError('VALUE_TOO_LARGE', 'It does not fit.'));
    const { cache } = setup({}, storeLike(memory, { setIfUnchanged: tooLarge }));
    await cache.expire('k');
    expect(await cache.get('k')).toBeUndefined();
  });

  it('rejects unless the store confirms', async () => {
    const { store, state } = brokenStore();
    const told: unknown[] = [];
    const { cache, of } = setup({ onInvalidate: (what) => void told.push(what) }, store);
    await expect(cache.expire('k')).rejects.toMatchObject({ code: 'NOT_CONFIRMED', subject: 'k' });
    state.broken = false;
    expect(told).toEqual([]);
    expect(of('invalidate')).toEqual([]);
    const hung = setup({}, hangingStore()).cache.expire('k');
    const rejected = expect(hung).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await advance(5_100);
    await rejected;
  });

  it('tells onInvalidate that it was soft', async () => {
    const told: unknown[] = [];
    const { cache } = setup({ onInvalidate: (what) => void told.push(what) });
    await cache.set('k', 'old', 60);
    await cache.expire('k');
    await cache.expire('absent');
    await cache.expireTags(['red', 'blue']);
    expect(told).toEqual([
      { keys: ['k'], soft: true },
      { keys: ['absent'], soft: true },
      { tags: ['red', 'blue'], soft: true },
    ]);
  });

  it('rejects when onInvalidate does', async () => {
    const { cache } = setup({ onInvalidate: () => Promise.reject(new Error('edge')) });
    await cache.set('k', 'old', 60);
    await expect(cache.expire('k')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: expect.stringContaining('The store confirmed expire (k), but onInvalidate did not'),
    });
  });

  it('gives way to a purge on time', async () => {
    const purge = deferred<void>();
    const { cache } = setup({ onInvalidate: () => purge.promise });
    await cache.set('k', 'old', 60);
    const expiring = cache.expire('k');
    await flush();
    expect(await cache.getEntry('k')).toMatchObject({ state: 'stale' });
    purge.resolve();
    await expiring;
  });

  it('deletes a value that others replace before each of twenty writes', async () => {
    const memory = new MemoryCacheStore();
    let writes = 0;
    const setIfUnchanged = async () => {
      writes++;
      return false;
    };
    const { cache } = setup({}, storeLike(memory, { setIfUnchanged }));
    await setup({}, memory).cache.set('k', 1, 60);
    await cache.expire('k');
    expect(writes).toBe(20);
    expect(await memory.has('k')).toBe(false);
  });
});
