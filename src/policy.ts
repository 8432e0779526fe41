import type { KeyPolicy } from './cache-key.js';
import { invalid } from './errors.js';
import { type Duration, LONGEST_LIFE_MS, milliseconds } from './time.js';

/** Keeps a sandbox or worker alive until the promise settles: the convention of Cloudflare, Vercel and Hono. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/**
 * How one `wrap` caches. Durations are seconds, or strings with a unit.
 *
 * @example
 * ```ts
 * import type { WrapOptions } from '@glasswork/cache';
 *
 * const catalogue: WrapOptions = { ttl: '1h', staleTTL: '5m', staleIfError: '1d', tags: ['catalogue'] };
 * ```
 */
export interface WrapOptions {
  /** How long the value lives. Default: the key's, else `CacheConfig.defaultTTL`. */
  ttl?: Duration | undefined;
  /** Stale from this age on: served at once, and refreshed. Less than `ttl`. Default: never stale. */
  staleTTL?: Duration | undefined;
  /** How long after `ttl` the last good value may stand in for a failing load (RFC 5861). Default: not at all. */
  staleIfError?: Duration | undefined;
  /** Fraction of `ttl` taken off at random, 0 to 1, so that entries made together do not expire together. Default 0. */
  jitter?: number | undefined;
  /** XFetch's beta: how eagerly a hit refreshes shortly before expiry; 1 is the usual choice. Default 0: off. */
  earlyRefresh?: number | undefined;
  /**
   * One load in the fleet. `ttl`: how long the holder may take (default 10 s); `wait`: how long the others wait for
   * its value before they load themselves (default 2 s). Default: stale refreshes take a lease, misses do not.
   */
  lease?: boolean | { ttl?: Duration | undefined; wait?: Duration | undefined } | undefined;
  /** Serves the last good value when the load takes longer. Default: waits. */
  softTimeout?: Duration | undefined;
  /** Aborts the load and rejects with `TIMEOUT`. Default: none. */
  hardTimeout?: Duration | undefined;
  /** What `invalidateTags` can invalidate the value by. */
  tags?: readonly string[] | undefined;
  /** Loads whatever is cached, and caches the outcome. */
  forceFresh?: boolean | undefined;
  /** Gets every promise of background work. Default: `CacheConfig.waitUntil`. */
  waitUntil?: WaitUntil | undefined;
}

/** `ttl` and `wait` in milliseconds; `misses`: whether a miss takes the lease too, not only a stale refresh. */
export interface LeasePolicy {
  readonly ttl: number;
  readonly wait: number;
  readonly misses: boolean;
}

/** `WrapOptions` with every default in place and every duration in milliseconds. */
export interface Policy {
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
  readonly waitUntil: WaitUntil | undefined;
}

const DEFAULT_LEASE: LeasePolicy = { ttl: 10_000, wait: 2_000, misses: false };

/** The defaults of every option, in one place. */
export const DEFAULT_POLICY: Policy = {
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
  waitUntil: undefined,
};

/**
 * The policy of one call: what the call says, else the key, else the configuration.
 *
 * @throws CacheError `INVALID_DURATION` or `INVALID_OPTION`, naming the option.
 */
export function resolvePolicy(
  defaults: Policy,
  key: KeyPolicy | undefined,
  call: Duration | WrapOptions | undefined,
): Policy {
  const keyed = key ? layer(defaults, key) : defaults;
  if (call === undefined) return keyed;
  if (typeof call !== 'object') return layer(keyed, { ttl: call });
  if (call !== null) return layer(keyed, call);
  throw invalid('policy', call, 'a ttl or an object of options');
}

/** One layer of options over another; an option that is undefined lets the one below shine through. */
export function layer(below: Policy, options: WrapOptions): Policy {
  const ttl = span(options.ttl, 'ttl') ?? below.ttl;
  const policy: Policy = {
    ttl,
    staleTTL: staleFrom(options, below, ttl),
    staleIfError: span(options.staleIfError, 'staleIfError', 'zero') ?? below.staleIfError,
    jitter: within(options.jitter, 'jitter', 1, '0 to 1') ?? below.jitter,
    earlyRefresh:
      within(options.earlyRefresh, 'earlyRefresh', Number.MAX_VALUE, "XFetch's beta, 0 or more") ??
      below.earlyRefresh,
    lease: options.lease === undefined ? below.lease : leasePolicy(options.lease),
    softTimeout: span(options.softTimeout, 'softTimeout') ?? below.softTimeout,
    hardTimeout: span(options.hardTimeout, 'hardTimeout') ?? below.hardTimeout,
    tags: options.tags === undefined ? below.tags : allTags(below.tags, options.tags),
    forceFresh: options.forceFresh ?? below.forceFresh,
    waitUntil: options.waitUntil ?? below.waitUntil,
  };
  if (policy.ttl + policy.staleIfError <= LONGEST_LIFE_MS) return policy;
  const give = 'no more than makes 366 days with ttl: no entry may live longer';
  throw invalid('staleIfError', options.staleIfError, give, 'INVALID_DURATION');
}

const span = (duration: Duration | undefined, option: string, zero?: 'zero') =>
  duration === undefined ? undefined : milliseconds(duration, option, zero);

/** An inherited `staleTTL` does not bind a call with a shorter life; one that stands beside its `ttl` is a mistake. */
function staleFrom(options: WrapOptions, below: Policy, ttl: number): number | undefined {
  if (options.staleTTL === undefined) {
    return below.staleTTL !== undefined && below.staleTTL < ttl ? below.staleTTL : undefined;
  }
  const staleTTL = milliseconds(options.staleTTL, 'staleTTL');
  if (staleTTL < ttl) return staleTTL;
  throw invalid('staleTTL', options.staleTTL, `less than ttl (${ttl} ms)`);
}

function leasePolicy(lease: NonNullable<WrapOptions['lease']>): LeasePolicy | undefined {
  if (lease === false) return undefined;
  if (lease === true) return { ...DEFAULT_LEASE, misses: true };
  return {
    ttl: span(lease.ttl, 'lease.ttl') ?? DEFAULT_LEASE.ttl,
    wait: span(lease.wait, 'lease.wait', 'zero') ?? DEFAULT_LEASE.wait,
    misses: true,
  };
}

function within(
  value: number | undefined,
  option: string,
  most: number,
  give: string,
): number | undefined {
  if (value === undefined || (value >= 0 && value <= most)) return value;
  throw invalid(option, value, give);
}

/** A key's tags and a call's tags both hold. */
const allTags = (below: readonly string[], tags: readonly string[]): readonly string[] => [
  ...new Set([...below, ...checkedTags(tags)]),
];

/** @throws CacheError `INVALID_OPTION` for a tag that is no text. */
export function checkedTags(tags: readonly string[]): readonly string[] {
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  throw invalid('tags', tags, 'an array of strings');
}

/** The life of one entry made now, milliseconds: the ttl less its random part. */
export const lifetime = ({ ttl, jitter }: Pick<Policy, 'ttl' | 'jitter'>): number =>
  ttl * (1 - jitter * Math.random());
