import type { AnyKey, KeyPolicy } from './cache-key.js';
import type { Entry } from './entry.js';
import { invalid } from './errors.js';
import { type Duration, LONGEST_LIFE_MS, milliseconds } from './time.js';

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

/** `ttl` and `wait` in milliseconds. `misses`: true if misses take the lease, too, not only stale refreshes. */
export interface LeasePolicy {
  readonly ttl: number;
  readonly wait: number;
  readonly misses: boolean;
}

/**
 * Decides if this caller may have an entry: as a hit, or as the last good value that replaces a load. A refused entry
 * is loaded anew. Only cached responses have one, because they do not answer every request.
 */
export type Accepts = (entry: Entry, state: 'fresh' | 'stale' | 'last-good') => boolean;

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
  readonly accepts: Accepts | undefined;
}

/** `wait` exceeds `ttl`, so that if a holder dies, its lease runs out and a waiting process takes the next one. */
const DEFAULT_LEASE: LeasePolicy = { ttl: 3_000, wait: 5_000, misses: false };

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
  accepts: undefined,
};

/** Finds the policy of one call: see `resolvePolicy`. */
export type PolicyOf = (key: AnyKey, call: Duration | WrapOptions | undefined) => ResolvedPolicy;

const MOST_TTLS = 1_000;

/** Remembers policies, because most calls pass only a ttl, and the same few again and again. */
export function rememberPolicies(defaults: ResolvedPolicy): PolicyOf {
  const byTTL = new Map<Duration, ResolvedPolicy>();
  let last: ResolvedPolicy = defaults;
  let lastTTL: Duration | undefined;
  const find: PolicyOf = (anyKey, call) => {
    const key = typeof anyKey === 'string' ? undefined : anyKey?.policy;
    if (key || call === undefined || typeof call === 'object') {
      return resolvePolicy(defaults, key, call);
    }
    let policy = byTTL.get(call);
    if (!policy) {
      policy = resolvePolicy(defaults, key, call);
      if (byTTL.size >= MOST_TTLS) byTTL.clear();
      byTTL.set(call, policy);
    }
    lastTTL = call;
    last = policy;
    return policy;
  };
  // Before the first ttl, the last policy is the default, which is also right for a call without a ttl.
  return (key, call) => (call === lastTTL && typeof key === 'string' ? last : find(key, call));
}

/**
 * The policy of one call: the call's options win over the key's, and the key's over the configuration's.
 *
 * @throws CacheError `INVALID_DURATION` or `INVALID_OPTION`, naming the option.
 */
export function resolvePolicy(
  defaults: ResolvedPolicy,
  key: KeyPolicy | undefined,
  call: Duration | WrapOptions | undefined,
): ResolvedPolicy {
  if (call === null) throw invalid('policy', call, 'a ttl or an object of options');
  if (!key && call === undefined) return defaults;
  const options = typeof call === 'object' ? call : { ttl: call };
  if (!key) return layer(defaults, options);
  // A key's staleTTL at or above the call's ttl is not the call's mistake.
  const ownStaleTTL = options.staleTTL ?? (options.ttl === undefined ? key.staleTTL : undefined);
  return checked(over(over(defaults, key), options), ownStaleTTL);
}

/**
 * Checks a policy before the key is known, whose own policy may complete it.
 *
 * @throws CacheError `INVALID_DURATION` or `INVALID_OPTION`, naming the option.
 */
export function checkPolicy(call: Policy | undefined): void {
  if (call === null) throw invalid('policy', call, 'a ttl or an object of options');
  const options = typeof call === 'object' ? call : { ttl: call };
  const policy = over(DEFAULT_POLICY, options);
  if (options.ttl !== undefined) checked(policy, options.staleTTL);
}

/** The check and conversion of each option. */
const RULES: {
  readonly [O in keyof ResolvedPolicy]: (value: never, below: ResolvedPolicy) => ResolvedPolicy[O];
} = {
  ttl: (ttl: Duration) => milliseconds(ttl, 'ttl'),
  staleTTL: (ttl: Duration) => milliseconds(ttl, 'staleTTL'),
  staleIfError: (window: Duration) => milliseconds(window, 'staleIfError', 'zero'),
  jitter: (share: number) => within(share, 1, 'jitter'),
  earlyRefresh: (beta: number) => within(beta, Number.MAX_VALUE, 'earlyRefresh'),
  lease: leasePolicy,
  softTimeout: (limit: Duration) => milliseconds(limit, 'softTimeout'),
  hardTimeout: (limit: Duration) => milliseconds(limit, 'hardTimeout'),
  tags: (tags: readonly string[], below) => [...new Set([...below.tags, ...checkedTags(tags)])],
  forceFresh: (force: boolean) => force,
  signal: abortSignal,
  waitUntil: (waitUntil: WaitUntil) => waitUntil,
  accepts: (accepts: Accepts) => accepts,
};

const OPTIONS = /* @__PURE__ */ Object.keys(RULES) as (keyof ResolvedPolicy)[];

/** Applies options on top of a policy. An undefined option keeps the value below. */
export const layer = (below: ResolvedPolicy, options: WrapOptions): ResolvedPolicy =>
  checked(over(below, options), options.staleTTL);

/** The same without checking that the options fit together, because another layer may follow. */
function over(below: ResolvedPolicy, options: WrapOptions): ResolvedPolicy {
  const changed: { -readonly [O in keyof ResolvedPolicy]: unknown } = { ...below };
  for (const option of OPTIONS) {
    const value = (options as WrapOptions & { accepts?: Accepts })[option];
    if (value !== undefined) changed[option] = RULES[option](value as never, below);
  }
  return changed as ResolvedPolicy;
}

/**
 * Checks that the options fit together. `ownStaleTTL` is the staleTTL given in the same layer as the ttl, or above it.
 */
function checked(policy: ResolvedPolicy, ownStaleTTL: Duration | undefined): ResolvedPolicy {
  const { ttl, staleTTL, staleIfError } = policy;
  if (ttl + staleIfError > LONGEST_LIFE_MS) {
    const give = 'at most 366 days together with ttl';
    throw invalid('staleIfError', `${staleIfError} ms`, give, 'INVALID_DURATION');
  }
  if (staleTTL === undefined || staleTTL < ttl) return policy;
  // An inherited staleTTL does not apply to a call with a shorter life. Beside its own ttl it is a mistake.
  if (ownStaleTTL !== undefined) throw invalid('staleTTL', ownStaleTTL, 'less than ttl');
  return { ...policy, staleTTL: undefined };
}

function leasePolicy(lease: NonNullable<WrapOptions['lease']>): LeasePolicy | undefined {
  if (!lease) return undefined;
  const { ttl, wait } = Object(lease) as Exclude<typeof lease, boolean>;
  return {
    ttl: ttl === undefined ? DEFAULT_LEASE.ttl : milliseconds(ttl, 'lease.ttl'),
    wait: wait === undefined ? DEFAULT_LEASE.wait : milliseconds(wait, 'lease.wait', 'zero'),
    misses: true,
  };
}

/** Accepts any object that works as one, such as a polyfill or a signal of another realm. */
function abortSignal(signal: AbortSignal): AbortSignal {
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return signal;
  throw invalid('signal', signal, 'an AbortSignal');
}

function within(value: number, most: number, option: string): number {
  if (value >= 0 && value <= most) return value;
  throw invalid(option, value, most === 1 ? '0 to 1' : "XFetch's beta, 0 or more");
}

/** @throws CacheError `INVALID_OPTION` for a tag that is not text. */
export function checkedTags(tags: readonly string[]): readonly string[] {
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  throw invalid('tags', tags, 'an array of strings');
}

/** The life of a new entry, milliseconds: the ttl minus its random part. */
export const lifetime = ({ ttl, jitter }: Pick<ResolvedPolicy, 'ttl' | 'jitter'>): number =>
  ttl * (1 - jitter * Math.random());
