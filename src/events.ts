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
  /** What was read is not an entry of this cache, or does not match the key's schema. */
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
  | { readonly type: 'background-error'; readonly error: unknown };

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
  /** The key changed since the load began: an invalidation, or another fill. */
  | 'changed'
  /** This process invalidated it while the load ran. */
  | 'invalidated'
  /** The load is too old for its version to prove anything. */
  | 'late'
  /** The read before the load failed, so there is no version to compare. */
  | 'unread';

/** The counter of `stats()` that each event adds to. */
const COUNTERS = {
  hit: 'hits',
  miss: 'misses',
  join: 'joins',
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
} as const satisfies Record<CacheEvent['type'], string>;

export type Emit = (event: CacheEvent) => void;

/** The listener and the counters of one service. A listener that throws or rejects harms nobody but itself. */
export function eventLog(listener: ((event: CacheEvent) => void) | undefined): {
  emit: Emit;
  stats(): Readonly<Record<string, number>>;
} {
  const stats: Record<string, number> = { staleHits: 0 };
  for (const counter of Object.values(COUNTERS)) stats[counter] = 0;
  const count = (counter: string) => {
    stats[counter] = (stats[counter] as number) + 1;
  };
  return {
    emit(event) {
      count(COUNTERS[event.type]);
      if (event.type === 'hit' && event.state === 'stale') count('staleHits');
      try {
        const result: unknown = listener?.(event);
        if (result instanceof Promise) result.catch(() => {});
      } catch {
        // The listener is the last place where an error could be reported.
      }
    },
    stats: () => ({ ...stats }),
  };
}
