import { invalid } from './errors.js';

/**
 * A span of time: a number of seconds (fractions allowed), or a string with a unit.
 *
 * @example
 * ```ts
 * import type { Duration } from '@glasswork/cache';
 *
 * const spans: Duration[] = [300, 0.25, '250ms', '30s', '5m', '2h', '7d'];
 * ```
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** A source of time in epoch milliseconds. An option of every store and service, so that no test has to sleep. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** The given clock, or the system's. @throws CacheError `INVALID_OPTION` for one without `now()`. */
export function checkedClock(clock: Clock = systemClock): Clock {
  if (typeof clock?.now === 'function') return clock;
  throw invalid('clock', clock, 'an object with now()');
}

/**
 * Milliseconds that never decrease, even if the wall clock is set back. They may stop while a sandbox is frozen. The
 * first call of `performance.now()` would load perf_hooks, which takes a twentieth of a cold start.
 */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const FORM = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)$/;

/**
 * The longest life of an entry, its stale-if-error window included. Version records (of tags and prefix) live longer,
 * so none of them expires before an entry that depends on it.
 */
export const LONGEST_LIFE_MS = 31_622_400_000;

/**
 * Converts a duration to milliseconds.
 *
 * @throws CacheError `INVALID_DURATION` if it is not a number above zero (or zero, with `zero`), or too long.
 */
export function milliseconds(duration: Duration, option: string, zero?: 'zero'): number {
  const ms = typeof duration === 'number' ? duration * MS.s : parse(duration);
  if ((ms > 0 || (zero && ms === 0)) && ms <= LONGEST_LIFE_MS) return ms;
  const least = zero ? 'zero or more' : 'more than zero';
  const give = `${least} and at most 366 days, in seconds or as '250ms', '30s', '5m' or '7d'`;
  throw invalid(option, duration, give, 'INVALID_DURATION');
}

function parse(duration: unknown): number {
  // An object may throw when it is made into text.
  const [, amount, unit] = FORM.exec(typeof duration === 'string' ? duration : '') ?? [];
  // Without a match there is no number and no unit, which gives NaN.
  return Number(amount) * MS[unit as keyof typeof MS];
}

/** The longest delay of a timer. A longer one would fire immediately. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** Runs `action` after `ms` milliseconds. Returns the function that cancels it. */
export function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, Math.min(ms, LONGEST_TIMER_MS));
  return () => clearTimeout(timer);
}

/** Like `after`, but does not keep the process alive, so it never runs in a process with nothing else to do. */
export function afterUnlessIdle(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => after(ms, resolve));

/** The outcome of the work, or that of `late` if the work has not ended after `ms` milliseconds. */
export async function withTimeout<T, L>(
  work: Promise<T>,
  ms: number,
  late: () => L | Promise<L>,
): Promise<T | L> {
  let cancel = () => {};
  const limit = new Promise<void>((resolve) => {
    cancel = after(ms, resolve);
  });
  try {
    return await Promise.race([work, limit.then(late)]);
  } finally {
    cancel();
  }
}
