import { invalid } from './errors.js';
import type { CacheListener } from './events.js';
import { checkedBoolean, checkFunction, givenObject } from './given.js';
import type { OnInvalidate } from './invalidated.js';
import { type KeySpace, keySpace } from './key-space.js';
import { DEFAULT_POLICY, type ResolvedPolicy, type WrapOptions } from './policy.js';
import { layer } from './resolve-policy.js';
import { type Clock, checkedClock, type Duration, milliseconds } from './time.js';

/**
 * The configuration of a `CacheService`: defaults for every call, and settings of the service as a whole.
 *
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore, type CacheConfig } from '@glasswork/cache';
 *
 * const config: CacheConfig = {
 *   defaultTTL: '5m',
 *   keyPrefix: 'shop',
 *   staleIfError: '1h',
 *   onEvent: (event) => {
 *     if (event.type === 'store-error') console.warn(JSON.stringify(event));
 *   },
 * };
 * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), config);
 * ```
 */
export interface CacheConfig extends Omit<WrapOptions, 'ttl' | 'tags' | 'forceFresh' | 'signal'> {
  /** The life of a value if neither the call nor its key sets it. Default 5 minutes. */
  defaultTTL?: Duration | undefined;
  /** Separates this service's keys from others in the same store. Letters, digits, `_`, `.`, `-`. Default: none. */
  keyPrefix?: string | undefined;
  /** The time for which this process trusts a tag's version after reading it. Default 0: every call reads it. */
  tagTTL?: Duration | undefined;
  /** The same for the prefix's version, which `clear()` changes. Default 5 s. */
  versionTTL?: Duration | undefined;
  /**
   * Receives every event. Its errors are swallowed. Default: problems go to `console.warn`, each cause once and then at
   * most once a minute, see `consoleReporter`. `() => {}` silences it.
   */
  onEvent?: CacheListener | undefined;
  /**
   * Lets callers have a loaded value while it is written in the background, so a miss takes one write less. Until the
   * write has landed, `get`, `has` and `getEntry` miss, and calls of `wrap` in this process share the value. False: they
   * wait for the write. Default: true for calls with a `waitUntil`.
   */
  backgroundFill?: boolean | undefined;
  /**
   * Awaited by every invalidation, with exactly what the store has confirmed, even if the rest was not: to purge a CDN,
   * for example. If it rejects, or takes longer than the 5 seconds of an invalidation, the invalidation rejects with
   * `NOT_CONFIRMED`. `set` does not call it. `keys` and `tags` are as the caller wrote them, without the prefix. Default:
   * none.
   */
  onInvalidate?: OnInvalidate | undefined;
  /** Returns the end of the current invocation, epoch milliseconds. No lease lasts longer. */
  deadline?: (() => number | undefined) | undefined;
  /**
   * After `failures` failures in a row (default 5) the service skips the store for `cooldown` (default 5 s). False:
   * off.
   */
  breaker?: { failures?: number | undefined; cooldown?: Duration | undefined } | false | undefined;
  /** The source of time. Default: the system clock. */
  clock?: Clock | undefined;
}

/** A checked configuration, with defaults filled in and durations in milliseconds. */
export interface Settings {
  readonly policy: ResolvedPolicy;
  readonly keys: KeySpace;
  /** The time for which versions are trusted after a read, milliseconds. */
  readonly trustMs: { readonly tag: number; readonly prefix: number };
  readonly breaker: { readonly failures: number; readonly cooldownMs: number } | undefined;
  readonly clock: Clock;
  readonly backgroundFill: boolean | undefined;
}

/** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option. */
export function settings(config: CacheConfig): Settings {
  const { defaultTTL } = givenObject(config, 'config');
  if (defaultTTL !== undefined) milliseconds(defaultTTL, 'defaultTTL');
  for (const name of ['onEvent', 'onInvalidate', 'deadline'] as const)
    if (config[name] != null) checkFunction(config[name], name);
  return {
    policy: layer(DEFAULT_POLICY, {
      ...config,
      ttl: defaultTTL,
      tags: undefined,
      forceFresh: false,
      signal: undefined,
    }),
    keys: keySpace(config.keyPrefix),
    trustMs: {
      tag: milliseconds(config.tagTTL ?? 0, 'tagTTL', 'zero'),
      prefix: milliseconds(config.versionTTL ?? 5, 'versionTTL', 'zero'),
    },
    breaker:
      config.breaker === false
        ? undefined
        : breakerSettings(givenObject(config.breaker ?? {}, 'breaker')),
    clock: checkedClock(config.clock),
    backgroundFill: checkedBoolean(config.backgroundFill, 'backgroundFill'),
  };
}

function breakerSettings({
  failures = 5,
  cooldown = 5,
}: Exclude<NonNullable<CacheConfig['breaker']>, false>): Settings['breaker'] {
  if (failures >= 1) return { failures, cooldownMs: milliseconds(cooldown, 'breaker.cooldown') };
  throw invalid('breaker.failures', failures, '1 or more');
}
