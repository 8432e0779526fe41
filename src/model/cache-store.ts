/**
 * The state of a key that a versioned read saw. Opaque: only the store that returned it can read it, in `setIfUnchanged`.
 * Two reads that saw the same state of a key give the same string.
 */
export type CacheVersion = string;

/** The outcome of a versioned read. */
export interface VersionedRead<T = unknown> {
  readonly value: T | undefined;
  readonly version: CacheVersion;
  /** The reason why the stored value cannot be read; `value` is undefined then. */
  readonly error?: unknown;
  /** When the value ends, epoch milliseconds by the store's clock, where the store knows. */
  readonly expiresAt?: number | undefined;
}

/** The outcome of a read from the nearest tier: a copy has no version, which only the last tier knows. */
export type NearestRead<T = unknown> = Omit<VersionedRead<T>, 'version'> & {
  readonly version: CacheVersion | undefined;
};

/** One entry of a batch write; `ttl` in seconds. */
export interface StoreEntry<T = unknown> {
  readonly key: string;
  readonly value: T;
  /** Seconds; fractions allowed. */
  readonly ttl: number;
}

/**
 * A place that keeps values. `CacheService` works on `get`, `set` and `del` alone; every optional member is a capability
 * that the service uses where it is present.
 *
 * A store enforces the expiry of its values to the millisecond. It serialises them, so `get` never returns the object that
 * went into `set`. It may reject: the service turns a rejected read into a miss.
 *
 * @example
 * ```ts
 * import { type CacheStore, CacheService } from '@glasswork/cache';
 *
 * const held = new Map<string, { json: string; until: number }>();
 * const store: CacheStore = {
 *   name: 'map',
 *   async get(key) {
 *     const record = held.get(key);
 *     return record && record.until > Date.now() ? JSON.parse(record.json) : undefined;
 *   },
 *   async set(key, value, ttl) {
 *     held.set(key, { json: JSON.stringify(value), until: Date.now() + ttl * 1000 });
 *   },
 *   async del(key) {
 *     held.delete(key);
 *   },
 * };
 * const cache = new CacheService(store);
 * ```
 */
export interface CacheStore {
  /** For logs and messages. */
  readonly name: string;
  /**
   * True if every record stays until its TTL, so that absence is proof. Otherwise records may be evicted, and a missing
   * tag or prefix version invalidates the entries that depend on it. Default false.
   */
  readonly durable?: boolean;
  /**
   * True if all readers of a key get one deeply frozen value. Otherwise every reader gets a copy. Default false.
   */
  readonly sharesFrozen?: boolean;
  /** The value, or undefined when there is none or it has expired. */
  get<T>(key: string): Promise<T | undefined>;
  /** Writes unconditionally. `ttl` in seconds. */
  set<T>(key: string, value: T, ttl: number): Promise<void>;
  /** Resolves once the removal is confirmed; a load that began before it can then no longer fill the key. */
  del(key: string): Promise<void>;
  has?(key: string): Promise<boolean>;
  /**
   * For a store that holds values in this process: the result of `get`, without waiting. Undefined if there is no value or
   * if the store cannot tell at once. Never throws. `now` is the current time in epoch milliseconds, for callers that have
   * just read the clock; by default the store reads it.
   */
  getIfPresent?<T>(key: string, now?: number): T | undefined;
  /** Deletes what the glob matches (`*`, `?`, `\` to escape) and resolves to the number deleted. */
  delByPattern?(pattern: string): Promise<number | undefined>;
  /** Physical: wipes everything that the store owns, fences included. Not what `CacheService.clear()` calls. */
  clear?(): Promise<void>;
  getMany?<T>(keys: readonly string[]): Promise<(T | undefined)[]>;
  setMany?(entries: readonly StoreEntry[]): Promise<void>;
  delMany?(keys: readonly string[]): Promise<void>;
  /** Writes only where there is no live value; resolves to whether it wrote. */
  add?<T>(key: string, value: T, ttl: number): Promise<boolean>;
  /** The value together with the version that `setIfUnchanged` compares; absence has a version too. */
  getVersioned?<T>(key: string): Promise<VersionedRead<T>>;
  /**
   * For a store with tiers: the copy of the nearest tier that has one; where none has, what `getVersioned` gives, which
   * is always what the last tier holds. The service serves copies, and reads the last tier before it loads anything.
   */
  getNearest?<T>(key: string): Promise<NearestRead<T>>;
  /** Writes only when the key is still as the versioned read saw it; resolves to whether it wrote. */
  setIfUnchanged?<T>(key: string, value: T, ttl: number, version: CacheVersion): Promise<boolean>;
  /**
   * A copy of a value as `get` would give it back under the key: a round trip through the serializer. Callers who share
   * a load get such copies. Throws, or rejects, for what cannot be written; such a value is not shared. Without it the
   * service makes structured clones.
   */
  copy?<T>(value: T, key: string): T | Promise<T>;
  /**
   * Gets ready for the first call, while a sandbox still initialises: opens connections, finds credentials. It reads
   * and writes nothing that costs. It may reject, and may be called again; several stores in one warm all of them.
   */
  warm?(): Promise<void>;
  /**
   * Proves with probe records of its own that the store can do what a service needs, and rejects with the first thing
   * that is wrong. `keyPrefix`: of the service that asks. Without it `CacheService.check()` probes by the other members.
   */
  check?(keyPrefix?: string): Promise<void>;
  close?(): Promise<void>;
}
