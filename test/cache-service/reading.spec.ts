import {
  CacheError,
  createCacheKey,
  jsonSerializer,
  MemoryCacheStore,
  type Serializer,
} from '@glasswork/cache';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { advance, bareStore, START, setup, storeLike, useFakeTime } from './helpers.js';

const VALUES = [0, '', false, null, 'text', 1.5, [], {}, { list: [null] }];

describe('get and set', () => {
  useFakeTime();

  it.each(VALUES)('keep %j as a value', async (value) => {
    const { cache } = setup();
    expect(await cache.set('k', value, 60)).toBe(true);
    expect(await cache.get('k')).toEqual(value);
    expect(await cache.has('k')).toBe(true);
    expect(await cache.getMany(['k', 'other'])).toEqual([value, undefined]);
    expect(await cache.getEntry('k')).toMatchObject({ value });
  });

  it('never keep undefined', async () => {
    const { cache, of } = setup();
    expect(await cache.set('k', undefined, 60)).toBe(false);
    expect(await cache.has('k')).toBe(false);
    expect(of('store-error')).toMatchObject([{ operation: 'set', key: 'k' }]);
  });

  it('keep the old value when the new one cannot be written', async () => {
    const { cache } = setup();
    await cache.set('k', 'old', 60);
    expect(await cache.set('k', () => {}, 60)).toBe(false);
    expect(await cache.set('k', 5n, 60)).toBe(false);
    expect(await cache.get('k')).toBe('old');
  });

  it.each(['', '__proto__', 'constructor', '#tag::red', '#', '*', 'a:b', 'ключ', '\u0000'])(
    'take the key %j',
    async (key) => {
      const { cache } = setup();
      expect(await cache.get(key)).toBeUndefined();
      await cache.set(key, `of ${key}`, 60);
      expect(await cache.get(key)).toBe(`of ${key}`);
      await cache.del(key);
      expect(await cache.get(key)).toBeUndefined();
    },
  );

  it('live to the millisecond', async () => {
    const { cache } = setup();
    await cache.set('k', 1, '250ms');
    await advance(249);
    expect(await cache.get('k')).toBe(1);
    await advance(1);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.has('k')).toBe(false);
    expect(await cache.getEntry('k')).toBeUndefined();
  });

  it('live for 30 days, tagged or not', async () => {
    const { cache } = setup();
    await cache.set('k', 1, '30d');
    await cache.set('tagged', 2, { ttl: 30 * 86_400, tags: ['red'] });
    vi.setSystemTime(START + 30 * 86_400_000 - 1);
    expect(await cache.getMany(['k', 'tagged'])).toEqual([1, 2]);
    vi.setSystemTime(START + 30 * 86_400_000);
    expect(await cache.getMany(['k', 'tagged'])).toEqual([undefined, undefined]);
  });

  it('live for as long as may be, and the tag for longer', async () => {
    const { cache } = setup();
    await cache.set('k', 1, { ttl: '366d', tags: ['red'] });
    vi.setSystemTime(START + 366 * 86_400_000 - 1);
    expect(await cache.get('k')).toBe(1);
    await cache.invalidateTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('use the default when no ttl is given', async () => {
    const { cache } = setup({ defaultTTL: '10s' });
    await cache.set('k', 1);
    expect((await cache.getEntry('k'))?.expiresAt).toBe(START + 10_000);
    await cache.setMany([{ key: 'a', value: 1 }]);
    expect((await cache.getEntry('a'))?.expiresAt).toBe(START + 10_000);
  });

  it('give times and tags, stale ones included', async () => {
    const { cache } = setup({ staleTTL: '10s' });
    await cache.set('k', 1, { ttl: '1m', tags: ['red', 'blue'] });
    const entry = {
      value: 1,
      createdAt: START,
      staleAt: START + 10_000,
      expiresAt: START + 60_000,
      tags: ['red', 'blue'],
    };
    expect(await cache.getEntry('k')).toEqual(entry);
    await advance(10_000);
    expect(await cache.getEntry('k')).toEqual(entry);
    expect(await cache.get('k')).toBe(1);
  });

  it('take a typed key with its own ttl and tags', async () => {
    const key = createCacheKey('user', (id: string) => `user:${id}`, {
      ttl: '20s',
      tags: (id) => [`user:${id}`],
    }).of<string>()('1');
    const { cache } = setup();
    await cache.set(key, 'Ada');
    expect(await cache.getEntry(key)).toMatchObject({
      expiresAt: START + 20_000,
      tags: ['user:1'],
    });
    expect(await cache.get('user:1')).toBe('Ada');
    await cache.set(key, 'Eve', { ttl: '5s', tags: ['more'] });
    expect(await cache.getEntry(key)).toMatchObject({
      expiresAt: START + 5_000,
      tags: ['user:1', 'more'],
    });
    await cache.invalidateTags(['user:1']);
    expect(await cache.get(key)).toBeUndefined();
  });

  it('keep each prefix to itself', async () => {
    const store = new MemoryCacheStore();
    const [one, two, none] = [
      setup({ keyPrefix: 'one' }, store),
      setup({ keyPrefix: 'two' }, store),
      setup({}, store),
    ];
    await one.cache.set('k', 1, 60);
    await two.cache.set('k', 2, 60);
    await none.cache.set('k', 3, 60);
    await two.cache.del('k');
    expect(await one.cache.get('k')).toBe(1);
    expect(await two.cache.get('k')).toBeUndefined();
    expect(await none.cache.get('k')).toBe(3);
  });

  it('work on a store with nothing but get, set and del', async () => {
    const { cache } = setup({}, bareStore());
    expect(
      await cache.setMany([
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
      ]),
    ).toBe(true);
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual([1, 2, undefined]);
    await cache.delMany(['a', 'b']);
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
  });
});

describe('values', () => {
  useFakeTime();

  it('are not shared with the cache', async () => {
    const { cache } = setup();
    const value = { list: [1] };
    await cache.set('k', value, 60);
    value.list.push(2);
    const first = await cache.get<typeof value>('k');
    first?.list.push(3);
    expect(await cache.get('k')).toEqual({ list: [1] });
  });

  it('are not shared between readers of one batch', async () => {
    const { cache } = setup();
    await cache.set('k', { n: 1 }, 60);
    const [a, b] = await cache.getMany(['k', 'k']);
    expect(a).toEqual({ n: 1 });
    expect(a).not.toBe(b);
  });
});

describe('a clock that is off by five minutes', () => {
  useFakeTime();

  it.each([300_000, -300_000])('%i ms: shifts expiry, and nothing else', async (skew) => {
    const store = new MemoryCacheStore();
    const right = setup({}, store);
    const wrong = setup({ clock: { now: () => Date.now() + skew } }, store);
    await right.cache.set('long', 'right', { ttl: '10m', tags: ['red'] });
    expect(await wrong.cache.get('long')).toBe('right');
    await wrong.cache.set('other', 'wrong', { ttl: '10m', tags: ['red'] });
    expect(await right.cache.get('other')).toBe('wrong');
    await wrong.cache.invalidateTags(['red']);
    expect(await right.cache.getMany(['long', 'other'])).toEqual([undefined, undefined]);
    await right.cache.set('long', 'again', { ttl: '10m', tags: ['red'] });
    await right.cache.del('long');
    expect(await wrong.cache.get('long')).toBeUndefined();
  });

  it('never makes a value younger than nothing', async () => {
    const store = new MemoryCacheStore();
    const ahead = setup({ clock: { now: () => Date.now() + 300_000 } }, store);
    const right = setup({}, store);
    await ahead.cache.set('k', 1, '10m');
    await right.cache.get('k');
    expect(right.of('hit')).toEqual([{ type: 'hit', key: 'k', state: 'fresh', ageMs: 0 }]);
  });
});

describe('what the store holds and this cache did not write', () => {
  useFakeTime();

  it.each([[{ a: 1 }], ['text'], [[1, 2]], [null]])('%j is a miss and an event', async (record) => {
    const { cache, store, events } = setup();
    await store.set('k', record, 60);
    expect(await cache.get('k')).toBeUndefined();
    expect(events).toMatchObject([
      { type: 'corrupt', key: 'k', error: { code: 'CORRUPT', subject: 'k' } },
      { type: 'miss', key: 'k', reason: 'corrupt' },
    ]);
    expect(await cache.has('k')).toBe(false);
    expect(await cache.getEntry('k')).toBeUndefined();
    expect(await cache.wrap('k', 60, () => 'loaded')).toBe('loaded');
    expect(await cache.get('k')).toBe('loaded');
  });

  const corrupt = () =>
    Promise.reject(new CacheError('CORRUPT', 'written with another serializer'));

  it.each([
    ['a store with versions', (base: MemoryCacheStore) => base],
    ['a bare store', (base: MemoryCacheStore) => bareStore(base)],
  ])('is replaced by the next load where it cannot be decoded: %s', async (_name, storeOf) => {
    const serializer: Serializer = {
      ...jsonSerializer,
      deserialize: (raw, key) => {
        if (!String(raw).includes('old')) return jsonSerializer.deserialize(raw, key);
        throw new CacheError('CORRUPT', `"${key}" was written with another serializer`);
      },
    };
    const { cache, of } = setup({}, storeOf(new MemoryCacheStore({ serializer })));
    await cache.set('k', 'old', 60);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.wrap('k', 60, () => 'loaded')).toBe('loaded');
    expect(await cache.get('k')).toBe('loaded');
    expect(of('corrupt').length).toBeGreaterThan(0);
    expect(of('breaker')).toEqual([]);
  });

  it('does not keep the others of a batch from being read', async () => {
    const base = new MemoryCacheStore();
    const get = (key: string) => (key === 'bad' ? corrupt() : base.get(key));
    const { cache } = setup({}, storeLike(base, { get, getMany: undefined }));
    await cache.set('good', 1, 60);
    expect(await cache.getMany(['bad', 'good'])).toEqual([undefined, 1]);
  });
});

describe('a schema', () => {
  useFakeTime();
  const User = v.object({ id: v.string(), name: v.string() });
  const userKey = createCacheKey('user', () => 'user', { schema: User, ttl: 60 });
  const user = { id: '1', name: 'Ada' };

  it('lets through what matches', async () => {
    const { cache } = setup();
    await cache.set(userKey(), user);
    expect(await cache.get(userKey())).toEqual(user);
  });

  it('makes what does not match a miss and an event, and the next load mends it', async () => {
    const { cache, events } = setup();
    await cache.set('user', { id: 1 }, 60);
    events.length = 0;
    expect(await cache.get(userKey())).toBeUndefined();
    expect(events).toMatchObject([
      { type: 'corrupt', key: 'user', error: { code: 'CORRUPT', subject: 'user' } },
      { type: 'miss', key: 'user', reason: 'corrupt' },
    ]);
    expect(await cache.wrap(userKey(), () => user)).toEqual(user);
    const load = vi.fn(() => user);
    expect(await cache.wrap(userKey(), load)).toEqual(user);
    expect(load).not.toHaveBeenCalled();
  });

  it('is asked in getMany, getEntry and has', async () => {
    const { cache } = setup();
    await cache.set('user', { id: 1 }, 60);
    expect(await cache.getMany([userKey()])).toEqual([undefined]);
    expect(await cache.getEntry(userKey())).toBeUndefined();
    expect(await cache.has(userKey())).toBe(false);
  });

  it('never stands in for a failing load with a value of the old shape', async () => {
    const { cache } = setup({ staleIfError: '1h' });
    await cache.set('user', { id: 1 }, 60);
    await advance(61_000);
    const failing = () => Promise.reject(new Error('origin'));
    await expect(cache.wrap(userKey(), failing)).rejects.toThrow('origin');
  });

  it('may be asynchronous', async () => {
    const Async = v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== 'bad', 'is bad'),
    );
    const key = createCacheKey('async', () => 'async', { schema: Async, ttl: 60 });
    const { cache, of } = setup();
    await cache.set(key(), 'good');
    expect(await cache.get(key())).toBe('good');
    await cache.set(key(), 'bad');
    expect(await cache.get(key())).toBeUndefined();
    expect(of('corrupt')[0]?.error).toMatchObject({
      message: expect.stringContaining('is bad'),
    });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('schema broke');
      },
    ],
    ['rejects', () => Promise.reject(new Error('schema broke'))],
    ['returns nothing', () => undefined],
  ])('that %s makes a miss and an event', async (_how, validate) => {
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const;
    const key = createCacheKey('broken', () => 'broken', { schema, ttl: 60 });
    const { cache, events } = setup();
    await cache.set('broken', 1, 60);
    events.length = 0;
    expect(await cache.get(key())).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(['corrupt', 'miss']);
    expect(await cache.wrap(key(), () => 2)).toBe(2);
  });
});
