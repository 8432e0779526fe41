import { CacheService, MemoryCacheStore, structuredSerializer } from '@glasswork/cache';
import { KeyvCacheStore, keyvAdapter } from '@glasswork/cache/keyv';
import { createVirtualClock } from '@glasswork/cache/testing';
import Keyv from 'keyv';
import { describe, expect, it, vi } from 'vitest';
import { errorOf } from '../../errors.js';
import { describeConformance } from '../conformance.js';

/** Keyv compares no versions, adds nothing conditionally and lists no keys. */
const LACKS = [
  'the store has no getVersioned, the store has no setIfUnchanged',
  'the store has no getIfPresent',
  'the store has no add',
  'the store has no getVersioned, the store has no setIfUnchanged, the store has no add',
  'the store has no getVersioned, the store has no setIfUnchanged, the store has no delByPattern',
  'the store has no delByPattern',
];

describe.each<[string, () => object]>([
  ['a Keyv 5', () => new Keyv({ namespace: 'cache' })],
  [
    'a Keyv 5 with a storage that has batches',
    () => new Keyv({ store: keyvAdapter(new MemoryCacheStore()) }),
  ],
  ['a storage adapter of Keyv 5', () => new Map()],
  ['a storage adapter of Keyv 6', () => keyvAdapter(new MemoryCacheStore())],
])('on %s', (_, keyv) => {
  describeConformance(
    'a Keyv store',
    () => {
      const clock = createVirtualClock(Date.now());
      const shared = keyv();
      return {
        store: new KeyvCacheStore(shared, { clock }),
        another: new KeyvCacheStore(shared, { clock }),
        advance: clock.advance,
        exactTime: true,
        waits: true,
        withSerializer: (serializer) => new KeyvCacheStore(shared, { clock, serializer }),
      };
    },
    { lacks: LACKS },
  );
});

/** A storage whose methods misbehave as told. */
const broken = (methods: Partial<Record<'get' | 'set' | 'delete' | 'clear', () => unknown>>) => {
  const map = new Map<string, unknown>();
  return {
    opts: {},
    get: async (key: string) => map.get(key),
    set: async (key: string, value: unknown) => void map.set(key, value),
    delete: async (key: string) => map.delete(key),
    clear: async () => map.clear(),
    ...methods,
  };
};

const down = async () => {
  throw new Error('the storage is down');
};

describe('a storage with habits of its own', () => {
  it('may return null for nothing, as a value or as a row', async () => {
    const nothing = async () => null;
    for (const keyv of [
      broken({ get: nothing }),
      { ...broken({}), getRaw: nothing },
      { ...broken({}), getMany: async (keys: string[]) => keys.map(() => null) },
    ]) {
      const store = new KeyvCacheStore(keyv);
      expect([await store.get('key'), await store.has('key')]).toEqual([undefined, false]);
      expect(await store.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    }
  });

  it.each([[null], [5], [[]], [{ length: 2 }]])('may not return %j for two keys', async (rows) => {
    const store = new KeyvCacheStore({ ...broken({}), getMany: async () => rows });
    const reading = store.getMany(['a', 'b']);
    await expect(reading).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(reading).rejects.toThrow('getMany returned no list of 2');
  });

  it('gets no empty key, which Keyv 6 refuses', async () => {
    const map = new Map<string, unknown>();
    const store = new KeyvCacheStore(map);
    await store.set('', 1, 60);
    expect([...map.keys()].includes('')).toBe(false);
    expect([await store.get(''), await store.has('')]).toEqual([1, true]);
  });

  it('gets a write before the deletion that was called after it', async () => {
    const order: string[] = [];
    const keyv = broken({
      set: () => void order.push('set'),
      delete: () => void order.push('delete'),
    });
    const store = new KeyvCacheStore(keyv);
    await Promise.all([store.set('key', 1, 60), store.del('key')]);
    expect(order).toEqual(['set', 'delete']);
  });

  it.each([new Error('out of order'), 'out of order'])('may emit %o', async (emitted) => {
    let listener: (error: unknown) => void = () => {};
    const keyv = {
      ...broken({ delete: () => listener(emitted) }),
      on: (_event: string, given: typeof listener) => {
        listener = given;
      },
    };
    const failed = new KeyvCacheStore(keyv).del('key');
    if (emitted instanceof Error) await expect(failed).rejects.toBe(emitted);
    else
      await expect(failed).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/out of order/),
      });
  });
});

describe('a Keyv that fails', () => {
  const service = (keyv: object) => {
    const events: { type: string }[] = [];
    const cache = new CacheService(new KeyvCacheStore(keyv), {
      onEvent: (event) => void events.push(event),
    });
    return { cache, problems: () => events.filter((event) => 'error' in event) };
  };
  const failed = expect.objectContaining({ type: 'store-error' });

  describe.each<[string, (methods: Parameters<typeof broken>[0]) => object]>([
    ['a Keyv', (methods) => new Keyv({ store: broken(methods) })],
    ['an adapter', broken],
  ])('%s', (_, make) => {
    it('at a read is a miss and an event, and the value is loaded', async () => {
      const { cache, problems } = service(make({ get: down }));
      expect(await cache.wrap('key', 60, () => 'loaded')).toBe('loaded');
      expect(problems()).toContainEqual(failed);
      await cache.close();
    });

    it('at a write is an event, and set resolves to false', async () => {
      const { cache, problems } = service(make({ set: down }));
      expect(await cache.set('key', 1, 60)).toBe(false);
      expect(problems()).toContainEqual(failed);
      await cache.close();
    });

    it('at a write with false is an event, too', async () => {
      const { cache, problems } = service(make({ set: async () => false }));
      expect(await cache.set('key', 1, 60)).toBe(false);
      expect(problems()).toContainEqual(failed);
      await cache.close();
    });

    it('at an invalidation rejects', async () => {
      const { cache } = service(make({ delete: down }));
      await expect(cache.del('key')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      await cache.close();
    });

    it('at clear() rejects', async () => {
      const store = new KeyvCacheStore(make({ clear: down }));
      await expect(store.clear()).rejects.toThrow('down');
    });

    it.each<[string, unknown]>([
      ['a number', 5],
      ['an object', { a: 1 }],
      ['text', 'text'],
      ['a list', [1]],
      ['true', true],
      ['an empty text', ''],
      ['a record without an end', '1 s\n"x"'],
      ['a record that is cut off', '1 S 9999999999999\n[1,2'],
      ['a record of another version', '2 s 9999999999999\n"x"'],
      ['a first line alone', '1 s 9999999999999'],
      ['an entry without a value', '1 S 9999999999999\n[1,null,2,3,[[null,"1"]]] '],
      ['a record in a list', ['1 s 9999999999999\n"x"']],
    ])(
      'that returns %s gives a miss and an event, and the value is loaded',
      async (_what, rubbish) => {
        const value = make === broken ? rubbish : { value: rubbish };
        const { cache, problems } = service(make({ get: async () => value }));
        expect(await cache.wrap('key', 60, () => 'loaded')).toBe('loaded');
        expect(problems()).toContainEqual(
          expect.objectContaining({
            type: 'corrupt',
            error: expect.objectContaining({ code: 'CORRUPT' }),
          }),
        );
        await cache.close();
      },
    );

    it('that returns text no Keyv can parse gives a miss and an event', async () => {
      const { cache, problems } = service(make({ get: async () => '{"value":' }));
      expect(await cache.wrap('key', 60, () => 'loaded')).toBe('loaded');
      expect(problems()).not.toEqual([]);
      await cache.close();
    });

    it('that hangs at a read costs its time limit, and no more', async () => {
      vi.useFakeTimers();
      try {
        const { cache, problems } = service(make({ get: () => new Promise(() => {}) }));
        const value = cache.wrap('key', 60, () => 'loaded');
        await vi.advanceTimersByTimeAsync(6_000);
        expect(await value).toBe('loaded');
        expect(problems()).toContainEqual(
          expect.objectContaining({ error: expect.objectContaining({ code: 'TIMEOUT' }) }),
        );
      } finally {
        vi.useRealTimers();
      }
    });

    it('that hangs at an invalidation rejects it after its time limit', async () => {
      vi.useFakeTimers();
      try {
        const { cache } = service(make({ delete: () => new Promise(() => {}) }));
        const gone = expect(cache.del('key')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
        await vi.advanceTimersByTimeAsync(6_000);
        await gone;
      } finally {
        vi.useRealTimers();
      }
    });
  });

  it.each<[string, unknown]>([
    ['a number', 5],
    ['zero', 0],
    ['false', false],
    ['a list', [1]],
    ['an object without a value', {}],
    ['bytes', Buffer.from('x')],
    ['a record without its row', '"1 s 9999999999999\\n5"'],
  ])(
    'in that its storage returns %s in place of a row gives a miss and an event',
    async (_, row) => {
      const { cache, problems } = service(new Keyv({ store: broken({ get: async () => row }) }));
      expect(await cache.wrap('key', 60, () => 'loaded')).toBe('loaded');
      expect(problems()).toContainEqual(expect.objectContaining({ type: 'corrupt' }));
      await cache.close();
    },
  );

  it('in that its storage returns numbers in place of rows gives misses and events', async () => {
    const getMany = async (keys: string[]) => keys.map(() => '5');
    const keyv = new Keyv({ store: { ...broken({ get: async () => '5' }), getMany } });
    const { cache, problems } = service(keyv);
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    for (const key of ['a', 'b'])
      expect(problems()).toContainEqual(expect.objectContaining({ type: 'corrupt', key }));
    await cache.close();
  });

  it('at a batch fails the batch, and no value is lost', async () => {
    const storage = { ...broken({}), getMany: async () => ['only one'] };
    const store = new KeyvCacheStore(storage);
    await store.set('a', 1, 60);
    await expect(store.getMany(['a', 'b'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await store.get('a')).toBe(1);
  });

  it('passes no check', async () => {
    for (const methods of [
      { get: down },
      { set: down },
      { delete: down },
      { get: async () => 5 },
    ]) {
      const { cache } = service(new Keyv({ store: broken(methods) }));
      await expect(cache.check()).rejects.toThrow(/Check of the store "keyv"/);
      await cache.close();
    }
  });
});

describe('a Keyv store', () => {
  it('passes its check, and serves a service with tags', async () => {
    const cache = new CacheService(new KeyvCacheStore(new Keyv()), { keyPrefix: 'app' });
    await expect(cache.check()).resolves.toBeUndefined();
    const load = vi.fn(() => 'value');
    const policy = { ttl: 60, tags: ['red'] };
    await cache.wrap('key', policy, load);
    await cache.wrap('key', policy, load);
    expect(load).toHaveBeenCalledTimes(1);
    await cache.invalidateTags(['red']);
    await cache.wrap('key', policy, load);
    expect(load).toHaveBeenCalledTimes(2);
    await cache.close();
  });

  it('keeps bytes and rich types through Keyv’s own JSON', async () => {
    const store = new KeyvCacheStore(new Keyv(), { serializer: structuredSerializer });
    const value = new Map([[new Date(5), Buffer.from([0, 255])]]);
    await store.set('key', value, 60);
    expect(await store.get('key')).toEqual(value);
  });

  it('keeps text with line feeds', async () => {
    const serializer = { name: 'text', serialize: String, deserialize: String };
    const store = new KeyvCacheStore(new Keyv(), { serializer });
    await store.set('key', 'one\ntwo\n', 60);
    expect(await store.get('key')).toBe('one\ntwo\n');
  });

  it('gives a storage of version 6 an absolute time, and others a ttl, a minute longer than the value', async () => {
    const clock = createVirtualClock(1_000_000);
    const set = vi.fn(async () => true);
    await new KeyvCacheStore(
      { ...broken({ set }), capabilities: { expires: true } },
      { clock },
    ).set('a', 1, 1.5);
    await new KeyvCacheStore(broken({ set }), { clock }).set('a', 1, 1.5);
    expect(set.mock.calls.map((call) => Number(Object(call)[2]))).toEqual([1_061_500, 61_500]);
  });

  it('leaves the Keyv open, and stops listening', async () => {
    const keyv = new Keyv();
    const store = new KeyvCacheStore(keyv);
    expect(keyv.listeners('error')).toHaveLength(1);
    await store.close();
    expect(keyv.listeners('error')).toHaveLength(0);
    expect(await keyv.set('key', 1)).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['an object without methods', {}],
    ['a cache of another kind', { get() {}, set() {} }],
  ])('refuses %s', (_, keyv) => {
    const error = errorOf(() => new KeyvCacheStore(keyv as object));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject: 'keyv' });
  });
});
