import { CacheService, MemoryCacheStore, type WrapOptions } from '@glasswork/cache';
import { expect, it, vi } from 'vitest';
import { InFlightTracker } from '../../src/engine/inflight/in-flight.js';
import { advance, deferred, storeLike, useFakeTime } from './helpers.js';

useFakeTime();

const TURNS = Array.from({ length: 40 }, (_, i) => i);

/** Replies of one packet: that of the read, and so many promise jobs later that of the invalidation, or the other way. */
async function replies(first: () => void, jobs: number, second: () => void): Promise<void> {
  first();
  for (let job = 0; job < jobs; job++) await Promise.resolve();
  second();
}

/** Each way to invalidate the one key, and the operation of the store that confirms it. */
const INVALIDATIONS = {
  del: { operation: 'del', invalidate: (cache: CacheService) => cache.del('k') },
  tag: { operation: 'set', invalidate: (cache: CacheService) => cache.invalidateTags(['red']) },
  pattern: {
    operation: 'delByPattern',
    invalidate: (cache: CacheService) => cache.delByPattern('*'),
  },
  clear: { operation: 'set', invalidate: (cache: CacheService) => cache.clear() },
} as const;

it.each(
  (['wrap', 'wrapMany', 'refresh'] as const).flatMap((how) =>
    (['del', 'tag', 'pattern', 'clear'] as const).map((by) => [how, by] as const),
  ),
)(
  'gives no load of %s what was invalidated by %s before it began, however closely the two replies follow',
  async (how, by) => {
    const { operation, invalidate } = INVALIDATIONS[by];
    const wrong: number[] = [];
    for (const jobs of [...TURNS, ...TURNS.map((turn) => -turn - 1)]) {
      const memory = new MemoryCacheStore();
      const [read, confirmed] = [deferred(), deferred()];
      let held = false;
      const hold = how === 'refresh' ? 'add' : 'getVersioned';
      const store = storeLike(memory, {
        getIfPresent: undefined,
        async [hold](key: string, ...rest: [unknown, number]) {
          const reply = hold === 'add' ? memory.add(key, ...rest) : memory.getVersioned(key);
          if (held && (hold === 'add' || key === 'k')) await read.promise;
          return reply;
        },
        async [operation](key: string, ...rest: [unknown, number]) {
          if (held) await confirmed.promise;
          return memory[operation](key, ...rest);
        },
      });
      const cache = new CacheService(store, { versionTTL: '1h', staleIfError: '1h', lease: true });
      const policy: WrapOptions = {
        ttl: '10s',
        tags: ['red'],
        ...(how === 'refresh' && { staleTTL: '1s' }),
      };
      await cache.wrap('k', policy, () => 'old');
      await advance(how === 'refresh' ? 1_000 : 10_000);
      held = true;
      let isInvalidated = false;
      let isWrong = false;
      const invalidating = invalidate(cache).then(() => {
        isInvalidated = true;
      });
      await advance(0);
      const load = (staleValue: unknown) => {
        if (isInvalidated && staleValue !== undefined) isWrong = true;
        return 'new';
      };
      const work =
        how === 'wrapMany'
          ? cache.wrapMany(['k'], { ...policy, lease: false }, async (_keys, context) => [
              load(context.staleValue),
            ])
          : cache.wrap('k', { ...policy, ...(how === 'wrap' && { lease: false }) }, (context) =>
              load(context.staleValue),
            );
      await advance(0);
      const [reply, confirm] = [() => read.resolve(undefined), () => confirmed.resolve(undefined)];
      if (jobs >= 0) await replies(reply, jobs, confirm);
      else await replies(confirm, -jobs, reply);
      await Promise.all([work, invalidating]);
      await cache.settled();
      if (isWrong) wrong.push(jobs);
    }
    expect(wrong).toEqual([]);
  },
);

it.each(['a hit', 'a miss', 'a batch'])(
  'watches no read any more when that has ended: %s',
  async (how) => {
    const watch = vi.spyOn(InFlightTracker.prototype, 'watch');
    const cache = new CacheService(storeLike(new MemoryCacheStore(), { getIfPresent: undefined }));
    if (how === 'a hit') await cache.set('k', 1, 60);
    if (how === 'a batch') await cache.wrapMany(['k'], 60, async () => [1]);
    else await cache.wrap('k', 60, () => 1);
    await cache.del('k');
    expect(watch.mock.results.map(({ value }) => value.isInvalidated([]))).toEqual([false]);
    watch.mockRestore();
  },
);
