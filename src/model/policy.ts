import type { Entry } from './entry.js';
import type { Duration } from './time.js';

/** Keeps a sandbox or worker alive until the promise settles, as in Cloudflare, Vercel and Hono. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/**
 * The caching policy of one `wrap`. Durations are seconds, or strings with a unit.
 *
 * @example
 * ```ts
 * import type { WrapOptions } from '@glasswork/cache';
 *
 * const catalogue: WrapOptions = { ttl: '1h', staleTTL: '5m', staleIfError: '1d', tags: ['catalogue'] };
 * ```
 */
export interface WrapOptions {
  /** The life of the value. Default: the key's ttl, else `CacheConfig.defaultTTL`. */
  ttl?: Duration | undefined;
  /**
   * The age from which the value is stale: served immediately, then refreshed. Less than `ttl`. Default: never stale.
   */
  staleTTL?: Duration | undefined;
  /** The time after `ttl` in which the last good value may replace a failing load (RFC 5861). Default: none. */
  staleIfError?: Duration | undefined;
  /**
   * Fraction of `ttl` taken off at random, 0 to 1, so that entries created together do not expire together. Default 0.
   */
  jitter?: number | undefined;
  /** XFetch's beta: how eagerly a hit refreshes shortly before expiry. 1 is the usual choice. Default 0: off. */
  earlyRefresh?: number | undefined;
  /**
   * One load across all processes. `ttl` limits the holder's load before another process may load, too (default 3 s).
   * `wait` limits how long the others wait for the value before they load it themselves (default 5 s). Default:
   * refreshes of stale values take a lease, misses do not.
   */
  lease?: boolean | { ttl?: Duration | undefined; wait?: Duration | undefined } | undefined;
  /** Serves the last good value if the load takes longer. Default: the caller waits for the load. */
  softTimeout?: Duration | undefined;
  /** Aborts a load that takes longer, and rejects with `TIMEOUT`. Default: none. */
  hardTimeout?: Duration | undefined;
  /** Names by which `invalidateTags` can invalidate the value. */
  tags?: readonly string[] | undefined;
  /** Loads even if a value is cached, and caches the result. Default false. */
  forceFresh?: boolean | undefined;
  /**
   * Ends this caller's wait: the call rejects with the signal's reason, even if a last good value exists. The load is
   * aborted once no caller waits for it; a background refresh continues. Default: none.
   */
  signal?: AbortSignal | undefined;
  /**
   * Receives every promise of background work: refreshes, and the write of a loaded value, for which the call then does
   * not wait. Default: `CacheConfig.waitUntil`.
   */
  waitUntil?: WaitUntil | undefined;
}

/** A ttl, or a whole policy. */
export type Policy = Duration | WrapOptions;

/** The policy for all values under a typed key. A call's own options override it. */
export interface KeyPolicy {
  readonly ttl?: Duration | undefined;
  readonly staleTTL?: Duration | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** `ttl` and `wait` in milliseconds. `misses`: true if misses take the lease, too, not only stale refreshes. */
export interface LeasePolicy {
  readonly ttl: number;
  readonly wait: number;
  readonly misses: boolean;
}

/** One caller, which decides itself. Only cached responses have one, because they do not answer every request. */
export interface Caller {
  /** True if it takes an entry: as a hit, or as the last good value that replaces a load. A refused entry is loaded anew. */
  accepts(entry: Entry, state: 'fresh' | 'stale' | 'last-good'): boolean;
  /** Nothing stored is served, so in this turn a load begins or is joined. */
  misses(): void;
}

/** `WrapOptions` with all defaults filled in and all durations in milliseconds. */
export interface ResolvedPolicy {
  readonly ttl: number;
  readonly staleTTL: number | undefined;
  readonly staleIfError: number;
  readonly jitter: number;
  readonly earlyRefresh: number;
  readonly lease: LeasePolicy | undefined;
  readonly softTimeout: number | undefined;
  readonly hardTimeout: number | undefined;
  readonly tags: readonly string[];
  readonly forceFresh: boolean;
  readonly signal: AbortSignal | undefined;
  readonly waitUntil: WaitUntil | undefined;
  readonly caller: Caller | undefined;
}

/** `wait` exceeds `ttl`, so that if a holder dies, its lease runs out and a waiting process takes the next one. */
export const DEFAULT_LEASE: LeasePolicy = { ttl: 3_000, wait: 5_000, misses: false };

/** The defaults of every option, in one place. */
export const DEFAULT_POLICY: ResolvedPolicy = {
  ttl: 300_000,
  staleTTL: undefined,
  staleIfError: 0,
  jitter: 0,
  earlyRefresh: 0,
  lease: DEFAULT_LEASE,
  softTimeout: undefined,
  hardTimeout: undefined,
  tags: [],
  forceFresh: false,
  signal: undefined,
  waitUntil: undefined,
  caller: undefined,
};

/** The life of a new entry, milliseconds: the ttl minus its random part. */
export const lifetime = ({ ttl, jitter }: Pick<ResolvedPolicy, 'ttl' | 'jitter'>): number =>
  ttl * (1 - jitter * Math.random());
