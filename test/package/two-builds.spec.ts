import type { CacheStore, SyncSerializer } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { context, deferred, onLambda, turns } from '../lambda/helpers.js';

/** As where `import` finds the ES build and `require` the other: the same code twice in one process. */
async function load() {
  vi.resetModules();
  const [cache, lambda, testing] = await Promise.all([
    import('@glasswork/cache'),
    import('@glasswork/cache/lambda'),
    import('@glasswork/cache/testing'),
  ]);
  return { ...cache, ...lambda, ...testing };
}
const [one, other] = [await load(), await load()];

const VALUE = { name: 'Ada', born: new Date(0) };
const NO_FAULT = one.scriptedFaults({});
const noLoad = () => {
  throw new Error('a miss, where a hit was due');
};

describe('Of two builds in one process', () => {
  it('each has classes of its own, or this file tests nothing', () => {
    expect(one.CacheError).not.toBe(other.CacheError);
    expect(one.MemoryCacheStore).not.toBe(other.MemoryCacheStore);
  });

  describe('an error', () => {
    const error = new other.CacheError('TIMEOUT', 'too late');
    class Own extends one.CacheError {
      readonly brand = 'ours';
    }
    class Another extends one.CacheError {}

    it('is a CacheError of both', () => {
      expect(error).toBeInstanceOf(one.CacheError);
      expect(error).toBeInstanceOf(other.CacheError);
      expect(error).toBeInstanceOf(Error);
    });

    it('of a subclass is a CacheError of both, and of no other subclass', () => {
      const own = new Own('TIMEOUT', 'too late');
      expect(own).toBeInstanceOf(Own);
      expect(own).toBeInstanceOf(one.CacheError);
      expect(own).toBeInstanceOf(other.CacheError);
      expect(own).not.toBeInstanceOf(Another);
      expect(error).not.toBeInstanceOf(Own);
    });

    it.each([
      ['another error', new Error('too late')],
      ['one that only looks like it', Object.assign(new Error(), { ...error })],
      ['what JSON makes of it', JSON.parse(JSON.stringify(error))],
      ['a class', one.CacheError],
      ['the prototype', one.CacheError.prototype],
      ['text', 'CacheError'],
      ['null', null],
      ['undefined', undefined],
    ])('is not %s', (_what, value) => {
      expect(value instanceof one.CacheError).toBe(false);
      expect(value instanceof other.CacheError).toBe(false);
    });

    it('shows no mark of it', () => {
      expect(Reflect.ownKeys(error)).toEqual(Reflect.ownKeys(new one.CacheError('TIMEOUT', '')));
      expect(Object.getOwnPropertySymbols(error)).toEqual([]);
    });

    it('of a store is known to the service: a value that does not fit opens no breaker', async () => {
      const events: string[] = [];
      const cache = new one.CacheService(new other.MemoryCacheStore({ maxBytes: 10 }), {
        onEvent: ({ type }) => void events.push(type),
        breaker: { failures: 1 },
      });
      for (let i = 0; i < 3; i++) await cache.set('key', 'too long for it', 60);
      expect(events).not.toContain('breaker');
      expect(events.filter((type) => type === 'store-error')).toHaveLength(3);
    });
  });

  describe('an entry', () => {
    it.each([
      ['a store', (store: CacheStore) => store],
      [
        'one that fails on purpose',
        (store: CacheStore) => one.faultyStore(store, { plan: NO_FAULT }),
      ],
    ])('reaches the serializer of %s as the caller’s own value', async (_what, around) => {
      const seen: unknown[] = [];
      const serializer: SyncSerializer = {
        ...other.jsonSerializer,
        serialize(value, key) {
          seen.push(value);
          return other.jsonSerializer.serialize(value, key);
        },
      };
      const cache = new other.CacheService(around(new one.MemoryCacheStore({ serializer })));
      await cache.set('key', VALUE, 60);
      expect(seen).toContainEqual(VALUE);
      expect(seen.filter((value) => Object.hasOwn(Object(value), 'createdAt'))).toEqual([]);
      expect(await cache.get('key')).toEqual({ ...VALUE, born: VALUE.born.toJSON() });
    });

    it('is served from the memory of this process at once', async () => {
      const store = new other.MemoryCacheStore();
      const cache = new one.CacheService(store);
      await cache.wrap('key', 60, async () => VALUE);
      await cache.settled();
      const reads = vi.spyOn(store, 'getVersioned');
      expect(await cache.wrap('key', 60, noLoad)).toEqual({ ...VALUE, born: VALUE.born.toJSON() });
      expect(reads).not.toHaveBeenCalled();
    });

    it('is shared where a store shares', async () => {
      const cache = new one.CacheService(new other.MemoryCacheStore({ frozen: true }));
      await cache.set('key', { name: 'Ada' }, 60);
      const value = await cache.wrap('key', 60, noLoad);
      expect(Object.isFrozen(value)).toBe(true);
      expect(await cache.wrap('key', 60, noLoad)).toBe(value);
    });

    it('goes through tiers of both', async () => {
      const last = new one.MemoryCacheStore();
      const tiers = () => [new other.MemoryCacheStore({ frozen: true }), last] as const;
      const [first, second] = [tiers(), tiers()].map(
        (stores) => new one.CacheService(new other.TieredCacheStore([...stores])),
      );
      await first?.wrap('key', { ttl: 60, tags: ['tag'] }, async () => ({ name: 'Ada' }));
      await first?.settled();
      const value = await second?.wrap('key', { ttl: 60, tags: ['tag'] }, noLoad);
      expect(value).toEqual({ name: 'Ada' });
      expect(Object.isFrozen(value)).toBe(true);
      await second?.invalidateTags(['tag']);
      expect(await first?.get('key')).toBeUndefined();
    });
  });

  describe('the extension', () => {
    const lambda = onLambda();

    it('is registered once, and waits for the work of both behind one answer', async () => {
      const [after, afterOther] = [await one.afterResponse(), await other.afterResponse()];
      const parked = await lambda.server.parked();
      expect(lambda.server.registrations).toHaveLength(1);
      expect([after.mode, afterOther.mode]).toEqual(['extension', 'extension']);

      const work = deferred();
      const handler = after.handler(async (_event: unknown, _context: object) => {
        afterOther.waitUntil(work.promise);
      });
      parked.invoke('1');
      await handler({}, context('1'));
      await turns();
      expect(lambda.server.asked).toBe(1);
      work.resolve();
      await lambda.server.parked();
    });
  });
});
