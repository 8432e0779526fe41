/**
 * The state of a key as a versioned read saw it. Opaque: only the store that returned it understands it, in
 * `setIfUnchanged`. Two reads of the same state return the same string.
 */
export type CacheVersion = string;

/**
 * The version of a miss for whose token a store that evicts has no room. Nothing is filled with it, and two such misses do
 * not prove that nothing happened in between.
 */
export const NO_TOKEN: CacheVersion = 'none';

/** See `CacheStore.getVersioned`. */
export interface ReadOptions {
  readonly consistent?: boolean;
}

/** The outcome of a versioned read. */
export interface VersionedRead<T = unknown> {
  readonly value: T | undefined;
  readonly version: CacheVersion;
  /** The reason why the stored value cannot be read. `value` is undefined then. */
  readonly error?: unknown;
  /**
   * The value's expiry, epoch milliseconds by the store's clock, if the store knows it. `expire` writes a value back with
   * the rest of this time; without it, with the rest of the entry's own.
   */
  readonly expiresAt?: number | undefined;
}

/** The outcome of a read from the nearest tier. A copy has no version, because only the last tier knows it. */
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
 * Keeps values for a `CacheService`, which needs only `get`, `set` and `del`. Each optional member is a capability that
 * the service uses if the store has it.
 *
 * A store expires its values to the millisecond. It serialises them, so `get` never returns the object given to `set`.
 * It may reject: the service turns a rejected read into a miss.
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
  /** The store's name in logs and messages. */
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
  /**
   * True if values of several megabytes are kept: the store has an overflow store, or is one. Response caches then store
   * larger bodies. Default false.
   */
  readonly keepsLarge?: boolean;
  /** The value, or undefined if it is absent or has expired. */
  get<T>(key: string): Promise<T | undefined>;
  /** Writes unconditionally. `ttl` in seconds. */
  set<T>(key: string, value: T, ttl: number): Promise<void>;
  /** Resolves once the removal is confirmed. A load that began before it can then no longer fill the key. */
  del(key: string): Promise<void>;
  has?(key: string): Promise<boolean>;
  /**
   * For a store that holds values in this process: the result of `get`, without waiting. Undefined if there is no value
   * or if the store cannot tell without waiting. Never throws. `now` is the current time in epoch milliseconds, for callers
   * that have just read the clock; by default the store reads it.
   */
  getIfPresent?<T>(key: string, now?: number): T | undefined;
  /** Deletes the keys that match the glob (`*`, `?`, `\` to escape) and resolves to their number. */
  delByPattern?(pattern: string): Promise<number | undefined>;
  /** Deletes all records that the store owns, fences included. `CacheService.clear()` does not call it. */
  clear?(): Promise<void>;
  getMany?<T>(keys: readonly string[]): Promise<(T | undefined)[]>;
  setMany?(entries: readonly StoreEntry[]): Promise<void>;
  delMany?(keys: readonly string[]): Promise<void>;
  /** Writes only if the key has no live value. Resolves to true if it wrote. */
  add?<T>(key: string, value: T, ttl: number): Promise<boolean>;
  /**
   * The value with the version that `setIfUnchanged` compares. Absence has a version, too. `consistent`: the read must
   * see every write that was confirmed before it. Otherwise a replica may answer it.
   */
  getVersioned?<T>(key: string, options?: ReadOptions): Promise<VersionedRead<T>>;
  /**
   * For a store with tiers: the copy from the nearest tier that has one, or else the result of `getVersioned`, which
   * always reads the last tier. The service serves copies, and reads the last tier before it loads anything.
   */
  getNearest?<T>(key: string): Promise<NearestRead<T>>;
  /**
   * For a store with tiers: drops the copies of the key from all tiers above the last one, in other processes, too, as
   * `del` does. The service calls it once it has written a value back that counts as stale.
   */
  dropCopies?(key: string): Promise<void>;
  /** Writes only if the key is still as the versioned read saw it. Resolves to true if it wrote. */
  setIfUnchanged?<T>(key: string, value: T, ttl: number, version: CacheVersion): Promise<boolean>;
  /**
   * A copy of a value as `get` would return it under the key: a round trip through the serializer. Callers that share a
   * load get such copies. Throws, or rejects, for a value that cannot be written; such a value is not shared. Without
   * this member the service makes structured clones.
   */
  copy?<T>(value: T, key: string): T | Promise<T>;
  /**
   * Starts to report the bytes of values that the store reads and writes, in their stored form. Called at most once for
   * each service that listens to calls; the last call counts.
   */
  measure?: ((report: TrafficReport) => void) | undefined;
  /**
   * Reports failures that no call rejects with, such as those of a tier above the last one. Each service asks once, and
   * makes them `store-error` events. A store keeps every report as long as it lives, so it also keeps its services.
   */
  problems?: ((report: ProblemReport) => void) | undefined;
  /**
   * Prepares the first call, while a sandbox still initialises: opens connections, finds credentials. It reads and
   * writes nothing that costs money. It may reject, and may be called again. A tiered store warms all its tiers.
   */
  warm?(): Promise<void>;
  /**
   * Proves with its own probe records that the store can do what a service needs, and rejects with the first fault.
   * `keyPrefix` is that of the service. Without this member `CacheService.check()` probes through the other members.
   */
  check?(keyPrefix?: string): Promise<void>;
  close?(): Promise<void>;
}

/** A store with all that the fence needs. */
export type VersionedStore = CacheStore &
  Required<Pick<CacheStore, 'getVersioned' | 'setIfUnchanged'>>;

/** See `CacheStore.problems`. `operation` is what failed. */
export type ProblemReport = (operation: string, error: unknown) => void;

/** See `CacheStore.measure`. */
export type TrafficReport = (direction: 'read' | 'written', bytes: number) => void;
