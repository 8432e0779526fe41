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

it.each(['wrap', 'wrapMany', 'refresh'] as const)(
  'gives no load of %s what was invalidated before it began, however closely the two replies follow',
  async (how) => {
    const wrong: number[] = [];
    for (const jobs of [...TURNS, ...TURNS.map((turn) => -turn - 1)]) {
      const memory = new MemoryCacheStore();
      const [read, deleted] = [deferred(), deferred()];
      let held = false;
      const hold = how === 'refresh' ? 'add' : 'getVersioned';
      const store = storeLike(memory, {
        getIfPresent: undefined,
        async [hold](key: string, ...rest: [unknown, number]) {
          const reply = hold === 'add' ? memory.add(key, ...rest) : memory.getVersioned(key);
          if (held && (hold === 'add' || key === 'k')) await read.promise;
          return reply;
        },
        async del(key: string) {
          if (held && key === 'k') await deleted.promise;
          await memory.del(key);
        },
      });
      const cache = new CacheService(store, { versionTTL: '1h', staleIfError: '1h', lease: true });
      const policy: WrapOptions = { ttl: '10s', ...(how === 'refresh' && { staleTTL: '1s' }) };
      await cache.wrap('k', policy, () => 'old');
      await advance(how === 'refresh' ? 1_000 : 10_000);
      held = true;
      let isDeleted = false;
      let isWrong = false;
      const deleting = cache.del('k').then(() => {
        isDeleted = true;
      });
      await advance(0);
      const load = (staleValue: unknown) => {
        if (isDeleted && staleValue !== undefined) isWrong = true;
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
      const [reply, confirm] = [() => read.resolve(undefined), () => deleted.resolve(undefined)];
      if (jobs >= 0) await replies(reply, jobs, confirm);
      else await replies(confirm, -jobs, reply);
      await Promise.all([work, deleting]);
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
