import { type CacheConfig, type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { noteUnhandled } from '../unhandled.js';
import { heldWrites } from './held-writes.js';
import {
  advance,
  bareStore,
  deferred,
  flush,
  nth,
  START,
  SWR,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

/** A service whose writes wait for the test, with a `waitUntil` that notes its promises. */
function behind(config: CacheConfig = {}, base?: CacheStore) {
  const waited: Promise<unknown>[] = [];
  const { store, held } = heldWrites(base);
  const waitUntil = (promise: Promise<unknown>) => void waited.push(promise);
  return { ...setup({ waitUntil, ...config }, store), held, waited };
}

describe('a fill in the background', () => {
  useFakeTime();

  it('lets the caller have its value before the write has landed', async () => {
    const { cache, held, waited, types } = behind();
    expect(await cache.wrap('k', 60, () => 'value')).toBe('value');
    expect(types()).toEqual(['miss', 'load']);
    expect(waited).toHaveLength(1);
    expect(await settledState(nth(waited, 0))).toBe('pending');
    expect([await cache.get('k'), await cache.has('k'), await cache.getEntry('k')]).toEqual([
      undefined,
      false,
      undefined,
    ]);
    nth(held, 0).land();
    await nth(waited, 0);
    expect(types().slice(-1)).toEqual(['fill']);
    expect(await cache.get('k')).toBe('value');
  });

  it.each<[string, CacheConfig, 'pending' | 'settled']>([
    ['without a waitUntil', { waitUntil: undefined }, 'pending'],
    ['that is switched off', { backgroundFill: false }, 'pending'],
    ['that is switched on', { waitUntil: undefined, backgroundFill: true }, 'settled'],
    ['with a waitUntil', {}, 'settled'],
  ])('%s', async (_how, config, state) => {
    const { cache, held } = behind(config);
    const wrapped = cache.wrap('k', 60, () => 'value');
    expect(await settledState(wrapped)).toBe(state);
    nth(held, 0).land();
    expect(await wrapped).toBe('value');
    await flush();
    expect(await cache.get('k')).toBe('value');
  });

  it('is awaited for every key of a batch without a waitUntil', async () => {
    const { cache, held } = behind({ waitUntil: undefined });
    const wrapped = cache.wrapMany(['a', 'b'], 60, async () => [1, 2]);
    await flush();
    nth(held, 0).land();
    expect(await settledState(wrapped)).toBe('pending');
    nth(held, 1).land();
    expect(await wrapped).toEqual([1, 2]);
  });

  it('goes to the waitUntil of the call before that of the configuration', async () => {
    const { cache, waited } = behind();
    const called = vi.fn();
    await cache.wrap('k', { ttl: 60, waitUntil: called }, () => 1);
    expect([waited.length, called.mock.calls.length]).toEqual([0, 1]);
    const without = behind({ waitUntil: undefined });
    await without.cache.wrap('k', { ttl: 60, waitUntil: called }, () => 1);
    expect(called).toHaveBeenCalledTimes(2);
  });

  it('is awaited where waitUntil throws', async () => {
    const waitUntil = () => {
      throw new Error('too late');
    };
    const { cache, held, types } = behind({ waitUntil });
    const wrapped = cache.wrap('k', 60, () => 'value');
    expect(await settledState(wrapped)).toBe('pending');
    nth(held, 0).land();
    expect(await wrapped).toBe('value');
    expect(types()).toEqual(['miss', 'load', 'background-error', 'fill']);
  });

  it('is awaited for a forced load, because an older value could be read until then', async () => {
    const { cache, held } = behind();
    await cache.wrap('k', 60, () => 'old');
    nth(held, 0).land();
    await flush();
    const forced = cache.wrap('k', { ttl: 60, forceFresh: true }, () => 'new');
    expect(await settledState(forced)).toBe('pending');
    nth(held, 1).land();
    expect(await forced).toBe('new');
    expect(await cache.wrap('k', 60, () => 'never')).toBe('new');
  });

  it('is not started, and waitUntil not called, for a value that is not cached', async () => {
    const { cache, held, waited } = behind();
    await cache.wrap('a', 60, () => undefined);
    await cache.wrap('b', 60, ({ skip }) => {
      skip();
      return 1;
    });
    await cache.wrap('c', 60, ({ setTTL }) => {
      setTTL(0);
      return 1;
    });
    const load = deferred();
    const wrapped = cache.wrap('d', 60, () => load.promise);
    await flush();
    await cache.del('d');
    load.resolve(1);
    expect(await wrapped).toBe(1);
    expect([held.length, waited.length]).toEqual([0, 0]);
  });

  it('was created when its load ended, whenever its write begins', async () => {
    const tags = deferred();
    const memory = new MemoryCacheStore();
    const base = storeLike(memory, {
      getVersioned: async (key: string) => {
        if (key.startsWith('#tag')) await tags.promise;
        return memory.getVersioned(key);
      },
    });
    const { cache, held } = behind({}, base);
    const wrapped = cache.wrap('k', 60, ({ addTags }) => {
      void addTags('red');
      return 'value';
    });
    await advance(1_000);
    tags.resolve(undefined);
    await wrapped;
    nth(held, 0).land();
    await flush();
    expect(await cache.getEntry('k')).toMatchObject({
      createdAt: START,
      expiresAt: START + 60_000,
      tags: ['red'],
    });
  });

  it('keeps its lease until the write has ended', async () => {
    const { cache, store, held } = behind();
    const policy = { ttl: 60, lease: { ttl: '10s', wait: '20s' } } as const;
    expect(await cache.wrap('k', policy, () => 'value')).toBe('value');
    const elsewhere = setup({}, store);
    const other = slowLoad();
    const wrapped = elsewhere.cache.wrap('k', policy, other.load);
    await advance(1_000);
    expect([other.runs.length, elsewhere.types()]).toEqual([0, ['miss', 'lease']]);
    nth(held, 0).land();
    await advance(1_000);
    expect(await wrapped).toBe('value');
  });

  it('that fails frees its lease, harms nobody, and is tried again by the next caller', async () => {
    const expectNoneUnhandled = noteUnhandled();
    const { cache, store, held, waited, types } = behind();
    const policy = { ttl: 60, lease: { ttl: '10s', wait: '20s' } } as const;
    expect(await cache.wrap('k', policy, () => 'value')).toBe('value');
    nth(held, 0).fail();
    await nth(waited, 0);
    expect(types()).toEqual(['miss', 'lease', 'load', 'store-error']);
    const elsewhere = setup({}, store);
    const wrapped = elsewhere.cache.wrap('k', policy, () => 'again');
    await flush();
    nth(held, 1).land();
    expect(await wrapped).toBe('again');
    await expectNoneUnhandled();
  });

  it('that never ends is given up after the time that the store has', async () => {
    const { cache, waited, of } = behind();
    await cache.wrap('k', 60, () => 'value');
    await advance(2_500);
    await nth(waited, 0);
    expect(of('store-error')).toMatchObject([{ operation: 'fill', error: { code: 'TIMEOUT' } }]);
    const { load, runs } = slowLoad();
    void cache.wrap('k', 60, load);
    await flush();
    expect(runs).toHaveLength(1);
  });

  const invalidations: [string, (made: ReturnType<typeof behind>) => Promise<unknown>][] = [
    ['del', ({ cache }) => cache.del('k')],
    ['invalidateTags', ({ cache }) => cache.invalidateTags(['red'])],
    ['clear', ({ cache }) => cache.clear()],
    ['del in another process', ({ store }) => setup({}, store).cache.del('k')],
    ['clear in another process', ({ store }) => setup({}, store).cache.clear()],
  ];
  it.each(invalidations)('loses against %s', async (_how, invalidate) => {
    const made = behind({ versionTTL: 0 });
    const policy = { ttl: 60, tags: ['red'] };
    expect(await made.cache.wrap('k', policy, () => 'old')).toBe('old');
    await invalidate(made);
    const next = made.cache.wrap('k', policy, () => 'new');
    expect(await next).toBe('new');
    for (const { land } of made.held) land();
    await flush();
    expect(await made.cache.get('k')).not.toBe('old');
    expect(made.of('join')).toEqual([]);
  });

  it('loses against set', async () => {
    const { cache, held } = behind();
    await cache.wrap('k', 60, () => 'old');
    const set = cache.set('k', 'set', 60);
    await flush();
    nth(held, 1).land();
    await set;
    nth(held, 0).land();
    await flush();
    expect(await cache.get('k')).toBe('set');
  });
});

describe('settled and close', () => {
  useFakeTime();

  it('wait for the write', async () => {
    const { cache, held, store } = behind();
    await cache.wrap('k', 60, () => 'value');
    const settled = cache.settled();
    const closed = cache.close();
    expect([await settledState(settled), await settledState(closed)]).toEqual([
      'pending',
      'pending',
    ]);
    nth(held, 0).land();
    await settled;
    await closed;
    expect(await store.get('k')).toBeDefined();
  });

  it('settled does not wait for what begins after the call', async () => {
    const { cache, held } = behind();
    await cache.wrap('a', 60, () => 1);
    const settled = cache.settled();
    await cache.wrap('b', 60, () => 1);
    nth(held, 0).land();
    await settled;
    expect(await cache.has('b')).toBe(false);
  });

  it('settled waits for a refresh and for its fill', async () => {
    const { cache, held } = behind();
    await cache.wrap('k', SWR, () => 'old');
    nth(held, 0).land();
    await advance(10_000);
    const { load, runs } = slowLoad();
    expect(await cache.wrap('k', SWR, load)).toBe('old');
    const settled = cache.settled();
    await flush();
    nth(runs, 0).resolve('new');
    expect(await settledState(settled)).toBe('pending');
    nth(held, 1).land();
    await settled;
    expect(await cache.get('k')).toBe('new');
  });

  it('settled waits for a load that softTimeout has left behind, and for its fill', async () => {
    const { cache, held, waited } = behind();
    const { load, runs } = slowLoad();
    const policy = { ttl: 60, softTimeout: '1s', staleIfError: '1h' } as const;
    await cache.wrap('soft', policy, () => 'old');
    nth(held, 0).land();
    await advance(60_000);
    waited.length = 0;
    const wrapped = cache.wrap('soft', policy, load);
    await advance(1_000);
    expect(await wrapped).toBe('old');
    const settled = cache.settled();
    nth(runs, 0).resolve('new');
    expect(await settledState(settled)).toBe('pending');
    nth(held, 1).land();
    await settled;
    expect(waited).toHaveLength(1);
    expect(await cache.get('soft')).toBe('new');
  });

  it('settled waits for what the load of a refresh has begun, however deep', async () => {
    const { cache, held } = behind();
    await cache.wrap('outer', SWR, () => 'old');
    nth(held, 0).land();
    await advance(10_000);
    const load = () => cache.wrap('middle', 60, () => cache.wrap('inner', 60, () => 'new'));
    expect(await cache.wrap('outer', SWR, load)).toBe('old');
    const settled = cache.settled();
    await flush();
    expect(held.map(({ key }) => key)).toEqual(['outer', 'inner', 'middle', 'outer']);
    nth(held, 2).land();
    nth(held, 3).land();
    expect(await settledState(settled)).toBe('pending');
    nth(held, 1).land();
    await settled;
    expect(await cache.getMany(['outer', 'middle', 'inner'])).toEqual(['new', 'new', 'new']);
  });
});

describe('a refresh', () => {
  useFakeTime();

  it('gives waitUntil one promise, which settles when its fill has landed', async () => {
    const { cache, held, waited } = behind();
    await cache.wrap('k', SWR, () => 'old');
    nth(held, 0).land();
    await advance(10_000);
    waited.length = 0;
    expect(await cache.wrap('k', SWR, () => 'new')).toBe('old');
    await flush();
    expect(waited).toHaveLength(1);
    expect(await settledState(nth(waited, 0))).toBe('pending');
    nth(held, 1).land();
    await nth(waited, 0);
    expect(await cache.get('k')).toBe('new');
  });

  it('is not started again while its fill is on its way', async () => {
    const { cache, held, of } = behind({}, bareStore());
    await cache.wrap('k', SWR, () => 'old');
    nth(held, 0).land();
    await advance(10_000);
    await cache.wrap('k', SWR, () => 'new');
    await flush();
    expect(await cache.wrap('k', SWR, () => 'newer')).toBe('old');
    await flush();
    expect(of('refresh')).toHaveLength(1);
    nth(held, 1).land();
    await flush();
    expect(await cache.get('k')).toBe('new');
  });
});

describe('wrapMany', () => {
  useFakeTime();

  it('gives its values before they are written, and waitUntil one promise', async () => {
    const { cache, held, waited } = behind();
    const load = async (keys: readonly string[]) => keys.map((key) => ({ key }));
    const values = await cache.wrapMany(['a', 'b', 'a'], 60, load);
    expect(values).toEqual([{ key: 'a' }, { key: 'b' }, { key: 'a' }]);
    expect([held.length, waited.length]).toEqual([2, 1]);
    nth(held, 0).land();
    expect(await settledState(nth(waited, 0))).toBe('pending');
    nth(held, 1).land();
    await nth(waited, 0);
    expect(await cache.getMany(['a', 'b'])).toEqual([{ key: 'a' }, { key: 'b' }]);
  });

  it('lets callers join one of its keys until that key is written', async () => {
    const { cache, held } = behind();
    await cache.wrapMany(['a', 'b'], 60, async (keys) => keys.map((key) => ({ key })));
    nth(held, 0).land();
    await flush();
    const load = vi.fn();
    expect(await cache.wrapMany(['a', 'b'], 60, load)).toEqual([{ key: 'a' }, { key: 'b' }]);
    expect(load).not.toHaveBeenCalled();
    nth(held, 1).land();
  });
});
