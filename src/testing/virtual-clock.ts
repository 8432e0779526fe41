import type { Clock } from '../model/time.js';

/** A clock that stands still until the test moves it, in epoch milliseconds. */
export interface VirtualClock extends Clock {
  /** Moves on by `ms` milliseconds; a negative number is a clock that is set back. */
  advance(ms: number): void;
  /** Moves to this instant, epoch milliseconds. */
  set(ms: number): void;
}

/**
 * A clock for every `clock` option, so that no test has to wait for a TTL. It starts at `start` (epoch milliseconds),
 * by default on 1 January 2030: the same in every run, and in the future for the TTL of a table.
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
