import { createContext, runInContext } from 'node:vm';
import {
  type CacheConfig,
  type CacheStore,
  MemoryCacheStore,
  NullCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { Decimal, superjsonSerializer } from '../serializers/foreign.js';
import { bareStore, flush, nth, setup, slowLoad, useFakeTime } from './helpers.js';

/** As the documentation shows it: what JSON throws, this store throws. */
function plainStore(): CacheStore {
  const held = new Map<string, string>();
  return {
    name: 'plain',
    async get(key) {
      const json = held.get(key);
      return json === undefined ? undefined : JSON.parse(json);
    },
    async set(key, value) {
      held.set(key, JSON.stringify(value));
    },
    async del(key) {
      held.delete(key);
    },
  };
}

function nested(levels: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level++) value = { value };
  return value;
}

function throwing(thrown: unknown): object {
  const get = () => {
    throw thrown;
  };
  return Object.defineProperty({}, 'part', { enumerable: true, get });
}

const superjsonStore = (): CacheStore => new MemoryCacheStore({ serializer: superjsonSerializer });

/** Even a test for an array throws. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const STORES: [string, () => CacheStore][] = [
  ['memory', () => new MemoryCacheStore()],
  ['memory, frozen', () => new MemoryCacheStore({ frozen: true })],
  ['a store of the user’s', plainStore],
  ['a store without capabilities', bareStore],
];

describe('a value that cannot be cached', () => {
  useFakeTime();

  const values: [string, () => unknown][] = [
    ['a function', () => () => 1],
    ['a symbol', () => Symbol('s')],
    ['an object whose toJSON gives nothing', () => ({ toJSON() {} })],
    ['an object whose toJSON gives a function', () => ({ toJSON: () => () => 1 })],
    ['an object whose toJSON gives a symbol', () => ({ toJSON: () => Symbol('s') })],
    ['a proxy that has been revoked', revoked],
    ['a Response', () => new Response('body')],
    ['an asynchronous generator', () => (async function* () {})()],
    ['a promise in an array', () => Promise.resolve(1)],
    ['a BigInt', () => ({ n: 1n })],
    ['what throws an error', () => throwing(new Error('not now'))],
    ['what throws no error', () => throwing(null)],
    ['what throws an error of the store', () => throwing({ name: 'CacheError', code: 'TIMEOUT' })],
  ];
  const cases = STORES.flatMap(([on, store]) =>
    values.map(([what, make]) => [on, what, store, make] as const),
  );
  it.each(cases)('is refused on %s: %s, and says nothing of the store', async (...given) => {
    const [, , store, make] = given;
    const { cache, of } = setup({ breaker: { failures: 1, cooldown: 60 } }, store());
    await cache.set('good', 'value', 60);
    for (let i = 0; i < 3; i++) {
      const value = make();
      // `set` would wait for nothing: a promise is a value like any other.
      expect(await cache.set('bad', value, 60)).toBe(false);
    }
    const errors = of('store-error').map(({ error }) => error);
    expect(errors).toHaveLength(3);
    for (const error of errors) expect(error).toMatchObject({ code: 'UNSERIALIZABLE' });
    expect(of('breaker')).toEqual([]);
    expect(await cache.get('good')).toBe('value');
    expect(await cache.get('bad')).toBeUndefined();
    expect(of('corrupt')).toEqual([]);
  });

  it.each(STORES)('is given to its callers all the same on %s', async (_, store) => {
    const { cache, of } = setup({ breaker: { failures: 1 } }, store());
    const { load, runs } = slowLoad<unknown>();
    const callers = [1, 2, 3].map(() => cache.wrap('k', 60, load));
    await flush();
    const values = [1, 2, 3].map(() => throwing(new Error('not now')));
    nth(runs, 0).resolve(values[0]);
    await flush();
    runs.slice(1).forEach((run, i) => {
      run.resolve(values[i + 1]);
    });
    expect(await Promise.all(callers)).toEqual(values);
    expect(of('breaker')).toEqual([]);
  });

  it.each(STORES)('because it is nested too deeply opens no breaker on %s', async (_, store) => {
    const { cache, of } = setup({ breaker: { failures: 1 } }, store());
    const deep = nested(20_000);
    const written = await cache.set('deep', deep, 60);
    for (let i = 0; i < 7; i++) {
      const read = await cache.get('deep');
      expect(read === undefined).toBe(!written);
    }
    const values = await Promise.all([1, 2].map(() => cache.wrap('k', 60, () => deep)));
    expect(values.every((value) => typeof value === 'object')).toBe(true);
    expect(of('breaker')).toEqual([]);
    expect(await cache.set('good', 1, 60)).toBe(true);
  });
});

describe('over a store that holds nothing', () => {
  useFakeTime();

  it('who joins gets a copy of the same type, or a value of its own load', async () => {
    const { cache } = setup({}, new NullCacheStore());
    const values: [unknown, number][] = [
      [{ at: new Date(5), map: new Map([[1, { a: 1n }]]) }, 1],
      [{ at: new Date(5), price: new Decimal('9.99') }, 2],
    ];
    for (const [value, loads] of values) {
      const load = vi.fn(async () => value);
      const [own, joined] = await Promise.all([1, 2].map(() => cache.wrap('k', 60, load)));
      expect(own).toBe(value);
      expect(joined).toStrictEqual(value);
      expect(load).toHaveBeenCalledTimes(loads);
    }
  });
});

describe('values of another realm, as in a test runner’s context', () => {
  useFakeTime();
  const context = createContext({});
  const make = () => runInContext('({ list: [{ n: 1 }], at: new Date(5), none: {} })', context);

  it.each(STORES)('are cached, copied and frozen as those of this one on %s', async (_, store) => {
    const { cache, of } = setup({}, store());
    const { load, runs } = slowLoad<unknown>();
    const callers = [1, 2, 3].map(() => cache.wrap('k', 60, load));
    await flush();
    nth(runs, 0).resolve(make());
    const [, ...joined] = await Promise.all(callers);
    const hit = await cache.get('k');
    expect(runs).toHaveLength(1);
    expect(hit).toMatchObject({ list: [{ n: 1 }], none: {} });
    for (const each of joined) expect(Object(each).list).toStrictEqual(Object(hit).list);
    expect(of('store-error')).toEqual([]);
  });

  it.each<[string, () => CacheStore, CacheConfig]>([
    ['in the background', superjsonStore, { waitUntil: () => {} }],
    ['into tiers', () => new TieredCacheStore([superjsonStore(), superjsonStore()]), {}],
  ])('are written %s as `set` writes them', async (_, store, config) => {
    const { cache } = setup(config, store());
    await cache.set('set', make(), 60);
    const { load, runs } = slowLoad<unknown>();
    const callers = [1, 2].map(() => cache.wrap('k', 60, load));
    await flush();
    nth(runs, 0).resolve(make());
    const [, joined] = await Promise.all(callers);
    await cache.settled();
    const set = await cache.get('set');
    expect(await cache.get('k')).toStrictEqual(set);
    expect(joined).toStrictEqual(set);
  });

  it('that are frozen are shared, whichever realm the serializer makes them in', async () => {
    const parse = runInContext('JSON.parse', context) as typeof JSON.parse;
    const serializer = {
      name: 'of another realm',
      serialize: (value: unknown) => JSON.stringify(value),
      deserialize: (raw: string | Uint8Array) => parse(String(raw)),
    };
    const { cache } = setup({}, new MemoryCacheStore({ frozen: true, serializer }));
    await cache.set('k', { list: [1] }, 60);
    const first = await cache.get<{ list: number[] }>('k');
    expect(await cache.get('k')).toBe(first);
    expect(() => first?.list.push(2)).toThrow('not extensible');
  });
});
