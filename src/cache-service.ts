import { assemble, type ServiceParts } from './engine/assemble.js';
import type { LoadContext } from './engine/loading/load-context.js';
import { Lookup } from './engine/lookup.js';
import { type SetEntry, type SetPolicy, setAll } from './engine/writing/set-values.js';
import { type AnyKey, type CacheKey, keyText } from './model/cache-key.js';
import type { CacheStore } from './model/cache-store.js';
import type { CacheConfig } from './model/config.js';
import { tagsAmong } from './model/dependency.js';
import type { CacheEntry } from './model/entry.js';
import { invalid } from './model/errors.js';
import type { CacheStats } from './model/events.js';
import { checkedTags, type WrapOptions } from './model/policy.js';
import { isServable } from './model/snapshot.js';
import type { Duration } from './model/time.js';
import { checkStore } from './resilience/check-store.js';

export type Load<T> = (context: LoadContext<unknown>) => T | Promise<T>;
export type KeyLoad<T> = (context: LoadContext<NoInfer<T>>) => NoInfer<T> | Promise<NoInfer<T>>;
/** Resolves to values in the order of `missing`; undefined is not cached. */
export type LoadMany<K, T> = (
  missing: readonly K[],
  context: LoadContext<unknown>,
) => Promise<readonly (T | undefined)[]>;
/** The types of the values that typed keys are of, in their order. */
type ValuesOf<K extends readonly CacheKey<unknown>[]> = {
  -readonly [I in keyof K]: K[I] extends CacheKey<infer T> ? T | undefined : never;
};
/** A ttl, or a whole policy. */
export type Policy = Duration | WrapOptions;

/**
 * A cache over a store: the store keeps records, the service decides what they are worth.
 *
 * Reads and fills fail open: a store that is broken, slow or skipped is a miss and an event. `del`, `delMany`,
 * `delByPattern`, `invalidateTags` and `clear` always try, and reject unless the store confirmed.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 *
 * const cache = new CacheService(new MemoryCacheStore(), { defaultTTL: '5m', keyPrefix: 'shop' });
 * const rates = await cache.wrap('rates', '1h', async () => ({ EUR: 1, USD: 1.08 }));
 * ```
 */
export class CacheService {
  readonly #parts: ServiceParts;
  readonly #lookup: Lookup;
  #closing: Promise<void> | undefined;

  /** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION`, naming the option. */
  constructor(store: CacheStore, config: CacheConfig = {}) {
    this.#parts = assemble(store, config);
    this.#lookup = new Lookup(this.#parts);
  }

  /**
   * The value, or undefined when there is none: absent, expired, invalidated, of the wrong shape, or unreadable.
   * `null`, `0`, `''` and `false` are values. `get` and then `set` by hand is not fenced; `wrap` is.
   */
  get<T = unknown>(key: string | CacheKey<T>): Promise<T | undefined>;
  get(key: AnyKey): Promise<unknown> {
    try {
      return this.#lookup.get(key);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The values in the order of the keys, read together. Typed keys of several types give a tuple of their types.
   *
   * @example
   * ```ts
   * import { type CacheService, createCacheKey } from '@glasswork/cache';
   *
   * const nameOf = createCacheKey('name', (id: number) => `name:${id}`).of<string>();
   * const ageOf = createCacheKey('age', (id: number) => `age:${id}`).of<number>();
   *
   * async function label(cache: CacheService, id: number): Promise<string> {
   *   const [name = 'nobody', age = 0] = await cache.getMany([nameOf(id), ageOf(id)]);
   *   return `${name.toUpperCase()} (${age.toFixed()})`;
   * }
   * ```
   */
  getMany<const K extends readonly CacheKey<unknown>[]>(keys: K): Promise<ValuesOf<K>>;
  getMany<T = unknown>(keys: readonly (string | CacheKey<T>)[]): Promise<(T | undefined)[]>;
  getMany(keys: readonly AnyKey[]): Promise<unknown[]> {
    return this.#lookup.getMany(keys);
  }

  /** The value with its state, its times (epoch milliseconds) and its tags, stale ones included. */
  getEntry<T = unknown>(key: string | CacheKey<T>): Promise<CacheEntry<T> | undefined>;
  async getEntry(key: AnyKey): Promise<CacheEntry<unknown> | undefined> {
    const [snapshot] = await this.#lookup.see([key]);
    if (!snapshot || !isServable(snapshot)) return undefined;
    const { state } = snapshot;
    const { value, createdAt, staleAt, expiresAt, versions } = snapshot.entry;
    return { value, state, createdAt, staleAt, expiresAt, tags: tagsAmong(versions) };
  }

  /** True if `get` would give a value. */
  async has(key: AnyKey): Promise<boolean> {
    return (await this.getEntry(key as string)) !== undefined;
  }

  /**
   * Writes a value; resolves to whether the store took it, and an event says why it did not. Code that changes a
   * database uses `del` or tags, which reject when they are not confirmed.
   *
   * @throws CacheError `INVALID_DURATION`, `INVALID_KEY` or `INVALID_OPTION`.
   */
  set<T>(key: CacheKey<T>, value: NoInfer<T>, ttl?: SetPolicy): Promise<boolean>;
  set<T>(key: string, value: T, ttl?: SetPolicy): Promise<boolean>;
  set(key: AnyKey, value: unknown, ttl?: SetPolicy): Promise<boolean> {
    return setAll(this.#parts, [{ key, value, ttl }]);
  }

  /** Writes many values; resolves to whether the store took them all. See `entry` for typed keys. */
  setMany(entries: readonly SetEntry[]): Promise<boolean> {
    return setAll(this.#parts, entries);
  }

  /**
   * Deletes a value. A load that began before this call is never the cached value once it has resolved.
   *
   * @throws CacheError `NOT_CONFIRMED` when the store did not confirm it.
   */
  async del(key: AnyKey): Promise<void> {
    await this.delMany([key]);
  }

  /** Deletes many values. @throws CacheError `NOT_CONFIRMED` unless the store confirmed all of them. */
  async delMany(keys: readonly AnyKey[]): Promise<void> {
    const { invalidation, addressOf } = this.#parts;
    await invalidation.keys(keys.map(addressOf));
  }

  /**
   * Deletes what a glob matches (`*`, `?`; `\` escapes) and resolves to the number of stored keys it deleted, or to
   * undefined where the store cannot. It promises stored keys and this process's loads only.
   *
   * @throws CacheError `NOT_CONFIRMED` when the store did not confirm it.
   */
  async delByPattern(pattern: string): Promise<number | undefined> {
    return this.#parts.invalidation.pattern(keyText(pattern));
  }

  /**
   * Invalidates every value that carries one of the tags: one write a tag, whatever the number of values.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed every tag.
   */
  async invalidateTags(tags: readonly string[]): Promise<void> {
    await this.#parts.invalidation.tags(checkedTags(tags));
  }

  /**
   * Invalidates everything under this service's prefix with one write. Other processes see it within `versionTTL`.
   * Values of other prefixes in the same store stay.
   *
   * @throws CacheError `NOT_CONFIRMED` when the store did not confirm it.
   */
  async clear(): Promise<void> {
    await this.#parts.invalidation.all();
  }

  /**
   * The cached value, or what `load` gives, which is then cached. A stale value is served at once and refreshed in the
   * background. Concurrent callers share one load, its value and its error; an error is never cached.
   *
   * @throws What the load throws; CacheError `TIMEOUT` past `hardTimeout`; the reason of `signal`; `LOAD_FAILED` for a
   * call inside a load that waits for this one already; never because of the store.
   *
   * @example
   * ```ts
   * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new MemoryCacheStore());
   * const loadUser = async (id: string) => ({ id, name: 'Ada' });
   *
   * const user = await cache.wrap('user:1', { ttl: '5m', tags: ['users'] }, () => loadUser('1'));
   * await cache.invalidateTags(['users']);
   * ```
   */
  wrap<T>(key: CacheKey<T>, load: KeyLoad<T>): Promise<T>;
  wrap<T>(key: CacheKey<T>, policy: Policy, load: KeyLoad<T>): Promise<T>;
  wrap<T>(key: string, policy: Policy, load: Load<T>): Promise<T>;
  wrap(key: AnyKey, options: Policy | Load<unknown>, load?: Load<unknown>): Promise<unknown> {
    try {
      if (typeof options === 'function') return this.wrap(key as string, {}, options);
      if (typeof load !== 'function') throw noLoad(load);
      return this.#lookup.wrap(key, this.#parts.policyOf(key, options), load);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * `wrap` with stale-while-revalidate: stale from `staleTTL` on, gone after `maxTTL`.
   *
   * @throws As `wrap` does.
   */
  wrapSWR<T>(key: CacheKey<T>, staleTTL: Duration, maxTTL: Duration, load: KeyLoad<T>): Promise<T>;
  wrapSWR<T>(key: string, staleTTL: Duration, maxTTL: Duration, load: Load<T>): Promise<T>;
  wrapSWR(
    key: AnyKey,
    staleTTL: Duration,
    maxTTL: Duration,
    load: Load<unknown>,
  ): Promise<unknown> {
    return this.wrap(key as string, { staleTTL, ttl: maxTTL }, load);
  }

  /**
   * `wrap` for many keys: what is cached comes from the cache, and one call of `load` gets the rest.
   *
   * @throws As `wrap` does; CacheError `LOAD_FAILED` when the load returns another number of values.
   */
  wrapMany<T, A extends readonly unknown[]>(
    keys: readonly CacheKey<T, A>[],
    load: LoadMany<CacheKey<T, A>, NoInfer<T>>,
  ): Promise<(T | undefined)[]>;
  wrapMany<T, A extends readonly unknown[]>(
    keys: readonly CacheKey<T, A>[],
    policy: Policy,
    load: LoadMany<CacheKey<T, A>, NoInfer<T>>,
  ): Promise<(T | undefined)[]>;
  wrapMany<T>(
    keys: readonly string[],
    policy: Policy,
    load: LoadMany<string, T>,
  ): Promise<(T | undefined)[]>;
  async wrapMany<K extends AnyKey>(
    keys: readonly K[],
    options: Policy | LoadMany<K, unknown>,
    load?: LoadMany<K, unknown>,
  ): Promise<unknown[]> {
    const [own, loads] = typeof options === 'function' ? [undefined, options] : [options, load];
    if (typeof loads !== 'function') throw noLoad(loads);
    const policyOf = (key: K) => this.#parts.policyOf(key, own);
    return this.#lookup.wrapMany(keys, policyOf, async (missing, context) => {
      return (await loads(missing, context)) ?? [];
    });
  }

  /**
   * Counts since the service was made: `hits`, `staleHits`, `misses`, `joins`, `loads`, `loadErrors`, `refreshes`,
   * `fills`, `refusals`, `staleServed`, `invalidations`, `corrupt`, `storeErrors` and others.
   */
  stats(): CacheStats {
    return this.#parts.stats();
  }

  /**
   * Opens the store's connections ahead of the first call, where the store can. Await it while a Lambda function
   * initialises, when it has all of its CPU. Never rejects: what goes wrong is a `store-error` event.
   *
   * @example
   * ```ts
   * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }));
   * await cache.warm();
   * export const handler = () => cache.wrap('rates', '1h', async () => ({ EUR: 1 }));
   * ```
   */
  async warm(): Promise<void> {
    await this.#parts.access.attempt('warm', undefined, async (store) => store.warm?.());
  }

  /**
   * Proves that the store can do what this service needs: a probe record with a fresh name under `keyPrefix` is read,
   * filled, fenced, invalidated and removed, and so is a tag of its own, which lives for a minute at most. It asks past
   * the breaker, calls no `onInvalidate`, and touches no record of yours. For a deployment's smoke test.
   *
   * @throws CacheError with the first thing that is wrong: which step, why, and what to do. `code` is the cause's:
   * `STORE_FAILED`, `TIMEOUT`, `NO_CREDENTIALS`, `MISSING_PEER`, …
   *
   * @example
   * ```ts
   * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }));
   * await cache.check();
   * ```
   */
  async check(): Promise<void> {
    const { access, keys } = this.#parts;
    await (access.store.check?.(keys.prefix) ?? checkStore(access.store, keys.prefix));
  }

  /** Resolves when no background work of this service is pending. Await it in tests and before a process ends. */
  settled(): Promise<void> {
    return this.#parts.background.settled();
  }

  /**
   * Ends the service: aborts the loads that callers wait for, waits for background work, 5 seconds at most, and closes
   * the store. A caller whose load is aborted gets the last good value where `staleIfError` allows it, else a
   * `LOAD_FAILED`. No event tells of a failure afterwards. To let calls end in peace, close when none is under way.
   *
   * @throws What the store throws while it closes.
   */
  close(): Promise<void> {
    this.#closing ??= this.#parts.shutdown.run(this.#parts);
    return this.#closing;
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** `warm()`, under the name that Glasswork calls. */
  onModuleInit(): Promise<void> {
    return this.warm();
  }

  /** `close()`, under the name that Glasswork calls. */
  onModuleDestroy(): Promise<void> {
    return this.close();
  }
}

const noLoad = (load: unknown) => invalid('load', load, 'a function');
