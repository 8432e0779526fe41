import type { Clock } from '../model/time.js';

/** A clock in epoch milliseconds that only the test moves. */
export interface VirtualClock extends Clock {
  /** Moves the clock by `ms` milliseconds. A negative number sets it back. */
  advance(ms: number): void;
  /** Sets the clock to this time, epoch milliseconds. */
  set(ms: number): void;
}

/**
 * Makes a clock for `clock` options, so that no test waits for a TTL. It starts at `start` (epoch milliseconds), by
 * default on 1 January 2030: the same in every run, and in the future, so that a table's TTL deletes nothing.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 * import { createVirtualClock } from '@glasswork/cache/testing';
 *
 * const clock = createVirtualClock();
 * const cache = new CacheService(new MemoryCacheStore({ clock }), { clock });
 * await cache.set('greeting', 'hello', '5m');
 * clock.advance(5 * 60_000);
 * console.log(await cache.get('greeting')); // undefined
 * ```
 */
export function createVirtualClock(start: number = Date.UTC(2030, 0, 1)): VirtualClock {
  let now = start;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
    set(ms) {
      now = ms;
    },
  };
}
