import {
  type CacheStore,
  type CacheVersion,
  NO_TOKEN,
  type StoreEntry,
  type VersionedRead,
} from '../../model/cache-store.js';
import { bareValue, Entry, isEntry } from '../../model/entry.js';
import { checkedBoolean, givenObject } from '../../model/given.js';
import { type Clock, checkedClock } from '../../model/time.js';
import { checkStore } from '../../resilience/check-store.js';
import { jsonSerializer } from '../../serializers/json.js';
import type { Raw, SyncSerializer } from '../../serializers/serializer.js';
import { type SyncCodec, syncCodec } from '../../serializers/sync-codec.js';
import { copyOfTree } from '../../util/clone.js';
import { freezeDeep } from '../../util/deep-freeze.js';
import { globMatcher } from '../../util/glob.js';
import { tooLarge } from './error.js';
import { HeapSize, rawBytes } from './heap-size.js';
import { bound, type MemoryCacheStoreOptions } from './options.js';
import { frameBytes, newRecord, ownRaw, PAST, refill, type Stored } from './record.js';
import { Sieve } from './sieve.js';

/**
 * Keeps values in this process: for tests, for local work, and as a first tier. It serialises like a remote store, so a
 * value that would not survive the network does not survive here, and no caller sees another caller's changes.
 * Records are evicted (SIEVE) when the store is full, so absence proves nothing: a versioned miss leaves a token, a
 * fill needs that token, and `del` removes it.
 *
 * @throws CacheError `INVALID_OPTION` for a limit that is not a number above zero, or an asynchronous serializer.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 *
 * const cache = new CacheService(new MemoryCacheStore({ maxEntries: 1_000 }), { defaultTTL: 300 });
 * await cache.set('greeting', 'hello');
 * ```
 */
export class MemoryCacheStore implements CacheStore {
  readonly name = 'memory';
  readonly sharesFrozen: boolean;
  readonly serializer: SyncSerializer;
  readonly #records = new Map<string, Stored>();
  readonly #sieve = new Sieve<Stored>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #codec: SyncCodec;
  readonly #clock: Clock;
  readonly #sizes = new HeapSize();
  #bytes = 0;
  #versions = 0;

  constructor(options: MemoryCacheStoreOptions = {}) {
    this.#maxEntries = bound(givenObject(options).maxEntries ?? 10_000, 'maxEntries');
    this.#maxBytes = bound(options.maxBytes ?? 64 * 1024 * 1024, 'maxBytes');
    this.#codec = syncCodec('MemoryCacheStore', options.serializer);
    this.serializer = this.#codec.serializer;
    this.sharesFrozen = checkedBoolean(options.frozen, 'frozen') ?? false;
    this.#clock = checkedClock(options.clock);
  }

  async get<T>(key: string): Promise<T | undefined> {
    const record = this.#live(key);
    return record && this.#value<T>(record);
  }

  async getVersioned<T>(key: string): Promise<VersionedRead<T>> {
    const record = this.#live(key);
    if (!record) return { value: undefined, version: this.#token(key) };
    const { version, expiresAt } = record;
    try {
      return { value: this.#value<T>(record), version, expiresAt };
    } catch (error) {
      return { value: undefined, version, error };
    }
  }

  getIfPresent<T>(key: string, now?: number): T | undefined {
    const record = this.#live(key, now);
    // The caller names the type of its value, which no store can check.
    return record && ((record.shared as T | undefined) ?? this.#readable<T>(record));
  }

  async has(key: string): Promise<boolean> {
    return this.#live(key) !== undefined;
  }

  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    this.#write(key, value, ttl);
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    if (this.#live(key)) return false;
    this.#write(key, value, ttl);
    return true;
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    if (this.#records.get(key)?.version !== version) return false;
    this.#write(key, value, ttl);
    return true;
  }

  async del(key: string): Promise<void> {
    this.#drop(this.#records.get(key));
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    for (const { key, value, ttl } of entries) this.#write(key, value, ttl);
  }

  async delMany(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#drop(this.#records.get(key));
  }

  async delByPattern(pattern: string): Promise<number> {
    const matches = globMatcher(pattern);
    const matching = [...this.#records.values()].filter((record) => matches(record.key));
    const live = matching.filter((record) => this.#live(record.key));
    for (const record of matching) this.#drop(record);
    return live.length;
  }

  copy<T>(value: T, key: string): T {
    return this.#codec.copy(value, key);
  }

  async clear(): Promise<void> {
    for (const record of [...this.#records.values()]) this.#drop(record);
  }

  /** See `CacheService.check()`. `keyPrefix` is that of the service. @throws CacheError that names the fault. */
  check(keyPrefix?: string): Promise<void> {
    return checkStore(this, keyPrefix);
  }

  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}

  /** The record, if its value has not expired. An expired record keeps its version as a token. */
  #live(key: string, now = this.#clock.now()): Stored | undefined {
    const record = this.#records.get(key);
    if (!record) return undefined;
    if (now >= record.expiresAt) return this.#expire(record);
    record.visited = true;
    return record;
  }

  #expire(record: Stored): undefined {
    if (record.expiresAt === PAST) return;
    // An expired read still counts as a visit, so eviction spares the refill.
    record.visited = true;
    refill(record, undefined, undefined, PAST);
    this.#count(record, frameBytes(record.key, undefined));
  }

  /** Undefined if the value cannot be read. `get` reports the reason. */
  #readable<T>(record: Stored): T | undefined {
    try {
      return this.#value<T>(record);
    } catch {
      return undefined;
    }
  }

  #value<T>(record: Stored): T {
    // The caller names the type of its value.
    return (record.shared === undefined ? this.#read(record) : record.shared) as T;
  }

  #read(record: Stored): unknown {
    const { raw, key } = record;
    const read = raw === undefined ? record.tree : this.#codec.deserialize(ownRaw(raw), key);
    if (this.sharesFrozen && freezeDeep(read)) {
      record.shared = record.envelope ? new Entry(record.envelope, read) : read;
      record.raw = undefined;
      this.#resize(record, read);
      return record.shared;
    }
    // Bytes are not JSON: they are a value that another store has serialised.
    if (this.serializer === jsonSerializer && typeof raw === 'string') {
      record.tree = read;
      record.raw = undefined;
      this.#resize(record, read);
    }
    const value = record.tree === undefined ? read : copyOfTree(read);
    return record.envelope ? new Entry(record.envelope, value) : value;
  }

  #write(key: string, value: unknown, ttl: number): void {
    const envelope = isEntry(value) ? new Entry(value, undefined) : undefined;
    const raw = this.#codec.serialize(bareValue(value), key);
    this.#put(key, ownRaw(raw), envelope, this.#clock.now() + ttl * 1000);
  }

  /** A key too long for any record gets no token, so it cannot be filled. */
  #token(key: string): CacheVersion {
    if (frameBytes(key, undefined) > this.#maxBytes) return NO_TOKEN;
    return (this.#records.get(key) ?? this.#put(key, undefined, undefined, PAST)).version;
  }

  /** An overwritten record keeps its place, and an overwritten value counts as read, so eviction spares it. */
  #put(key: string, raw: Raw | undefined, envelope: Entry | undefined, expiresAt: number): Stored {
    const bytes = frameBytes(key, envelope) + (raw === undefined ? 0 : rawBytes(raw));
    if (bytes > this.#maxBytes) throw tooLarge(key, bytes, this.#maxBytes);
    const held = this.#records.get(key);
    if (held && held.expiresAt !== PAST) held.visited = true;
    const record = held ?? newRecord(key);
    const full = () => !held && this.#records.size >= this.#maxEntries;
    while (full() || this.#bytes - record.bytes + bytes > this.#maxBytes)
      this.#drop(this.#sieve.victimFor(record));
    if (!held) {
      this.#records.set(key, record);
      this.#sieve.add(record);
    }
    record.version = String(++this.#versions);
    refill(record, raw, envelope, expiresAt);
    this.#count(record, bytes);
    return record;
  }

  /** Counts a value anew after its first read, because a parsed value may need several times the memory of its text. */
  #resize(record: Stored, value: unknown): void {
    const { key, envelope, shared } = record;
    const size = this.#sizes.ofTree(value, key, shared !== undefined);
    this.#count(record, frameBytes(key, envelope) + size);
    while (this.#bytes > this.#maxBytes) this.#drop(this.#sieve.victim());
  }

  #count(record: Stored, bytes: number): void {
    this.#bytes += bytes - record.bytes;
    record.bytes = bytes;
  }

  #drop(record: Stored | undefined): void {
    if (!record || !this.#records.delete(record.key)) return;
    this.#sieve.remove(record);
    this.#bytes -= record.bytes;
  }
}
