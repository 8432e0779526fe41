import type { CacheStore, StoreEntry } from '../../model/cache-store.js';
import { bareValue, envelopeOf } from '../../model/entry.js';
import { givenObject } from '../../model/given.js';
import { type Clock, systemClock } from '../../model/time.js';
import { checkStore } from '../../resilience/check-store.js';
import type { Serializer } from '../../serializers/serializer.js';
import { type ValueCodec, valueCodec } from '../../serializers/value-codec.js';
import { allSettled } from '../../util/all-settled.js';
import { isPromise, type MaybePromise } from '../../util/promises.js';
import { OpenSets } from '../open-sets.js';
import { type KeyvAccess, keyvAccess } from './connection.js';
import type { KeyvCacheStoreOptions } from './options.js';
import { parseRecord, recordText, storedValue } from './record.js';

/**
 * How much longer than its value a record stays in Keyv, milliseconds. The record says when its value expires. The ttl of a
 * storage only collects garbage, by another clock and often in whole seconds.
 */
const GARBAGE_MS = 60_000;

/** Keyv 6 refuses an empty key. No other storage key begins like this. */
const EMPTY_KEY = '#empty:';

/**
 * Keeps values in any storage of Keyv: give a Keyv of version 5 or 6, one of its storage adapters, or a Map.
 *
 * Keyv compares no versions. So a slow load can bring an invalidated value back, an invalidation during a load in
 * another process does not refuse its fill, and there are no leases and no patterns. Prefer the stores of this package
 * where one fits. Keyv hides the errors of its storage; this store listens for them, so that a failed read is an event
 * and a failed `del` rejects.
 *
 * @throws CacheError `INVALID_OPTION` for an object without `get`, `set`, `delete` or `clear`.
 *
 * @example
 * ```ts
 * import { CacheService } from '@glasswork/cache';
 * import { KeyvCacheStore } from '@glasswork/cache/keyv';
 * import Keyv from 'keyv';
 *
 * const store = new KeyvCacheStore(new Keyv({ namespace: 'cache' }));
 * const cache = new CacheService(store, { defaultTTL: 300 });
 * ```
 */
export class KeyvCacheStore implements CacheStore {
  readonly name = 'keyv';
  readonly serializer: Serializer;
  readonly measure: ValueCodec['measure'] = (report) => this.#codec.measure(report);
  readonly #keyv: KeyvAccess;
  readonly #codec: ValueCodec;
  readonly #clock: Clock;
  readonly #sets = new OpenSets();

  constructor(keyv: object, options: KeyvCacheStoreOptions = {}) {
    this.#keyv = keyvAccess(keyv);
    this.#codec = valueCodec(givenObject(options).serializer);
    this.serializer = this.#codec.serializer;
    this.#clock = options.clock ?? systemClock;
  }

  async get<T>(key: string): Promise<T | undefined> {
    return this.#value<T>(await this.#keyv.get(keyvKey(key)), key);
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    const found = await this.#keyv.getMany(keys.map(keyvKey));
    return Promise.all(keys.map((key, i) => this.#value<T>(found[i], key)));
  }

  async has(key: string): Promise<boolean> {
    const stored = await this.#keyv.get(keyvKey(key));
    return !isAbsent(stored) && parseRecord(stored, key).endMs > this.#clock.now();
  }

  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    await this.#sets.run(key, (isOvertaken) => this.#set({ key, value, ttl }, isOvertaken));
  }

  async #set({ key, value, ttl }: StoreEntry, isOvertaken: () => boolean): Promise<void> {
    const endMs = this.#clock.now() + ttl * 1000;
    const serialized = this.#codec.serialize(bareValue(value), key);
    // An `await` for nothing would send the write after a `del` that was called after it.
    const raw = isPromise(serialized) ? await serialized : serialized;
    if (isOvertaken()) return;
    const ttlMs = Math.ceil(ttl * 1000) + GARBAGE_MS;
    const record = recordText(raw, envelopeOf(value), endMs);
    await this.#keyv.set(keyvKey(key), record, ttlMs, Math.ceil(endMs) + GARBAGE_MS);
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    // Only the last entry of each key, because a storage may write them in any order.
    const unique = [...new Map(entries.map((entry) => [entry.key, entry])).values()];
    await allSettled(unique.map(({ key, value, ttl }) => this.set(key, value, ttl)));
  }

  async del(key: string): Promise<void> {
    this.#sets.overtake([key]);
    await this.#keyv.delete(keyvKey(key));
  }

  async delMany(keys: readonly string[]): Promise<void> {
    await allSettled([...new Set(keys)].map((key) => this.del(key)));
  }

  copy<T>(value: T, key: string): MaybePromise<T> {
    return this.#codec.copy(value, key);
  }

  /** Clears the Keyv: everything in its namespace, or in the whole storage if it has none. */
  async clear(): Promise<void> {
    this.#sets.overtake();
    await this.#keyv.clear();
  }

  /** See `CacheService.check()`. `keyPrefix` is that of the service. @throws CacheError that names the fault. */
  check(keyPrefix?: string): Promise<void> {
    return checkStore(this, keyPrefix);
  }

  /** Stops listening for errors. Your Keyv stays open. */
  async close(): Promise<void> {
    this.#keyv.close();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #value<T>(stored: unknown, key: string): MaybePromise<T | undefined> {
    if (isAbsent(stored)) return undefined;
    const record = parseRecord(stored, key);
    if (record.endMs <= this.#clock.now()) return undefined;
    // The caller names the type of its value, which no store can check.
    return storedValue(record, key, this.#codec) as MaybePromise<T>;
  }
}

const keyvKey = (key: string): string => key || EMPTY_KEY;

/** Some storages return null. */
const isAbsent = (stored: unknown): boolean => stored === undefined || stored === null;
