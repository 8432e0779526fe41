import { type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  advance,
  bareStore,
  brokenStore,
  deferred,
  flush,
  heldReads,
  nth,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

const RED = { ttl: 60, tags: ['red'] };
const TAG = '#tag::red';
const GENERATION = '#tags::';

/** Evicting, and one where absence is proof. */
const STORES: readonly (readonly [name: string, make: () => CacheStore])[] = [
  ['an evicting store', () => new MemoryCacheStore()],
  ['a durable store', () => storeLike(new MemoryCacheStore(), { durable: true })],
];

describe.each(STORES)('expireTags on %s', (_name, make) => {
  useFakeTime();

  it('makes every value with the tag stale, and others not', async () => {
    const { cache, of } = setup({}, make());
    await cache.wrap('a', RED, () => 'old a');
    await cache.wrap('b', { ttl: 60, tags: ['blue', 'red'] }, () => 'old b');
    await cache.wrap('c', { ttl: 60, tags: ['blue'] }, () => 'c');
    await cache.expireTags(['red']);
    expect((await cache.getEntry('a'))?.state).toBe('stale');
    expect((await cache.getEntry('b'))?.state).toBe('stale');
    expect((await cache.getEntry('c'))?.state).toBe('fresh');
    expect(await cache.getMany(['a', 'b'])).toEqual(['old a', 'old b']);
    expect(await cache.wrap('a', RED, () => 'new a')).toBe('old a');
    await cache.settled();
    expect(await cache.getEntry('a')).toMatchObject({ value: 'new a', state: 'fresh' });
    expect(of('invalidate')).toEqual([{ type: 'invalidate', tag: 'red', soft: true }]);
  });

  it('refreshes once, also by readers that do not name the tag', async () => {
    const { cache } = setup({}, make());
    let loads = 0;
    const load = () => ++loads;
    await cache.wrap('k', RED, load);
    await cache.expireTags(['red']);
    for (let i = 0; i < 5; i++) {
      await cache.wrap('k', RED, load);
      await cache.settled();
      expect((await cache.getEntry('k'))?.state).toBe('fresh');
    }
    expect(loads).toBe(2);
  });

  it('can be repeated, and a hard invalidation ends the line', async () => {
    const { cache } = setup({}, make());
    await cache.wrap('k', RED, () => 'old');
    await cache.expireTags(['red']);
    await cache.expireTags(['red']);
    expect(await cache.getEntry('k')).toMatchObject({ value: 'old', state: 'stale' });
    await cache.invalidateTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
    await cache.wrap('k', RED, () => 'new');
    await cache.expireTags(['red']);
    expect(await cache.getEntry('k')).toMatchObject({ value: 'new', state: 'stale' });
  });

  it('lets a load that began before write a value that arrives stale', async () => {
    const { cache, of } = setup({}, make());
    await cache.wrap('other', RED, () => 1);
    const { load, runs } = slowLoad<string>();
    const loading = cache.wrap('k', RED, load);
    await flush();
    await cache.expireTags(['red']);
    nth(runs, 0).resolve('old');
    expect(await loading).toBe('old');
    expect(await cache.getEntry('k')).toMatchObject({ value: 'old', state: 'stale' });
    expect(of('refused')).toEqual([]);
  });

  it('keeps callers from joining a load that began before', async () => {
    const { cache, of } = setup({}, make());
    const { load, runs } = slowLoad<string>();
    const first = cache.wrap('k', RED, load);
    await flush();
    await cache.expireTags(['red']);
    const second = cache.wrap('k', RED, load);
    await flush();
    expect(runs).toHaveLength(2);
    nth(runs, 1).resolve('new');
    expect(await second).toBe('new');
    nth(runs, 0).resolve('old');
    expect(await first).toBe('old');
    expect(await cache.getEntry('k')).toMatchObject({ value: 'new', state: 'fresh' });
    expect(of('join')).toEqual([]);
  });

  it('counts in every process, and a load of another one arrives stale', async () => {
    const store = make();
    const [here, there] = [setup({}, store), setup({}, store)];
    await here.cache.wrap('k', RED, () => 'oldest');
    const { load, runs } = slowLoad<string>();
    const loading = there.cache.wrap('k', { ...RED, forceFresh: true }, load);
    await flush();
    await here.cache.expireTags(['red']);
    nth(runs, 0).resolve('old');
    await loading;
    expect(await here.cache.getEntry('k')).toMatchObject({ value: 'old', state: 'stale' });
    expect(await there.cache.getEntry('k')).toMatchObject({ value: 'old', state: 'stale' });
  });

  it('covers a tag that the load has added', async () => {
    const { cache } = setup({}, make());
    const { load, runs } = slowLoad<string>();
    const loading = cache.wrap('k', 60, async ({ addTags }) => {
      await addTags('red');
      return load();
    });
    await flush();
    await cache.expireTags(['red']);
    nth(runs, 0).resolve('old');
    await loading;
    const { state } = (await cache.getEntry('k')) ?? {};
    expect(state).toBe('stale');
  });

  it('refreshes once in the fleet', async () => {
    const store = make();
    const fleet = Array.from({ length: 5 }, () => setup({}, store));
    await nth(fleet, 0).cache.wrap('k', RED, () => 'old');
    await nth(fleet, 0).cache.expireTags(['red']);
    const { load, runs } = slowLoad<string>();
    const served = await Promise.all(fleet.map(({ cache }) => cache.wrap('k', RED, load)));
    expect(served).toEqual(Array.from({ length: 5 }, () => 'old'));
    await advance(10);
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('new');
    await Promise.all(fleet.map(({ cache }) => cache.settled()));
    expect(await nth(fleet, 4).cache.getEntry('k')).toMatchObject({ value: 'new', state: 'fresh' });
  });

  it('leaves what it has made stale to staleIfError, softTimeout and staleValue', async () => {
    const { cache } = setup({ staleIfError: '10m' }, make());
    await cache.wrap('k', RED, () => 'old');
    await cache.expireTags(['red']);
    const seen: unknown[] = [];
    const failing = ({ staleValue }: { staleValue: unknown }) => {
      seen.push(staleValue);
      return Promise.reject(new Error('down'));
    };
    expect(await cache.wrap('k', RED, failing)).toBe('old');
    await cache.settled();
    await advance(61_000);
    expect(await cache.wrap('k', RED, failing)).toBe('old');
    const { load, runs } = slowLoad<string>();
    const late = cache.wrap('k', { ...RED, softTimeout: '50ms' }, load);
    await flush();
    await cache.expireTags(['red']);
    await advance(60);
    expect(await late).toBe('old');
    nth(runs, 0).resolve('late');
    await cache.settled();
    expect(seen).toEqual(['old', 'old']);
  });

  it('does not refresh without end where versions are remembered', async () => {
    const store = make();
    const config = { tagTTL: '60s' } as const;
    const [here, there] = [setup(config, store), setup(config, store)];
    let loads = 0;
    const load = () => ++loads;
    const policy = { ttl: 3_600, tags: ['red'] };
    await here.cache.wrap('k', policy, load);
    // Both remember the version now.
    await there.cache.wrap('k', policy, load);
    await here.cache.expireTags(['red']);
    for (let i = 0; i < 20; i++) {
      await here.cache.wrap('k', policy, load);
      await here.cache.settled();
      await there.cache.wrap('k', policy, load);
      await there.cache.settled();
      await advance(1_000);
    }
    expect(loads).toBe(2);
    // The one that remembered the old version has read it again, and so it saw the new value.
    expect(await there.cache.getEntry('k')).toMatchObject({ value: 2, state: 'fresh' });
  });

  it('refreshes once where only another process remembers the old version', async () => {
    const store = make();
    const [here, there] = [setup({}, store), setup({ tagTTL: '60s' }, store)];
    let loads = 0;
    const load = () => ++loads;
    const policy = { ttl: 3_600, tags: ['red'] };
    await there.cache.wrap('k', policy, load);
    await here.cache.expireTags(['red']);
    await advance(60_000);
    for (let i = 0; i < 5; i++) {
      await there.cache.wrap('k', policy, load);
      await there.cache.settled();
    }
    expect(loads).toBe(2);
    expect((await here.cache.getEntry('k'))?.state).toBe('fresh');
  });
});

describe('the soft record of a tag', () => {
  useFakeTime();

  /** A store whose conditional writes of the tag are told to the test, which may change their outcome. */
  function intercepted(
    intercept: (write: () => Promise<boolean>, memory: MemoryCacheStore) => Promise<boolean>,
    memory = new MemoryCacheStore(),
  ) {
    return storeLike(memory, {
      setIfUnchanged: (key: string, value: unknown, ttl: number, version: string) => {
        const write = () => memory.setIfUnchanged(key, value, ttl, version);
        return key === TAG ? intercept(write, memory) : write();
      },
    });
  }

  it('is written by a consistent read and one conditional write', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    await cache.wrap('k', RED, () => 1);
    calls.length = 0;
    await cache.expireTags(['red']);
    expect(calls.map(({ operation, args }) => [operation, args[0]])).toEqual([
      ['set', GENERATION],
      ['getVersioned', TAG],
      ['setIfUnchanged', TAG],
    ]);
    expect(nth(calls, 1).args[1]).toEqual({ consistent: true });
  });

  it('is its own retry when only the reply was lost', async () => {
    let writes = 0;
    const store = intercepted(async (write) => {
      writes++;
      await write();
      throw new Error('the reply was lost');
    });
    const { cache, of } = setup({}, store);
    await cache.wrap('k', RED, () => 'old');
    await cache.expireTags(['red']);
    expect(writes).toBe(1);
    expect((await cache.getEntry('k'))?.state).toBe('stale');
    expect(of('invalidate')).toHaveLength(1);
  });

  it('never undoes a hard change that came between, also when the write arrives late', async () => {
    let late: (() => Promise<boolean>) | undefined;
    const store = intercepted(async (write) => {
      late ??= write;
      if (late === write) throw new Error('timed out, but on its way');
      return write();
    });
    const { cache } = setup({}, store);
    await cache.wrap('k', RED, () => 'old');
    await cache.expireTags(['red']);
    await cache.invalidateTags(['red']);
    expect(await late?.()).toBe(false);
    expect(await cache.get('k')).toBeUndefined();
    await cache.wrap('k', RED, () => 'new');
    expect(await late?.()).toBe(false);
    expect(await cache.getEntry('k')).toMatchObject({ value: 'new', state: 'fresh' });
  });

  it('takes the change of another after its own read for its own', async () => {
    let refusals = 0;
    const store = intercepted(async (write, memory) => {
      await memory.set(TAG, 'a hard change of another process', 60);
      refusals++;
      return write();
    });
    const { cache } = setup({}, store);
    await cache.wrap('k', RED, () => 'old');
    await cache.expireTags(['red']);
    expect(refusals).toBe(1);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('leaves a record where it may have been evicted, although its absence invalidates already', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    await cache.expireTags(['red']);
    expect(calls.map(({ operation }) => operation)).toEqual([
      'set',
      'getVersioned',
      'setIfUnchanged',
    ]);
    expect(await store.get(TAG)).toEqual(expect.any(String));
    const memory = new MemoryCacheStore();
    const evicting = setup({}, memory);
    await evicting.cache.wrap('k', RED, () => 'old');
    await memory.del(TAG);
    await evicting.cache.expireTags(['red']);
    expect(await evicting.cache.get('k')).toBeUndefined();
  });

  it('makes the value of a load stale that has created the record after its read', async () => {
    let hasCreated = false;
    const store = intercepted(async (write, memory) => {
      if (!hasCreated) {
        hasCreated = true;
        await memory.add(TAG, 'created by a load', 60);
        await loading.wrap('k', RED, () => 'old');
      }
      return write();
    });
    const { cache } = setup({}, store);
    const { cache: loading } = setup({}, store);
    await cache.expireTags(['red']);
    expect((await cache.getEntry('k'))?.state).toBe('stale');
  });

  it('rejects where the record cannot be read', async () => {
    const memory = new MemoryCacheStore();
    const unreadable = async (key: string, options?: { consistent?: boolean }) => {
      const read = await memory.getVersioned(key);
      return key === TAG && options?.consistent
        ? { value: undefined, version: read.version, error: new Error('corrupt') }
        : read;
    };
    const { cache, of } = setup({}, storeLike(memory, { getVersioned: unreadable }));
    await expect(cache.expireTags(['red'])).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      subject: 'red',
    });
    expect(of('invalidate')).toEqual([]);
  });

  it('rejects where the record is no text, and keeps it', async () => {
    const memory = new MemoryCacheStore();
    await memory.set(TAG, { not: 'ours' }, 60);
    await expect(setup({}, memory).cache.expireTags(['red'])).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      cause: { code: 'CORRUPT' },
    });
    expect(await memory.get(TAG)).toEqual({ not: 'ours' });
  });

  it('rejects with the store, and says what was and was not done', async () => {
    const { store } = brokenStore();
    await expect(setup({}, store).cache.expireTags(['red'])).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: expect.stringContaining('expireTags (red)'),
    });
    const memory = new MemoryCacheStore();
    const told: unknown[] = [];
    const partly = storeLike(memory, {
      getVersioned: (key: string) =>
        key === TAG ? Promise.reject(new Error('down')) : memory.getVersioned(key),
    });
    const { cache } = setup({ onInvalidate: (what) => void told.push(what) }, partly);
    await expect(cache.expireTags(['blue', 'red'])).rejects.toMatchObject({
      message: expect.stringContaining('Not confirmed: red. Confirmed by the store: blue.'),
    });
    expect(told).toEqual([{ tags: ['blue'], soft: true }]);
  });

  it('gives up on a store that refuses every condition', async () => {
    const store = intercepted(async () => false);
    const { cache } = setup({}, store);
    await cache.wrap('k', RED, () => 'old');
    await expect(cache.expireTags(['red'])).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      cause: { code: 'STORE_FAILED' },
    });
  });

  it.each([
    ['nothing but the least', bareStore()],
    ['no conditions', storeLike(new MemoryCacheStore(), { setIfUnchanged: undefined })],
  ])('is a hard one on a store with %s', async (_, store) => {
    const told: unknown[] = [];
    const { cache, of } = setup({ onInvalidate: (what) => void told.push(what) }, store);
    await cache.wrap('k', RED, () => 'old');
    await cache.expireTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
    expect(told).toEqual([{ tags: ['red'], soft: true }]);
    expect(of('invalidate')).toMatchObject([{ tag: 'red', soft: true }]);
  });

  it('makes a read under way stale, by tags that only its entry knows', async () => {
    const { store, holdNext } = heldReads();
    const { cache, of } = setup({}, store);
    await cache.wrap('k', RED, () => 'old');
    of('hit').length = 0;
    const release = holdNext();
    const reading = cache.wrap('k', 60, () => 'new');
    await flush();
    await cache.expireTags(['red']);
    release();
    expect(await reading).toBe('old');
    expect(of('hit')).toMatchObject([{ state: 'stale' }]);
  });

  it('gives way to a hard one of a tag whose version is being read', async () => {
    const memory = new MemoryCacheStore();
    await setup({}, memory).cache.wrap('k', RED, () => 'old');
    const reply = deferred();
    let isHeld = false;
    const store = storeLike(memory, {
      getIfPresent: undefined,
      async getVersioned(key: string) {
        const read = await memory.getVersioned(key);
        if (key === TAG && !isHeld) {
          isHeld = true;
          await reply.promise;
        }
        return read;
      },
    });
    const { cache } = setup({}, store);
    const reading = cache.wrap('k', 60, () => 'new');
    await flush();
    expect(isHeld).toBe(true);
    await cache.expireTags(['red']);
    await cache.invalidateTags(['red']);
    reply.resolve(undefined);
    expect(await reading).toBe('new');
  });

  it('does not hide a version that a store gives the look of two', async () => {
    const memory = new MemoryCacheStore();
    const odd = (version: string) => `~3:${version}`;
    const store = storeLike(memory, {
      async getVersioned(key: string) {
        const { version, ...read } = await memory.getVersioned(key);
        return { ...read, version: odd(version) };
      },
      setIfUnchanged: (key: string, value: unknown, ttl: number, version: string) =>
        memory.setIfUnchanged(key, value, ttl, version.slice(3)),
    });
    const { cache } = setup({}, store);
    await cache.wrap('k', RED, () => 'old');
    expect((await cache.getEntry('k'))?.state).toBe('fresh');
    await cache.expireTags(['red']);
    expect((await cache.getEntry('k'))?.state).toBe('stale');
    await cache.invalidateTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('is tried five times where its condition fails, and once more after a failed call', async () => {
    let writes = 0;
    const store = intercepted(async () => {
      writes++;
      return false;
    });
    await setup({}, store)
      .cache.expireTags(['red'])
      .catch(() => {});
    expect(writes).toBe(10);
  });
});
