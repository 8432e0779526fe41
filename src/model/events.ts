/**
 * All events of a cache, as a union by `type`, for logs, metrics, statistics and tests. Keys are as the caller wrote
 * them, without the prefix.
 */
export type CacheEvent =
  /** A value was served. `ageMs` is the time since its load. */
  | {
      readonly type: 'hit';
      readonly key: string;
      readonly state: 'fresh' | 'stale';
      readonly ageMs: number;
    }
  | { readonly type: 'miss'; readonly key: string; readonly reason: MissReason }
  /** A caller joined a load in flight. */
  | { readonly type: 'join'; readonly key: string }
  /**
   * A caller has waited 10 seconds for a load of `key` that another caller began. `waitingKey` is the key whose load
   * made this call, if known. Two loads that wait for each other appear here, each with the other's key.
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
  /** A background load began. */
  | { readonly type: 'refresh'; readonly key: string; readonly reason: 'stale' | 'early' }
  /** The last good value was served instead of a load that failed or took too long. */
  | {
      readonly type: 'stale-served';
      readonly key: string;
      readonly reason: 'error' | 'timeout';
      readonly error?: unknown;
    }
  /** A value was written, by a load or by `set`. */
  | { readonly type: 'fill'; readonly key: string; readonly ttlMs: number }
  /** A loaded value was not written. Its caller still got it. */
  | { readonly type: 'refused'; readonly key: string; readonly reason: RefusalReason }
  /**
   * An invalidation was confirmed: of a key, a tag, a pattern, or (with none of them) of the whole prefix. `soft` is true
   * for `expire` and `expireTags`.
   */
  | {
      readonly type: 'invalidate';
      readonly key?: string;
      readonly tag?: string;
      readonly pattern?: string;
      readonly soft?: boolean;
    }
  /** The stored record is not an entry of this cache, or does not match the key's schema. */
  | { readonly type: 'corrupt'; readonly key: string; readonly error: unknown }
  | {
      readonly type: 'store-error';
      readonly operation: string;
      readonly key: string | undefined;
      readonly error: unknown;
    }
  /** The breaker is open, so the store was skipped. */
  | { readonly type: 'skip'; readonly operation: string; readonly key: string | undefined }
  /** The breaker opened (the store is skipped), or closed again. */
  | { readonly type: 'breaker'; readonly state: 'open' | 'closed' }
  /**
   * A response cache has answered a request. `route` is the route's pattern, or the path of the URL. `key` is undefined if
   * the request has none.
   */
  | {
      readonly type: 'response';
      readonly key: string | undefined;
      readonly route: string;
      readonly status: number;
      readonly outcome: ResponseOutcome;
      /** The reason why the cache was passed, or the response not stored. */
      readonly reason?: string | undefined;
    }
  /** A lease was taken, another process holds it, or the wait for that process's value has reached its limit. */
  | { readonly type: 'lease'; readonly key: string; readonly state: 'taken' | 'held' | 'timeout' }
  /** Background work failed. */
  | { readonly type: 'background-error'; readonly error: unknown }
  /** Background work had not finished when the wait for it ended: in `close()`, or after a response on Lambda. */
  | {
      readonly type: 'background-unfinished';
      readonly pending: number;
      readonly waitedMs: number;
    }
  /**
   * The tags of a response do not work at a CDN's edge as they do here. `collision`: two tags of responses differ only in
   * case, so a purge of either purges both. `too-many`: the edge would drop some, so it may not keep the response.
   */
  | {
      readonly type: 'edge-tags';
      readonly key: string;
      readonly reason: 'collision' | 'too-many';
      readonly tags: readonly string[];
    }
  /**
   * A call to the store ended. Only for listeners that ask for it, see `CacheListener`. `failure` is the code or name of
   * its error, which `store-error` has. The bytes are those of values that the store has read and written since the last
   * such event, if it counts them.
   */
  | {
      readonly type: 'store';
      readonly store: string;
      readonly operation: string;
      readonly key: string | undefined;
      readonly durationMs: number;
      readonly failure: string | undefined;
      readonly bytesRead: number;
      readonly bytesWritten: number;
    }
  /** An edge accepted a request to purge. Each of its items is billed. */
  | {
      readonly type: 'edge-invalidate';
      readonly tags: number;
      readonly paths: number;
      /** How often the request was sent. */
      readonly attempts: number;
      readonly durationMs: number;
    };

/**
 * Receives events. It receives `store` events, one for each call to the store, only if its property `storeCalls` is
 * true, because taking their times costs something. The listeners of `@glasswork/cache/metrics` ask for them.
 *
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore, type CacheEvent } from '@glasswork/cache';
 *
 * const slow = (event: CacheEvent) => {
 *   if (event.type === 'store' && event.durationMs > 100) console.warn(event.operation, event.durationMs);
 * };
 * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent: Object.assign(slow, { storeCalls: true }),
 * });
 * ```
 */
export interface CacheListener {
  (event: CacheEvent): void;
  readonly storeCalls?: boolean;
}

export type MissReason =
  | 'absent'
  | 'expired'
  /** The version of a tag or of the prefix has changed. */
  | 'invalidated'
  /** The store failed, or the breaker skipped it. The key may be cached. */
  | 'unreadable'
  | 'corrupt'
  /** The caller asked for a fresh load. */
  | 'forced'
  /** The stored response does not answer this request: it was stored for other header values, for example. */
  | 'unusable';

/**
 * - `hit`: a fresh stored response; `stale`: a stale one, or one that replaces a failed load.
 * - `miss`: a loaded response; `joined`: one that another request loaded.
 * - `pass`: the cache had no part in the response.
 */
export type ResponseOutcome = 'hit' | 'stale' | 'miss' | 'joined' | 'pass';

export type RefusalReason =
  /** The key has changed since the load began: by an invalidation, another fill, or an eviction. */
  | 'changed'
  /** This process invalidated the key while the load ran. */
  | 'invalidated'
  /** The load is too old: its version no longer proves anything. */
  | 'late'
  /** A version that the value depends on could not be read, or was evicted immediately, so nothing can be compared. */
  | 'unread';

/** A call to the store, without the name of the store. */
export type StoreCall = Omit<Extract<CacheEvent, { type: 'store' }>, 'type' | 'store'>;
