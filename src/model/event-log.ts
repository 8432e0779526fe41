import { ignoreRejection } from '../util/promises.js';
import type { CacheEvent, CacheListener, StoreCall } from './events.js';
import type { Clock } from './time.js';

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
  response: 'responses',
  'background-error': 'backgroundErrors',
  'background-unfinished': 'backgroundUnfinished',
  'edge-tags': 'edgeTags',
} as const satisfies Record<Exclude<CacheEvent['type'], Uncounted>, string>;

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

/**
 * A hit has a counter of its own. A call to the store is an event only for listeners that ask for it. A purge is no event
 * of a service, because one edge may serve many.
 */
type Uncounted = 'hit' | 'store' | 'edge-invalidate';

export type Emit = (event: Exclude<CacheEvent, { type: Uncounted }>) => void;

type Counts = Record<(typeof COUNTERS)[keyof typeof COUNTERS], number>;

/** The listener, as a function that never throws: listener errors are swallowed. */
export function safeListener<E>(listener: ((event: E) => void) | undefined): (event: E) => void {
  return (event) => {
    try {
      ignoreRejection(listener?.(event));
    } catch {
      // No place is left to report the error of a listener.
    }
  };
}

/**
 * The listener and the counters of one service. Without a listener, `standIn` receives all events except hits.
 */
export function eventLog(
  listener: CacheListener | undefined,
  clock: Clock,
  standIn?: (event: CacheEvent) => void,
): {
  emit: Emit;
  /**
   * Records a hit. Hits are by far the most frequent event, so without a listener one costs only a count. `now` is the
   * current time, from a caller that has just read the clock.
   */
  hit(key: string, state: 'fresh' | 'stale', createdAt: number, now?: number): void;
  /** Records a call to the store named so. Undefined unless the listener asks for it. */
  readonly storeCall: ((store: string, call: StoreCall) => void) | undefined;
  stats(): CacheStats;
} {
  let hits = 0;
  let staleHits = 0;
  const counters = Object.values(COUNTERS);
  // Every counter is in it from the start.
  const stats = Object.fromEntries(counters.map((counter) => [counter, 0])) as Counts;
  const notify = safeListener(listener ?? standIn);
  const notifyHit = (key: string, state: 'fresh' | 'stale', createdAt: number, now = clock.now()) =>
    // The age is never negative, although the clock of the process that wrote the value may be ahead.
    notify({ type: 'hit', key, state, ageMs: Math.max(now - createdAt, 0) });
  return {
    emit(event) {
      const counter = COUNTERS[event.type];
      stats[counter]++;
      notify(event);
    },
    hit(key, state, createdAt, now) {
      hits++;
      if (state === 'stale') staleHits++;
      if (listener) notifyHit(key, state, createdAt, now);
    },
    storeCall:
      listener?.storeCalls === true
        ? (store, call) => notify({ type: 'store', store, ...call })
        : undefined,
    stats: () => ({ ...stats, hits, staleHits }),
  };
}
