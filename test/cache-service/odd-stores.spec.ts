import { CacheError, CacheService, createCacheKey, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  advance,
  bareStore,
  brokenStore,
  hangingStore,
  never,
  setup,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

const rejecting = (error: unknown) => () => Promise.reject(error);
const refused = (code: CacheError['code']) => new CacheError(code, `The store says ${code}.`);

describe('a call about nothing', () => {
  it('asks the store nothing', async () => {
    const { store, calls } = watched();
    const { cache, events } = setup({}, store);
    await cache.delMany([]);
    expect(await cache.setMany([])).toBe(true);
    expect(calls).toEqual([]);
    expect(events).toEqual([]);
  });
});

describe('the event of a failed call', () => {
  it('names the key, or for several their number', async () => {
    const { cache, of } = setup({ breaker: false }, brokenStore().store);
    await cache.del('a').catch(() => {});
    await cache.delMany(['a', 'b']).catch(() => {});
    expect(
      of('store-error').flatMap(({ operation, key }) => (operation === 'del' ? [key] : [])),
    ).toEqual(['a', '2 keys']);
  });
});

describe('the event of a failed write', () => {
  it('names the key, and none for several', async () => {
    const down = () => Promise.reject(new Error('full'));
    const memory = new MemoryCacheStore();
    await setup({}, memory).cache.set('k', 1);
    const store = storeLike(memory, {
      set: (key: string, value: unknown, ttl: number) =>
        key.startsWith('#') ? memory.set(key, value, ttl) : down(),
      setMany: down,
    });
    const { cache, of } = setup({}, store);
    expect(await cache.set('a', 1)).toBe(false);
    const entries = ['a', 'b'].map((key) => ({ key, value: 1 }));
    expect(await cache.setMany(entries)).toBe(false);
    expect(of('store-error')).toMatchObject([
      { operation: 'set', key: 'a' },
      { operation: 'set', key: undefined },
    ]);
  });
});

describe('delByPattern', () => {
  it('gives the number of keys, or undefined where the store does not count', async () => {
    const memory = new MemoryCacheStore();
    const { cache } = setup({}, memory);
    await cache.set('a', 1);
    expect(await cache.delByPattern('a*')).toBe(1);
    expect(await cache.delByPattern('a*')).toBe(0);
    const silent = storeLike(memory, { delByPattern: async () => undefined });
    expect(await new CacheService(silent).delByPattern('a*')).toBeUndefined();
  });
});

describe('many keys of a store with getMany', () => {
  const storeWith = async (getMany: () => Promise<unknown[]>) => {
    const memory = new MemoryCacheStore();
    const { store, calls } = watched(storeLike(bareStore(memory), { getMany }));
    const made = setup({}, store);
    await made.cache.set('a', 1);
    await made.cache.set('b', 2);
    calls.length = 0;
    return { ...made, single: () => calls.filter(({ args }) => args[0] === 'a').length };
  };

  it('are read one by one if one of them is unreadable', async () => {
    const { cache, single } = await storeWith(rejecting(refused('CORRUPT')));
    expect(await cache.getMany(['a', 'b'])).toEqual([1, 2]);
    expect(single()).toBe(1);
  });

  it.each<[string, unknown]>([
    ['another error', refused('STORE_FAILED')],
    ['an error with such a code', Object.assign(new Error('odd'), { code: 'CORRUPT' })],
  ])('are misses after %s', async (_, error) => {
    const { cache, single, of } = await storeWith(rejecting(error));
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    expect(single()).toBe(0);
    expect(of('store-error')).toHaveLength(1);
  });
});

describe('a store that throws the error of its serializer', () => {
  const failing = (cause: unknown) => {
    const store = bareStore();
    const set: typeof store.set = (key, value, ttl) =>
      key === 'k' ? Promise.reject(cause) : store.set(key, value, ttl);
    return setup({ breaker: false }, { ...store, set });
  };
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;

  it.each<[string, unknown, unknown, string]>([
    ['the value, if it has no JSON form', new TypeError('circular'), cycle, 'UNSERIALIZABLE'],
    ['the store, if the value is plain', new TypeError('no route'), { a: 1 }, 'TypeError'],
    ['what a CacheError blames', refused('TIMEOUT'), cycle, 'TIMEOUT'],
  ])('makes a failed write blame %s', async (_, cause, value, code) => {
    const { cache, of } = failing(cause);
    await cache.set('k', value);
    const errors = of('store-error').filter(({ operation }) => operation === 'set');
    const codes = errors.map(({ error }) => Object(error).code ?? Object(error).name);
    expect(codes).toEqual([code]);
  });
});

describe('expire', () => {
  it.each(['VALUE_TOO_LARGE', 'UNSERIALIZABLE'] as const)(
    'deletes a value that does not fit with one more time in it: %s',
    async (code) => {
      const memory = new MemoryCacheStore();
      await new CacheService(memory).set('k', 1);
      await new CacheService(
        storeLike(memory, { setIfUnchanged: rejecting(refused(code)) }),
      ).expire('k');
      expect(await new CacheService(memory).get('k')).toBeUndefined();
    },
  );

  it.each<[string, unknown]>([
    ['another code', refused('STORE_FAILED')],
    ['no code of ours', Object.assign(new Error('odd'), { code: 'VALUE_TOO_LARGE' })],
  ])('rejects after an error with %s, and keeps the value', async (_, error) => {
    const memory = new MemoryCacheStore();
    await new CacheService(memory).set('k', 1);
    const { cache } = setup({}, storeLike(memory, { setIfUnchanged: rejecting(error) }));
    await expect(cache.expire('k')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(await new CacheService(memory).get('k')).toBe(1);
  });

  it.each([10_000, 10_001])('deletes what the store keeps %d ms after the start', async (ms) => {
    const memory = new MemoryCacheStore();
    const written: number[] = [];
    const store = storeLike(memory, {
      getVersioned: async (key: string) => ({
        ...(await memory.getVersioned(key)),
        expiresAt: undefined,
      }),
      setIfUnchanged: (key: string, value: unknown, ttl: number, version: string) => {
        written.push(ttl);
        return memory.setIfUnchanged(key, value, ttl, version);
      },
    });
    let now = Date.now();
    const { cache, of } = setup({ clock: { now: () => now } }, store);
    await cache.set('k', 1, 10);
    now += ms;
    await cache.expire('k');
    expect(written).toEqual([]);
    expect(await memory.has('k')).toBe(false);
    expect(of('invalidate')).toMatchObject([{ key: 'k', soft: true }]);
  });

  it('of tags treats a load under way as invalidated, where the store compares no versions', async () => {
    const { cache, of } = setup({}, bareStore());
    let end: (value: unknown) => void = () => {};
    let begun: () => void = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const loading = cache.wrap('k', { ttl: 60, tags: ['red'] }, () => {
      begun();
      return new Promise((resolve) => {
        end = resolve;
      });
    });
    await hasBegun;
    await cache.expireTags(['red']);
    end('old');
    expect(await loading).toBe('old');
    expect(of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'invalidated' }]);
  });

  it('is told as what it is where tags expire', async () => {
    const { cache, of } = setup({ breaker: false }, brokenStore().store);
    await cache.expireTags(['red']).catch(() => {});
    await cache.invalidateTags(['red']).catch(() => {});
    expect(new Set(of('store-error').map(({ operation }) => operation))).toEqual(
      new Set(['expireTags', 'invalidateTags']),
    );
  });
});

describe('a schema', () => {
  it('gives what it makes of the stored value, now or later', async () => {
    const memory = new MemoryCacheStore();
    const parse = (value: unknown) => ({ value: { parsed: value } });
    for (const validate of [parse, async (value: unknown) => parse(value)]) {
      const schema = { '~standard': { version: 1 as const, vendor: 'own', validate } };
      const { cache, of } = setup({}, memory);
      await cache.set('k', 1);
      expect(await cache.get(createCacheKey('k', () => 'k', { schema })())).toEqual({ parsed: 1 });
      expect(of('corrupt')).toEqual([]);
    }
  });
});

describe('where a store does not answer', () => {
  useFakeTime();

  it('advises to try a deletion again, but not where the reason is known', async () => {
    const late = new CacheService(hangingStore(), { onEvent: () => {} }).del('k');
    const message = late.catch((error: Error) => error.message);
    await advance(60_000);
    expect(await message).toMatch(/No answer to .* Try it again\.$/);
    const denied = storeLike(new MemoryCacheStore(), { del: rejecting(refused('STORE_FAILED')) });
    const known = new CacheService(denied, { onEvent: () => {} }).del('k');
    await expect(known).rejects.toThrow(/The store says STORE_FAILED\.$/);
  });

  it('closes without a word about background work if only a write is under way', async () => {
    const memory = new MemoryCacheStore();
    const { cache, types } = setup({}, storeLike(memory, { setIfUnchanged: () => never() }));
    const loading = cache.wrap('k', 60, () => 1);
    await advance(2_500);
    expect(await loading).toBe(1);
    const closing = cache.close();
    await advance(5_000);
    await closing;
    expect(types()).not.toContain('background-unfinished');
  });
});

describe('a store that reads versions but compares none', () => {
  const store = () => storeLike(new MemoryCacheStore(), { setIfUnchanged: undefined });

  it('is filled without a condition', async () => {
    const { cache, of } = setup({}, store());
    expect(await cache.wrap('k', 60, () => 1)).toBe(1);
    expect(await cache.get('k')).toBe(1);
    expect(of('fill')).toHaveLength(1);
  });

  it.each(['expire', 'expireTags'] as const)('deletes on %s', async (how) => {
    const { cache } = setup({}, store());
    await cache.set('k', 1, { ttl: 60, tags: ['red'] });
    await (how === 'expire' ? cache.expire('k') : cache.expireTags(['red']));
    expect(await cache.get('k')).toBeUndefined();
  });
});
