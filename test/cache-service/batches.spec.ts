import { createCacheKey, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  bareStore,
  deferred,
  flush,
  nth,
  START,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

type Missing = readonly string[];
const upper = () => vi.fn(async (missing: Missing) => missing.map((key) => key.toUpperCase()));
const asked = (load: ReturnType<typeof upper>) => load.mock.calls.map(([missing]) => missing);

describe('wrapMany', () => {
  useFakeTime();

  it('loads what is missing with one call, in the order of the keys', async () => {
    const { cache } = setup();
    await cache.set('b', 'cached', 60);
    const load = upper();
    expect(await cache.wrapMany(['c', 'b', 'a'], 60, load)).toEqual(['C', 'cached', 'A']);
    expect(asked(load)).toEqual([['c', 'a']]);
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual(['A', 'cached', 'C']);
  });

  it('does not load when nothing is missing, or nothing was asked for', async () => {
    const { cache } = setup();
    const load = upper();
    expect(await cache.wrapMany([], 60, load)).toEqual([]);
    await cache.setMany([
      { key: 'a', value: 0 },
      { key: 'b', value: null },
    ]);
    expect(await cache.wrapMany(['a', 'b'], 60, load)).toEqual([0, null]);
    expect(load).not.toHaveBeenCalled();
  });

  it('loads a key once that is asked for twice, and gives each a copy', async () => {
    const { cache } = setup();
    const load = vi.fn(async (missing: Missing) => missing.map((key) => ({ key })));
    const loaded = await cache.wrapMany(['a', 'b', 'a'], 60, load);
    expect(loaded).toEqual([{ key: 'a' }, { key: 'b' }, { key: 'a' }]);
    expect(loaded[0]).not.toBe(loaded[2]);
    const hits = await cache.wrapMany(['a', 'b', 'a'], 60, load);
    expect(hits).toEqual(loaded);
    expect(hits[0]).not.toBe(hits[2]);
    expect(load.mock.calls.map(([missing]) => missing)).toEqual([['a', 'b']]);
  });

  it('takes typed keys, each with its own policy', async () => {
    const user = createCacheKey('user', (id: string) => `user:${id}`, {
      ttl: '20s',
      tags: (id) => [`user:${id}`],
    }).of<string>();
    const { cache } = setup();
    const keys = [user('1'), user('2')];
    const names = await cache.wrapMany(keys, async (missing) => missing.map((key) => key.args[0]));
    expect(names).toEqual(['1', '2']);
    expect(await cache.getEntry(user('2'))).toMatchObject({
      expiresAt: START + 20_000,
      tags: ['user:2'],
    });
    await cache.invalidateTags(['user:1']);
    expect(await cache.getMany(keys)).toEqual([undefined, '2']);
    await cache.wrapMany(keys, '5s', async (missing) => missing.map(() => 'again'));
    expect(await cache.getEntry(user('1'))).toMatchObject({ expiresAt: START + 5_000 });
  });

  it('takes __proto__ for a key like any other', async () => {
    const { cache } = setup();
    const load = upper();
    const keys = ['__proto__', 'constructor', ''];
    expect(await cache.wrapMany(keys, 60, load)).toEqual(['__PROTO__', 'CONSTRUCTOR', '']);
    expect(await cache.wrapMany(keys, 60, load)).toEqual(['__PROTO__', 'CONSTRUCTOR', '']);
    expect(load).toHaveBeenCalledOnce();
  });

  it('caches null, 0, "" and false, but not undefined', async () => {
    const { cache } = setup();
    const values = [null, 0, '', false, undefined];
    const keys = ['a', 'b', 'c', 'd', 'e'];
    expect(await cache.wrapMany(keys, 60, async () => values)).toEqual(values);
    const load = upper();
    expect(await cache.wrapMany(keys, 60, load)).toEqual([null, 0, '', false, 'E']);
    expect(asked(load)).toEqual([['e']]);
  });

  it.each([
    ['too few', () => ['A']],
    ['too many', () => ['A', 'B', 'C']],
    ['nothing', () => undefined],
    ['null', () => null],
    ['an object', () => ({ a: 'A', b: 'B' })],
    ['text of the right length', () => 'AB'],
    ['something that has a length', () => ({ length: 2 })],
  ])('rejects LOAD_FAILED when the load gives %s', async (_name, result) => {
    const { cache } = setup();
    const load = async () => result() as unknown as string[];
    await expect(cache.wrapMany(['a', 'b'], 60, load)).rejects.toMatchObject({
      code: 'LOAD_FAILED',
    });
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
  });

  it('rejects with what the load throws, at once or later', async () => {
    const { cache, of } = setup();
    const error = new Error('origin');
    const throws = () => {
      throw error;
    };
    await expect(cache.wrapMany(['a', 'b'], 60, throws)).rejects.toBe(error);
    await expect(cache.wrapMany(['a', 'b'], 60, async () => throws())).rejects.toBe(error);
    expect(of('load-error').map(({ key }) => key)).toEqual(['a', 'b', 'a', 'b']);
    expect(await cache.wrapMany(['a', 'b'], 60, upper())).toEqual(['A', 'B']);
  });

  it('joins a wrap that is running, and loads the rest', async () => {
    const { cache } = setup();
    const single = deferred<string>();
    const wrapped = cache.wrap('a', 60, () => single.promise);
    await flush();
    const load = upper();
    const batch = cache.wrapMany(['a', 'b'], 60, load);
    await flush();
    expect(asked(load)).toEqual([['b']]);
    expect(await settledState(batch)).toBe('pending');
    single.resolve('from wrap');
    expect(await Promise.all([wrapped, batch])).toEqual(['from wrap', ['from wrap', 'B']]);
  });

  it('is joined by a wrap, and by another batch', async () => {
    const { cache } = setup();
    const gate = deferred<{ n: number }[]>();
    const batch = cache.wrapMany(['a', 'b'], 60, () => gate.promise);
    await flush();
    const own = vi.fn(() => ({ n: 0 }));
    const wrapped = cache.wrap('b', 60, own);
    const other = cache.wrapMany(['b', 'a'], 60, async () => []);
    await flush();
    gate.resolve([{ n: 1 }, { n: 2 }]);
    const [values, value, again] = await Promise.all([batch, wrapped, other]);
    expect(values).toEqual([{ n: 1 }, { n: 2 }]);
    expect(value).toEqual({ n: 2 });
    expect(again).toEqual([{ n: 2 }, { n: 1 }]);
    expect(own).not.toHaveBeenCalled();
    expect(new Set([value, values[1], again[0]]).size).toBe(3);
  });

  it('serves what is stale, and refreshes it with one call', async () => {
    const { cache, of } = setup();
    const policy = { ttl: 60, staleTTL: 10 };
    await cache.wrapMany(['a', 'b', 'c'], policy, upper());
    await advance(10_000);
    await cache.set('b', 'fresh', 60);
    const load = vi.fn(async (missing: Missing) => missing.map((key) => `${key}2`));
    expect(await cache.wrapMany(['a', 'b', 'c', 'd'], policy, load)).toEqual([
      'A',
      'fresh',
      'C',
      'd2',
    ]);
    await cache.settled();
    expect(load.mock.calls.map(([missing]) => missing).toSorted()).toEqual([['a', 'c'], ['d']]);
    expect(of('refresh').map(({ key }) => key)).toEqual(['a', 'c']);
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual(['a2', 'fresh', 'c2']);
  });

  it('leaves the stale keys to the holder of their lease, and refreshes the others', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    const policy = { ttl: 60, staleTTL: 10 };
    await here.cache.wrapMany(['a', 'b'], policy, upper());
    await advance(10_000);
    const { load, runs } = slowLoad();
    await here.cache.wrap('a', policy, load);
    await flush();
    const other = upper();
    await there.cache.wrapMany(['a', 'b'], policy, other);
    await there.cache.settled();
    expect(asked(other)).toEqual([['b']]);
    nth(runs, 0).resolve('done');
    await here.cache.settled();
    expect(await there.cache.getMany(['a', 'b'])).toEqual(['done', 'B']);
  });

  it.each([true, false])(
    'keeps out the one key that was deleted meanwhile, here: %s',
    async (same) => {
      const store = new MemoryCacheStore();
      const here = setup({}, store);
      const there = same ? here : setup({}, store);
      const gate = deferred<string[]>();
      const batch = here.cache.wrapMany(['a', 'b', 'c'], 60, () => gate.promise);
      await flush();
      await there.cache.del('b');
      gate.resolve(['A', 'B', 'C']);
      expect(await batch).toEqual(['A', 'B', 'C']);
      expect(await here.cache.getMany(['a', 'b', 'c'])).toEqual(['A', undefined, 'C']);
      expect(here.of('refused')).toMatchObject([{ key: 'b' }]);
    },
  );

  it('takes setTTL, addTags and skip for all that it loads', async () => {
    const { cache } = setup();
    await cache.wrapMany(['a', 'b'], 60, async (missing, { setTTL, addTags }) => {
      setTTL('5s');
      await addTags('red');
      return missing;
    });
    expect(await cache.getEntry('b')).toMatchObject({ expiresAt: START + 5_000, tags: ['red'] });
    await cache.invalidateTags(['red']);
    await cache.wrapMany(['a', 'b'], 60, async (missing, { skip }) => {
      skip();
      return missing;
    });
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
  });

  it('loads all with forceFresh', async () => {
    const { cache } = setup();
    await cache.set('a', 'old', 60);
    const load = upper();
    expect(await cache.wrapMany(['a', 'b'], { ttl: 60, forceFresh: true }, load)).toEqual([
      'A',
      'B',
    ]);
    expect(await cache.get('a')).toBe('A');
  });

  it('gives the last good values where the load fails, and rejects where there is none', async () => {
    const { cache, of } = setup({ staleIfError: '1h' });
    await cache.wrapMany(['a', 'b'], 60, upper());
    await advance(61_000);
    const failing = () => Promise.reject(new Error('origin'));
    expect(await cache.wrapMany(['a', 'b'], 60, failing)).toEqual(['A', 'B']);
    expect(of('stale-served')).toHaveLength(2);
    await expect(cache.wrapMany(['a', 'z'], 60, failing)).rejects.toThrow('origin');
  });

  it('ends at its hardTimeout', async () => {
    const { cache } = setup();
    const batch = cache.wrapMany(
      ['a', 'b'],
      { ttl: 60, hardTimeout: '1s' },
      () => new Promise(() => {}),
    );
    const rejected = expect(batch).rejects.toMatchObject({ code: 'TIMEOUT' });
    await advance(1_000);
    await rejected;
  });

  it('needs nothing of a store but get, set and del', async () => {
    const { cache } = setup({}, bareStore());
    const load = upper();
    await cache.wrapMany(['a', 'b'], 60, load);
    expect(await cache.wrapMany(['a', 'b'], 60, load)).toEqual(['A', 'B']);
    expect(load).toHaveBeenCalledOnce();
  });

  it('needs a function', async () => {
    const { cache } = setup();
    await expect(
      cache.wrapMany(['a'], 60, undefined as unknown as () => Promise<string[]>),
    ).rejects.toMatchObject({ code: 'INVALID_OPTION', subject: 'load' });
  });
});

describe('setMany', () => {
  useFakeTime();

  it('writes the last value of a key that it names twice, though writes end in any order', async () => {
    const inner = new MemoryCacheStore();
    const delaysMs = [20, 10];
    const store = storeLike(inner, {
      setMany: undefined,
      async set(...write: Parameters<typeof inner.set>) {
        await new Promise((resolve) => setTimeout(resolve, delaysMs.shift()));
        await inner.set(...write);
      },
    });
    const { cache } = setup({}, store);
    const writing = cache.setMany(['first', 'last'].map((value) => ({ key: 'a', value })));
    await advance(20);
    expect(await writing).toBe(true);
    expect(await cache.get('a')).toBe('last');
  });
});
