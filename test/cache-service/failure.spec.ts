import { type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  bareStore,
  brokenStore,
  flush,
  hangingStore,
  never,
  settledState,
  setup,
  storeLike,
  useFakeTime,
} from './helpers.js';

const POLICY = { ttl: 60, tags: ['red'], lease: true };

/** Every member throws before it returns a promise. */
const throwingStore = (): CacheStore =>
  new Proxy(new MemoryCacheStore(), {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return () => {
        throw new Error('at once');
      };
    },
  });

const fail = () => {
  throw new Error('not now');
};

describe('a store that fails', () => {
  useFakeTime();
  const stores: [string, () => CacheStore][] = [
    ['rejects', () => brokenStore().store],
    ['throws at once', throwingStore],
    ['rejects, and has no capabilities', () => bareStore(brokenStore().store)],
  ];

  it.each(stores)('%s: never fails a reader or a load', async (_name, storeOf) => {
    const { cache, of } = setup({ breaker: false }, storeOf());
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    expect(await cache.has('k')).toBe(false);
    expect(await cache.getEntry('k')).toBeUndefined();
    expect(await cache.set('k', 1, 60)).toBe(false);
    expect(await cache.setMany([{ key: 'k', value: 1 }])).toBe(false);
    expect(await cache.wrap('k', POLICY, () => 'value')).toBe('value');
    expect(await cache.wrapMany(['a', 'b'], POLICY, async () => [1, 2])).toEqual([1, 2]);
    expect(of('miss').every(({ reason }) => reason === 'unreadable')).toBe(true);
    expect(of('store-error').length).toBeGreaterThan(0);
  });

  it('answers at once, without a promise: is a store as any other', async () => {
    const base = new MemoryCacheStore();
    let answer: { value: unknown; version: string } | undefined;
    const getVersioned = (key: string) => (answer && key === 'k' ? answer : base.getVersioned(key));
    const { cache, of } = setup({}, storeLike(base, { getIfPresent: undefined, getVersioned }));
    await cache.set('k', 'value', 60);
    answer = await base.getVersioned('k');
    expect(await cache.wrap('k', 60, () => 'anew')).toBe('value');
    expect(of('store-error')).toEqual([]);
  });

  it('answers with nothing at all: never fails a reader or a load', async () => {
    const nothing = async () => undefined;
    const store = storeLike(new MemoryCacheStore(), {
      getIfPresent: undefined,
      getVersioned: nothing,
      getMany: async () => [],
    });
    const { cache, of } = setup({}, store);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    expect(await cache.wrap('k', POLICY, () => 'value')).toBe('value');
    expect(await cache.wrapMany(['a', 'b'], POLICY, async () => [1, 2])).toEqual([1, 2]);
    expect(of('fill')).toEqual([]);
  });

  it.each(stores)('%s: still passes on what the load throws', async (_name, storeOf) => {
    const { cache } = setup({}, storeOf());
    const error = new Error('origin');
    await expect(cache.wrap('k', POLICY, () => Promise.reject(error))).rejects.toBe(error);
  });

  it.each(stores)('%s: invalidations reject', async (_name, storeOf) => {
    const { cache } = setup({}, storeOf());
    const confirmed = { code: 'NOT_CONFIRMED' };
    await expect(cache.del('k')).rejects.toMatchObject(confirmed);
    await expect(cache.delMany(['a', 'b'])).rejects.toMatchObject(confirmed);
    await expect(cache.invalidateTags(['red'])).rejects.toMatchObject(confirmed);
    await expect(cache.clear()).rejects.toMatchObject(confirmed);
  });

  it.each<[string, () => unknown]>([
    ['an object without a prototype', () => Object.create(null)],
    ['a message that is no text', () => ({ message: Object.create(null) })],
    [
      'a proxy that throws',
      () => new Proxy(new Error('hidden'), { get: fail, getPrototypeOf: fail }),
    ],
    ['a symbol', () => Symbol('thrown')],
    ['nothing', () => undefined],
  ])('with %s: fails as with an error', async (_, thrown) => {
    const rejects = () => Promise.reject(thrown());
    const store = { ...bareStore(), get: rejects, set: rejects, del: rejects };
    const { cache, of } = setup({ breaker: false }, store);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.set('k', 1)).toBe(false);
    expect(await cache.wrap('k', 60, () => 'loaded')).toBe('loaded');
    for (const calling of [cache.del('k'), cache.invalidateTags(['t'])])
      await expect(calling).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await expect(cache.check()).rejects.toMatchObject({ name: 'CacheError', code: 'STORE_FAILED' });
    expect(of('store-error').length).toBeGreaterThan(3);
    for (const { error } of of('store-error')) expect(() => String(error)).not.toThrow();
  });

  it('at the fill only: the value reaches the caller, and the failure is an event', async () => {
    const base = new MemoryCacheStore();
    const down = () => Promise.reject(new Error('read-only'));
    const { cache, of } = setup({}, storeLike(base, { setIfUnchanged: down }));
    expect(await cache.wrap('k', 60, () => 'value')).toBe('value');
    expect(of('store-error')).toMatchObject([{ operation: 'fill', key: 'k' }]);
    expect(of('fill')).toEqual([]);
  });

  it('at the read only: nothing is filled that could not be compared', async () => {
    const base = new MemoryCacheStore();
    const getVersioned = (key: string) =>
      key === 'k' ? Promise.reject(new Error('down')) : base.getVersioned(key);
    const { cache, of } = setup({}, storeLike(base, { getVersioned }));
    expect(await cache.wrap('k', 60, () => 'value')).toBe('value');
    expect(of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'unread' }]);
    expect(await base.has('k')).toBe(false);
  });

  it('because of the value says nothing of its health', async () => {
    const { cache, of } = setup();
    for (let i = 0; i < 10; i++) expect(await cache.set('k', 5n, 60)).toBe(false);
    expect(of('breaker')).toEqual([]);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(await cache.wrap('cycle', 60, () => cycle)).toBe(cycle);
    expect(await cache.wrap('bigint', 60, () => 5n)).toBe(5n);
  });

  it('shares one load all the same', async () => {
    const { cache } = setup({}, brokenStore().store);
    const load = vi.fn(async () => 'value');
    await Promise.all(Array.from({ length: 15 }, () => cache.wrap('k', 60, load)));
    expect(load).toHaveBeenCalledOnce();
  });
});

describe('a store that hangs', () => {
  useFakeTime();

  it('costs a caller its budget, and then the load alone', async () => {
    const { cache, of } = setup({}, hangingStore());
    const wrapped = cache.wrap('k', POLICY, () => 'value');
    await advance(2_400);
    expect(await settledState(wrapped)).toBe('pending');
    await advance(200);
    expect(await settledState(wrapped)).toBe('settled');
    expect(await wrapped).toBe('value');
    expect(of('store-error')[0]?.error).toMatchObject({ code: 'TIMEOUT' });
  });

  it('opens the breaker after five failures; then nobody waits', async () => {
    const { cache, of } = setup({}, hangingStore());
    let waits = 0;
    while (of('breaker').length === 0 && waits < 10) {
      const reading = cache.get('k');
      waits++;
      await advance(2_600);
      expect(await reading).toBeUndefined();
    }
    expect(of('store-error')).toHaveLength(waits === 3 ? 6 : 5);
    expect(of('breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
    const quick = cache.wrap('k', POLICY, () => 'value');
    expect(await settledState(quick)).toBe('settled');
    expect(await quick).toBe('value');
  });

  it('hangs in its writes only: the caller still gets the value', async () => {
    const base = new MemoryCacheStore();
    const { cache } = setup({}, storeLike(base, { setIfUnchanged: () => never() }));
    const wrapped = cache.wrap('k', 60, () => 'value');
    await advance(2_600);
    expect(await settledState(wrapped)).toBe('settled');
    expect(await wrapped).toBe('value');
  });

  it('does not mistake a frozen hour for a hang', async () => {
    const base = new MemoryCacheStore();
    let answer: () => void = () => {};
    const getVersioned = async (key: string) => {
      if (key === 'k') await new Promise<void>((resolve) => (answer = resolve));
      return base.getVersioned(key);
    };
    const { cache, of } = setup({}, storeLike(base, { getVersioned }));
    const wrapped = cache.wrap('k', 60, () => 'value');
    await advance(100);
    vi.setSystemTime(Date.now() + 3_600_000);
    await advance(50);
    answer();
    expect(await wrapped).toBe('value');
    expect(of('store-error')).toEqual([]);
  });
});

describe('the breaker', () => {
  useFakeTime();

  async function opened(base?: CacheStore) {
    const { store, state } = brokenStore(base);
    const made = setup({ breaker: { failures: 5, cooldown: '5s' } }, store);
    for (let i = 0; made.of('breaker').length === 0 && i < 10; i++) await made.cache.get('k');
    expect(made.of('breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
    state.calls = 0;
    return { ...made, state };
  }

  it('skips the store while it is open', async () => {
    const { cache, state, of } = await opened();
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.wrap('k', POLICY, () => 'value')).toBe('value');
    expect(await cache.set('k', 1, 60)).toBe(false);
    expect(state.calls).toBe(0);
    expect(of('miss').at(-1)).toMatchObject({ reason: 'unreadable' });
  });

  it('lets one probe through after the cooldown', async () => {
    const { cache, state } = await opened();
    await advance(4_999);
    await cache.get('k');
    expect(state.calls).toBe(0);
    await advance(1);
    await Promise.all([cache.get('a'), cache.get('b'), cache.wrap('c', 60, () => 1)]);
    expect(state.calls).toBe(1);
    await cache.get('d');
    expect(state.calls).toBe(1);
  });

  it('closes when the probe works', async () => {
    const { cache, state, of } = await opened();
    state.broken = false;
    await advance(5_000);
    await cache.get('k');
    expect(of('breaker').map((event) => event.state)).toEqual(['open', 'closed']);
    await cache.wrap('k', 60, () => 'value');
    expect(await cache.get('k')).toBe('value');
  });

  it('never keeps an invalidation from trying', async () => {
    const { cache, state } = await opened();
    await expect(cache.del('k')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await expect(cache.invalidateTags(['red'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await expect(cache.clear()).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(state.calls).toBe(7);
    state.broken = false;
    await cache.del('k');
    expect(state.calls).toBe(8);
  });

  it.each([
    ['that fences', undefined],
    ['that cannot fence', bareStore()],
  ])('stays open for a store %s until that has answered', async (_which, base) => {
    const { cache, state, of } = await opened(base);
    expect(await cache.set('k', 1, 60)).toBe(false);
    expect(state.calls).toBe(0);
    await Promise.allSettled([
      cache.del('k'),
      cache.delByPattern('*'),
      cache.invalidateTags(['red']),
      cache.clear(),
    ]);
    expect(of('breaker')).toHaveLength(1);
  });

  it('is opened by operations that reject with equal texts: only one error object is one request', async () => {
    const down = () => Promise.reject('down');
    const store = storeLike(new MemoryCacheStore(), {
      ...{ get: down, getMany: down, getVersioned: down, getIfPresent: undefined },
    });
    const { cache, of } = setup({ breaker: { failures: 2, cooldown: '5s' } }, store);
    await Promise.all([cache.get('a'), cache.get('b')]);
    expect(of('breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
  });

  it('counts one error object once for operations at once, and again for each later one', async () => {
    const error = new Error('the batch is lost');
    const down = () => Promise.reject(error);
    const store = storeLike(new MemoryCacheStore(), {
      ...{ get: down, getMany: down, getVersioned: down, getIfPresent: undefined },
    });
    const { cache, of } = setup({ breaker: { failures: 2, cooldown: '5s' } }, store);
    await Promise.all([cache.get('a'), cache.get('b'), cache.get('c')]);
    expect(of('breaker')).toEqual([]);
    await cache.get('d');
    expect(of('breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
  });

  it('is opened by sets whose versions cannot be read, because nothing was written', async () => {
    const { store } = brokenStore();
    const { cache, of } = setup({ breaker: { failures: 5, cooldown: '5s' } }, store);
    for (let i = 0; i < 5; i++) expect(await cache.set('k', i)).toBe(false);
    expect(of('breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
  });

  it('is not closed by a call about nothing', async () => {
    const { cache, of } = await opened();
    await cache.delMany([]);
    expect(await cache.setMany([])).toBe(true);
    expect(of('breaker')).toHaveLength(1);
    expect(of('skip')).toEqual([]);
  });

  it('is not opened by failures with a success between them', async () => {
    const { store, state } = brokenStore();
    const { cache, of } = setup({ versionTTL: '1h' }, store);
    for (let i = 0; i < 10; i++) {
      state.broken = i % 2 === 0;
      await cache.get('k');
    }
    expect(of('breaker')).toEqual([]);
  });

  it('can be switched off', async () => {
    const { store, state } = brokenStore();
    const { cache, of } = setup({ breaker: false }, store);
    for (let i = 0; i < 20; i++) await cache.get('k');
    expect(of('breaker')).toEqual([]);
    expect(state.calls).toBe(40);
  });

  it('says why set wrote nothing', async () => {
    const { cache, events } = await opened();
    events.length = 0;
    expect(await cache.set('k', 1, 60)).toBe(false);
    expect(events.length).toBeGreaterThan(0);
  });

  it('does not make a caller wait who comes during the probe', async () => {
    const base = new MemoryCacheStore();
    const state = { mode: 'broken' };
    const store = new Proxy(base, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return () => (state.mode === 'broken' ? Promise.reject(new Error('down')) : never());
      },
    });
    const { cache, of } = setup({}, store);
    for (let i = 0; of('breaker').length === 0 && i < 10; i++) await cache.get('k');
    state.mode = 'hanging';
    await advance(5_000);
    const probe = cache.get('k');
    await flush();
    const other = cache.get('k');
    expect(await settledState(other)).toBe('settled');
    expect(await settledState(probe)).toBe('pending');
    await advance(2_600);
    expect(await settledState(probe)).toBe('settled');
  });
});
