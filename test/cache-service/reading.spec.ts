import { createCacheKey, entry, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { advance, bareStore, START, setup, storeLike, useFakeTime, watched } from './helpers.js';

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

  it('ask the store for no list of no keys', async () => {
    const { store, calls } = watched();
    expect(await setup({}, store).cache.getMany([])).toEqual([]);
    expect(calls.filter(({ operation }) => operation === 'getMany')).toEqual([]);
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

  it('take what entry() makes of a typed key, with a policy of its own', async () => {
    const { cache } = setup();
    const nameOf = createCacheKey('name', (id: number) => `name:${id}`).of<string>();
    const policy = { ttl: '1m', tags: ['names'] } as const;
    expect(await cache.setMany([entry(nameOf(1), 'Ada', policy), entry(nameOf(2), 'Bob')])).toBe(
      true,
    );
    expect(await cache.getMany([nameOf(1), nameOf(2)])).toEqual(['Ada', 'Bob']);
    await cache.invalidateTags(['names']);
    expect(await cache.getMany([nameOf(1), nameOf(2)])).toEqual([undefined, 'Bob']);
  });

  it('give times and tags, stale ones included', async () => {
    const { cache } = setup({ staleTTL: '10s' });
    await cache.set('k', 1, { ttl: '1m', tags: ['red', 'blue'] });
    const expected = {
      value: 1,
      state: 'fresh',
      createdAt: START,
      staleAt: START + 10_000,
      expiresAt: START + 60_000,
      tags: ['red', 'blue'],
    };
    expect(await cache.getEntry('k')).toEqual(expected);
    await advance(10_000);
    expect(await cache.getEntry('k')).toEqual({ ...expected, state: 'stale' });
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

  it('of a typed key with tags is one round of reads: its tags are known before its value', async () => {
    const base = new MemoryCacheStore();
    const reads: string[] = [];
    const note = (key: string) => {
      reads.push(key);
      return new Promise<never>(() => {});
    };
    const { cache } = setup(
      {},
      storeLike(base, { getIfPresent: undefined, get: note, getVersioned: note }),
    );
    const key = createCacheKey('user', () => 'user', { tags: () => ['red'] }).of<string>()();
    void cache.get(key);
    await advance(0);
    expect(reads.toSorted()).toEqual(['#prefix::', '#tag::red', 'user']);
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
