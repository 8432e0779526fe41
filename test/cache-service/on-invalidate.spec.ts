import { CacheError, CacheService, type Invalidated, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  advance,
  brokenStore,
  deferred,
  flush,
  hangingStore,
  never,
  type Setup,
  settledState,
  setup,
  storeLike,
  useFakeTime,
} from './helpers.js';

type Told = Invalidated & { readonly soft: boolean };

/** A service whose `onInvalidate` notes what it is told. */
function listening(config: Parameters<typeof setup>[0] = {}, store = new MemoryCacheStore()) {
  const told: Told[] = [];
  const made: Setup = setup({ onInvalidate: (what) => void told.push(what), ...config }, store);
  return { ...made, told };
}

const rejection = async (work: Promise<unknown>): Promise<CacheError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CacheError) return error;
  throw new Error(`Expected a CacheError, got ${String(error)}`);
};

describe('onInvalidate', () => {
  useFakeTime();

  it('is told of each kind of invalidation, in the words of the caller', async () => {
    const { cache, told } = listening({ keyPrefix: 'app' });
    await cache.set('user:1', 1, { ttl: 60, tags: ['users'] });
    await cache.del('user:1');
    await cache.delMany(['a', 'b', 'a']);
    await cache.invalidateTags(['users', 'teams', 'users']);
    await cache.delByPattern('user:*');
    await cache.clear();
    expect(told).toEqual([
      { keys: ['user:1'], soft: false },
      { keys: ['a', 'b'], soft: false },
      { tags: ['users', 'teams'], soft: false },
      { pattern: 'user:*', soft: false },
      { prefix: 'app', soft: false },
    ]);
  });

  it('is told of a service without a prefix', async () => {
    const { cache, told } = listening();
    await cache.clear();
    expect(told).toEqual([{ prefix: undefined, soft: false }]);
  });

  it('is not called by writes, by reads, by a check, or for nothing', async () => {
    const { cache, told } = listening();
    await cache.set('k', 1, 60);
    await cache.setMany([{ key: 'k', value: 2 }]);
    await cache.wrap('k', { ttl: 60, forceFresh: true }, () => 3);
    await cache.delMany([]);
    await cache.invalidateTags([]);
    await cache.check();
    expect(told).toEqual([]);
  });

  it('is awaited, after the store has confirmed', async () => {
    const purge = deferred<void>();
    const seen: unknown[] = [];
    const store = new MemoryCacheStore();
    const { cache } = setup(
      {
        onInvalidate: async () => {
          seen.push(await store.get('k'));
          await purge.promise;
        },
      },
      store,
    );
    await cache.set('k', 1, 60);
    const deleting = cache.del('k');
    expect(await settledState(deleting)).toBe('pending');
    expect(seen).toEqual([undefined]);
    purge.resolve();
    expect(await settledState(deleting)).toBe('settled');
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('no route to the edge'))],
    [
      'throws',
      () => {
        throw new Error('no route to the edge');
      },
    ],
  ])(
    'makes the invalidation reject when it %s, and says what was done',
    async (_, onInvalidate) => {
      const { cache, of } = setup({ onInvalidate });
      await cache.set('k', 1, 60);
      const error = await rejection(cache.del('k'));
      expect(error).toMatchObject({ code: 'NOT_CONFIRMED', subject: 'k' });
      expect(error.message).toBe(
        'The store confirmed del (k), but onInvalidate did not: what it purges may still serve the old value. no route to the edge. Try it again.',
      );
      expect(error.cause).toMatchObject({ message: 'no route to the edge' });
      expect(await cache.get('k')).toBeUndefined();
      // The store has done its part.
      expect(of('invalidate')).toEqual([{ type: 'invalidate', key: 'k' }]);
      expect(of('store-error')).toEqual([]);
      await expect(cache.invalidateTags(['red'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      await expect(cache.delByPattern('k*')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      await expect(cache.clear()).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    },
  );

  it.each(['expireTags', 'invalidateTags'] as const)('names %s when it rejects', async (how) => {
    const { cache } = setup({ onInvalidate: () => Promise.reject(new Error('no route')) });
    await expect(cache[how](['red'])).rejects.toThrow(`The store confirmed ${how} (red), but`);
  });

  it('has the time of an invalidation, not more', async () => {
    const { cache } = setup({ onInvalidate: () => never<void>() });
    const failing = rejection(cache.del('k'));
    await advance(4_900);
    expect(await settledState(failing)).toBe('pending');
    await advance(200);
    expect(await failing).toMatchObject({
      code: 'NOT_CONFIRMED',
      cause: { code: 'TIMEOUT', message: expect.stringContaining('onInvalidate did not end') },
    });
  });

  it('shares that time with the store', async () => {
    const base = new MemoryCacheStore();
    const held = deferred();
    const store = storeLike(base, {
      async del(key: string) {
        await held.promise;
        await base.del(key);
      },
    });
    const { cache } = setup({ onInvalidate: () => never<void>() }, store);
    const failing = rejection(cache.del('k'));
    await advance(3_000);
    held.resolve(undefined);
    await advance(1_900);
    expect(await settledState(failing)).toBe('pending');
    await advance(200);
    expect(await failing).toMatchObject({ code: 'NOT_CONFIRMED' });
  });

  it('is not called when the store has confirmed nothing', async () => {
    const { store } = brokenStore();
    const told: Told[] = [];
    const { cache } = setup({ onInvalidate: (what) => void told.push(what) }, store);
    for (const failing of [
      cache.del('k'),
      cache.delMany(['a', 'b']),
      cache.invalidateTags(['red']),
      cache.delByPattern('*'),
      cache.clear(),
    ]) {
      await expect(failing).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    }
    expect(told).toEqual([]);
  });

  it('is told exactly the keys that were confirmed when others were not', async () => {
    const base = new MemoryCacheStore();
    const del = (key: string) =>
      key === 'bad' ? Promise.reject(new Error('down')) : base.del(key);
    const { cache, told, of } = listening(
      {},
      storeLike(base, { del, delMany: undefined }) as MemoryCacheStore,
    );
    const error = await rejection(cache.delMany(['bad', 'a', 'b']));
    expect(error.code).toBe('NOT_CONFIRMED');
    expect(error.message).toContain('Not confirmed: bad. Confirmed by the store: a, b.');
    expect(told).toEqual([{ keys: ['a', 'b'], soft: false }]);
    expect(of('invalidate').map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('is told the keys that were confirmed before one hung', async () => {
    const base = new MemoryCacheStore();
    const del = (key: string) => (key === 'hangs' ? never<void>() : base.del(key));
    const { cache, told } = listening(
      {},
      storeLike(base, { del, delMany: undefined }) as MemoryCacheStore,
    );
    const failing = rejection(cache.delMany(['a', 'hangs']));
    await advance(5_100);
    expect(await failing).toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(told).toEqual([{ keys: ['a'], soft: false }]);
  });

  it('is told exactly the tags that were confirmed, and both failures are in one message', async () => {
    const base = new MemoryCacheStore();
    const set = (key: string, value: unknown, ttl: number) =>
      key.endsWith(':bad') ? Promise.reject(new Error('down')) : base.set(key, value, ttl);
    const told: Told[] = [];
    const { cache } = setup(
      {
        onInvalidate: (what) => {
          told.push(what);
          throw new Error('edge');
        },
      },
      storeLike(base, { set }),
    );
    const error = await rejection(cache.invalidateTags(['a', 'bad', 'b']));
    expect(told).toEqual([{ tags: ['a', 'b'], soft: false }]);
    expect(error).toMatchObject({ code: 'NOT_CONFIRMED', subject: 'bad' });
    expect(error.message).toContain('The store did not confirm invalidateTags (bad)');
    expect(error.message).toContain('Not confirmed: bad. Confirmed by the store: a, b.');
    expect(error.message).toContain('The store confirmed invalidateTags (a, b), but onInvalidate');
  });

  it('names no more than a few of many', async () => {
    const { cache } = setup({ onInvalidate: () => Promise.reject(new Error('edge')) });
    const keys = Array.from({ length: 2_000 }, (_, i) => `key:${i}`);
    const { message } = await rejection(cache.delMany(keys));
    expect(message).toContain('key:9 and 1990 more');
    expect(message.length).toBeLessThan(1_000);
  });

  it('is not told of a key that a write under way may still overwrite', async () => {
    const base = new MemoryCacheStore();
    const writes = deferred();
    const told: Told[] = [];
    const { cache } = setup(
      { onInvalidate: (what) => void told.push(what) },
      {
        name: 'bare',
        get: (key) => base.get(key),
        async set(key, value, ttl) {
          if (key === 'k') await writes.promise;
          await base.set(key, value, ttl);
        },
        del: (key) => base.del(key),
      },
    );
    void cache.wrap('k', 60, () => 1).catch(() => {});
    await flush();
    const failing = rejection(cache.del('k'));
    await advance(5_100);
    expect(await failing).toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(told).toEqual([]);
  });

  it('is not told of a tag whose store hangs', async () => {
    const told: Told[] = [];
    const { cache } = setup({ onInvalidate: (what) => void told.push(what) }, hangingStore());
    const failing = rejection(cache.invalidateTags(['red']));
    await advance(10_200);
    expect(await failing).toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(told).toEqual([]);
  });

  it('must be a function', () => {
    const wrong = { onInvalidate: 'purge' as unknown as () => void };
    expect(() => new CacheService(new MemoryCacheStore(), wrong)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', subject: 'onInvalidate' }),
    );
  });
});
