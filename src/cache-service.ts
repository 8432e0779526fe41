import { assemble, type ServiceParts } from './engine/assemble.js';
import { Invalidator } from './engine/invalidator.js';
import type { LoadContext } from './engine/loading/load-context.js';
import type { KeyLoad, Load, LoadMany } from './engine/loading/load-types.js';
import { Lookup } from './engine/lookup.js';
import { wrapMany } from './engine/many.js';
import { type Memoized, memoize, memoizeMany } from './engine/memoize.js';
import { type SetEntry, type SetPolicy, setAll } from './engine/writing/set-values.js';
import type { AnyKey, CacheKey, KeyFactory } from './model/cache-key.js';
import type { CacheStore } from './model/cache-store.js';
import type { CacheConfig } from './model/config.js';
import { tagsAmong } from './model/dependency.js';
import type { CacheEntry } from './model/entry.js';
import { invalid } from './model/errors.js';
import { givenList } from './model/given.js';
import type { Policy } from './model/policy.js';
import { isServable } from './model/snapshot.js';
import type { Duration } from './model/time.js';

/** The value types of typed keys, in their order. */
type ValuesOf<K extends readonly CacheKey<unknown>[]> = {
  -readonly [I in keyof K]: K[I] extends CacheKey<infer T> ? T | undefined : never;
};
/**
 * A cache over a store. The store keeps records; the service decides which of them it may serve.
 *
 * Reads and fills fail open: if the store is broken, slow or skipped, they are a miss and an event. `del`, `delMany`,
 * `delByPattern`, `invalidateTags` and `clear` always try, and reject unless the store confirms.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 *
 * const cache = new CacheService(new MemoryCacheStore(), { defaultTTL: '5m', keyPrefix: 'shop' });
 * const rates = await cache.wrap('rates', '1h', async () => ({ EUR: 1, USD: 1.08 }));
 * ```
 */
export class CacheService extends Invalidator {
  readonly #parts: ServiceParts;
  readonly #lookup: Lookup;

  /** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option. */
  constructor(store: CacheStore, config: CacheConfig = {}) {
    const parts = assemble(store, config);
    super(parts);
    this.#parts = parts;
    this.#lookup = new Lookup(parts);
  }

  /**
   * The value, or undefined if it is absent, expired, invalidated, of the wrong shape, or unreadable. `null`, `0`, `''`
   * and `false` are values. `get` followed by `set` is not fenced; `wrap` is. It misses until a background fill has
   * landed, see `CacheConfig.backgroundFill`; so do `getMany`, `getEntry` and `has`.
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
   * The values in the order of the keys, read together. Typed keys of several types return a tuple of their types.
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
    const [snapshot] = await this.#lookup.snapshots([key]);
    if (!snapshot || !isServable(snapshot)) return undefined;
    const { state } = snapshot;
    const { value, createdAt, staleAt, expiresAt, versions } = snapshot.entry;
    return { value, state, createdAt, staleAt, expiresAt, tags: tagsAmong(versions) };
  }

  /** True if `get` would return a value. */
  async has(key: AnyKey): Promise<boolean> {
    // The overload asks for a key of `createCacheKey`, of which only these members are read.
    return (await this.getEntry(key as string)) !== undefined;
  }

  /**
   * Writes a value. Resolves to true if the store wrote it; otherwise an event reports the reason. After a change in a
   * database use `del` or tags, which reject unless confirmed.
   *
   * @throws CacheError `INVALID_DURATION`, `INVALID_KEY` or `INVALID_OPTION`.
   */
  set<T>(key: CacheKey<T>, value: NoInfer<T>, ttl?: SetPolicy): Promise<boolean>;
  set<T>(key: string, value: T, ttl?: SetPolicy): Promise<boolean>;
  set(key: AnyKey, value: unknown, ttl?: SetPolicy): Promise<boolean> {
    return setAll(this.#parts, [{ key, value, ttl }]);
  }

  /** Writes many values. Resolves to true if the store wrote all of them. For typed keys see `entry`. */
  setMany(entries: readonly SetEntry[]): Promise<boolean> {
    return setAll(this.#parts, entries);
  }

  /**
   * Returns the cached value, or calls `load` and caches its result. A stale value is served immediately and refreshed
   * in the background. Concurrent callers share one load, with its value or error. Errors are never cached. With a
   * `waitUntil` it resolves once the value is loaded, and writes it to the store in the background.
   *
   * @throws The load's error; CacheError `TIMEOUT` after `hardTimeout`; the reason of `signal`; `LOAD_FAILED` if the
   * call would wait for the load that it is made in. It never throws because of the store.
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
      // The overloads take one kind of key each, the implementation both.
      if (typeof options === 'function') return this.wrap(key as string, {}, options);
      if (typeof load !== 'function') throw noLoad(load);
      return this.#lookup.wrap(key, this.#parts.policyOf(key, options), load);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** `wrap` for a value that is stale from `staleTTL` on, and expires after `maxTTL`. @throws The same as `wrap`. */
  wrapSWR<T>(key: CacheKey<T>, staleTTL: Duration, maxTTL: Duration, load: KeyLoad<T>): Promise<T>;
  wrapSWR<T>(key: string, staleTTL: Duration, maxTTL: Duration, load: Load<T>): Promise<T>;
  wrapSWR(
    key: AnyKey,
    staleTTL: Duration,
    maxTTL: Duration,
    load: Load<unknown>,
  ): Promise<unknown> {
    // The overloads take one kind of key each, the implementation both.
    return this.wrap(key as string, { staleTTL, ttl: maxTTL }, load);
  }

  /**
   * `wrap` for many keys: returns cached values, and calls `load` once for the missing ones.
   *
   * @throws The same as `wrap`; CacheError `LOAD_FAILED` if the load returns the wrong number of values.
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
    const list = givenList(keys, 'keys', 'INVALID_KEY');
    const wanted = list.map((key) => ({ key, policy: this.#parts.policyOf(key, own) }));
    return wrapMany(this.#parts, this.#lookup, {
      wanted,
      load: async (missing, context) => (await loads(missing, context)) ?? [],
    });
  }

  /**
   * Puts the cache around a function. `load` gets the arguments of the key's factory, and its context after them. Calls
   * with equal keys share a load.
   *
   * @throws CacheError `INVALID_OPTION` or `INVALID_DURATION`.
   *
   * @example
   * ```ts
   * import { CacheService, createCacheKey, MemoryCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new MemoryCacheStore());
   * const userKey = createCacheKey('user', (id: string) => `user:${id}`, { ttl: '5m' }).of<{ id: string }>();
   * const userOf = cache.memoize(userKey, async (id, { signal }) => {
   *   const response = await fetch(`https://api.example.com/users/${id}`, { signal });
   *   return response.json() as Promise<{ id: string }>;
   * });
   * await userOf('1');
   * await userOf.del('1');
   * ```
   */
  memoize<T, A extends readonly unknown[]>(
    key: KeyFactory<T, A>,
    load: (...args: [...A, LoadContext<NoInfer<T>>]) => NoInfer<T> | Promise<NoInfer<T>>,
    policy?: Policy,
  ): Memoized<T, A> {
    return memoize(this.#parts, this.#lookup, { key, load, policy });
  }

  /**
   * `memoize` for a load of many keys: calls issued in the same tick become one load of those that are not cached. A call
   * resolves to undefined if the load returns undefined for its key. @throws The same as `memoize`.
   */
  memoizeMany<T, A extends readonly unknown[]>(
    key: KeyFactory<T, A>,
    load: LoadMany<CacheKey<T, A>, NoInfer<T>>,
    policy?: Policy,
  ): Memoized<T, A> {
    return memoizeMany(this.#parts, this.#lookup, { key, load, policy });
  }
}

const noLoad = (load: unknown) => invalid('load', load, 'a function');
