import type { Clock } from './time.js';

/**
 * Everything that a cache does and that somebody may want to see, as one union by `type`. Logs, metrics, statistics
 * and tests all feed on it. Keys are as the caller wrote them, without the prefix.
 */
export type CacheEvent =
  /** A value was served. `ageMs`: since its load. */
  | {
      readonly type: 'hit';
      readonly key: string;
      readonly state: 'fresh' | 'stale';
      readonly ageMs: number;
    }
  | { readonly type: 'miss'; readonly key: string; readonly reason: MissReason }
  /** A caller shared a load that was running already. */
  | { readonly type: 'join'; readonly key: string }
  /**
   * A caller has waited 10 seconds for a load of `key` that another caller began. `waitingKey`: the key whose load made
   * the call, where that is known; two loads that wait for each other show up here, each with the other's key.
   */
  | {
      readonly type: 'slow-join';
      readonly key: string;
      readonly waitingKey: string | undefined;
      readonly waitedMs: number;
    }
  | { readonly type: 'load'; readonly key: string; readonly durationMs: number }
  | {
      readonly type: 'load-error';
      readonly key: string;
      readonly durationMs: number;
      readonly error: unknown;
    }
  /** A load that nobody waits for began. */
  | { readonly type: 'refresh'; readonly key: string; readonly reason: 'stale' | 'early' }
  /** The last good value stood in for a load that failed or took too long. */
  | {
      readonly type: 'stale-served';
      readonly key: string;
      readonly reason: 'error' | 'timeout';
      readonly error?: unknown;
    }
  /** A value was written, by a load or by `set`. */
  | { readonly type: 'fill'; readonly key: string; readonly ttlMs: number }
  /** A loaded value was not written; its caller got it all the same. */
  | { readonly type: 'refused'; readonly key: string; readonly reason: RefusalReason }
  /** An invalidation was confirmed: of a key, a tag, a pattern, or (with none of them) of the whole prefix. */
  | {
      readonly type: 'invalidate';
      readonly key?: string;
      readonly tag?: string;
      readonly pattern?: string;
    }
  /** A stored record is not an entry of this cache, or does not match the key's schema. */
  | { readonly type: 'corrupt'; readonly key: string; readonly error: unknown }
  | {
      readonly type: 'store-error';
      readonly operation: string;
      readonly key: string | undefined;
      readonly error: unknown;
    }
  /** The breaker is open: the store was not asked. */
  | { readonly type: 'skip'; readonly operation: string; readonly key: string | undefined }
  /** The breaker opened (the store is skipped), or closed again. */
  | { readonly type: 'breaker'; readonly state: 'open' | 'closed' }
  /** A lease was taken, or somebody else holds it. */
  | { readonly type: 'lease'; readonly key: string; readonly state: 'taken' | 'held' }
  /** Background work failed. */
  | { readonly type: 'background-error'; readonly error: unknown }
  /** Background work was not done when the wait for it ended: in `close()`, or behind a response on Lambda. */
  | {
      readonly type: 'background-unfinished';
      readonly pending: number;
      readonly waitedMs: number;
    };

export type MissReason =
  | 'absent'
  | 'expired'
  /** A tag or the prefix has another version by now. */
  | 'invalidated'
  /** The store failed, or the breaker skipped it. */
  | 'unreadable'
  | 'corrupt'
  /** The caller asked for a fresh load. */
  | 'forced';

export type RefusalReason =
  /** The key changed since the load began: an invalidation, another fill, or an eviction where the store evicts. */
  | 'changed'
  /** This process invalidated it while the load ran. */
  | 'invalidated'
  /** The load is too old for its version to prove anything. */
  | 'late'
  /** A version that the value depends on could not be read, or was evicted at once: there is nothing to compare. */
  | 'unread';

/** The counter of `stats()` that each event adds to. */
const COUNTERS = {
  miss: 'misses',
  join: 'joins',
  'slow-join': 'slowJoins',
  load: 'loads',
  'load-error': 'loadErrors',
  refresh: 'refreshes',
  'stale-served': 'staleServed',
  fill: 'fills',
  refused: 'refusals',
  invalidate: 'invalidations',
  corrupt: 'corrupt',
  'store-error': 'storeErrors',
  skip: 'skips',
  breaker: 'breakerChanges',
  lease: 'leases',
  'background-error': 'backgroundErrors',
  'background-unfinished': 'backgroundUnfinished',
} as const satisfies Record<Exclude<CacheEvent['type'], 'hit'>, string>;

/**
 * The counts of `stats()`, by name.
 *
 * @example
 * ```ts
 * import type { CacheService, CacheStats } from '@glasswork/cache';
 *
 * const hitRate = (cache: CacheService): number => {
 *   const { hits, misses }: CacheStats = cache.stats();
 *   return hits / (hits + misses);
 * };
 * ```
 */
export type CacheStats = Readonly<Record<'hits' | 'staleHits', number> & Counts>;

export type Emit = (event: Exclude<CacheEvent, { type: 'hit' }>) => void;

type Counts = Record<(typeof COUNTERS)[keyof typeof COUNTERS], number>;

/** The listener, as a function that never throws: listener errors are swallowed. */
export function safeListener(
  listener: ((event: CacheEvent) => void) | undefined,
): (event: CacheEvent) => void {
  return (event) => {
    try {
      const result: unknown = listener?.(event);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // The listener is the last place where an error could be reported.
    }
  };
}

/**
 * The listener and the counters of one service. `standIn` is told of everything but hits where there is no listener.
 */
export function eventLog(
  listener: ((event: CacheEvent) => void) | undefined,
  clock: Clock,
  standIn?: (event: CacheEvent) => void,
): {
  emit: Emit;
  /**
   * A hit, the most frequent event by far, costs nothing but a count where nobody listens. `now`: the time, from a
   * caller who has just read the clock.
   */
  hit(key: string, state: 'fresh' | 'stale', createdAt: number, now?: number): void;
  stats(): CacheStats;
} {
  let hits = 0;
  let staleHits = 0;
  const counters = Object.values(COUNTERS);
  // Every counter is in it from the start.
  const stats = Object.fromEntries(counters.map((counter) => [counter, 0])) as Counts;
  const tell = safeListener(listener ?? standIn);
  const tellHit = (key: string, state: 'fresh' | 'stale', createdAt: number, now = clock.now()) =>
    // Another process wrote it, maybe with a clock that is ahead of this one.
    tell({ type: 'hit', key, state, ageMs: Math.max(now - createdAt, 0) });
  return {
    emit(event) {
      const counter = COUNTERS[event.type];
      stats[counter]++;
      tell(event);
    },
    hit(key, state, createdAt, now) {
      hits++;
      if (state === 'stale') staleHits++;
      if (listener) tellHit(key, state, createdAt, now);
    },
    stats: () => ({ ...stats, hits, staleHits }),
  };
}
