import {
  type CacheStore,
  type CacheVersion,
  NO_TOKEN,
  type StoreEntry,
  type VersionedRead,
} from '../../model/cache-store.js';
import { invalid } from '../../model/errors.js';
import { TOKEN_LIFE_MS } from '../../model/fence-window.js';
import { checkStore } from '../../resilience/check-store.js';
import { jsonSerializer } from '../../serializers/json.js';
import type { Serializer } from '../../serializers/serializer.js';
import { type ValueCodec, valueCodec } from '../../serializers/value-codec.js';
import { allSettled } from '../../util/all-settled.js';
import { globMatcher } from '../../util/glob.js';
import { attempt, type MaybePromise } from '../../util/promises.js';
import { uniqueId } from '../../util/unique-id.js';
import { OpenSets } from '../open-sets.js';
import { type Overflow, overflowOf } from '../overflow/overflow.js';
import type { InvalidationChannel } from '../tiered/invalidation-channel.js';
import { ALWAYS, NOTHING_LIVE, unchanged } from './conditions.js';
import type { Command, Connection } from './connection.js';
import { connectionOf } from './connection-of.js';
import { RedisInvalidations } from './invalidations.js';
import { type RedisKeys, redisKeys } from './keys.js';
import { type RedisCacheStoreOptions, valueLimit } from './options.js';
import { ID_BYTES, pointerId, RedisRecord, UNKNOWN_VERSION } from './record.js';
import { isValue, unlinkAll } from './scan.js';
import { recall, ValueMemo } from './value-memo.js';
import { RecordValues } from './values.js';
import { versionedWrites, type Write } from './writes.js';

/**
 * Keeps values in Redis or Valkey: a single server, Sentinel or Cluster.
 *
 *     load A    read: none, leaves token t1 ── loads ───────────── fill if still t1: refused
 *     del                      t1 is gone
 *     load B                       read: none, leaves token t2 ── loads ── fill if still t2: now v3
 *
 * Redis evicts keys, so absence proves nothing: a miss leaves a token in the same round trip, a fill needs that token,
 * and `del` removes it. Each operation is one command or script on one key. Operations issued in the same tick share
 * their packets.
 *
 * @throws CacheError `INVALID_OPTION` for neither or both of `url` and `client`, a URL or settings that cannot work, a
 * client that lacks a member or has a `keyPrefix`, or an empty prefix.
 *
 * @example
 * ```ts
 * import { CacheService, RedisCacheStore } from '@glasswork/cache';
 *
 * const store = new RedisCacheStore({ url: 'rediss://my-cache.example.com:6379', prefix: 'shop' });
 * export const cache = new CacheService(store, { defaultTTL: 300 });
 * ```
 */
export class RedisCacheStore implements CacheStore {
  readonly name = 'redis';
  readonly keepsLarge: boolean;
  readonly serializer: Serializer;
  readonly #connection: Connection;
  readonly #keys: RedisKeys;
  readonly #codec: ValueCodec;
  readonly measure: ValueCodec['measure'] = (report) => this.#codec.measure(report);
  readonly #known = new ValueMemo();
  readonly #overflow: Overflow | undefined;
  readonly #values: RecordValues;
  readonly #sets = new OpenSets();
  readonly #write: Write;

  constructor(options: RedisCacheStoreOptions) {
    if (!options) throw invalid('options', options, 'an object with url, nodes or client');
    const { prefix = 'cache' } = options;
    this.#keys = redisKeys(prefix);
    this.#overflow = overflowOf(options.overflow, prefix);
    this.keepsLarge = this.#overflow !== undefined;
    this.#codec = valueCodec(options.serializer);
    this.serializer = this.#codec.serializer;
    this.#values = new RecordValues(this.#codec, this.#overflow, valueLimit(options));
    this.#connection = connectionOf(options, this.#keys.unused);
    this.#write = versionedWrites({
      connection: this.#connection,
      keys: this.#keys,
      values: this.#values,
      memo: this.#known,
    });
  }

  async get<T>(key: string): Promise<T | undefined> {
    const stored = this.#keys.encode(key);
    const get: Command<Uint8Array | null> = (client) => client.getBuffer(stored);
    const raw = await this.#connection.send('get', key, get, 'read');
    if (raw === null) return undefined;
    const known = recall<T>(this.#known.find(stored), raw);
    return known ? known.value : this.#value<T>(new RedisRecord(raw), stored, key);
  }

  /** Promises instead of `await`, because every hit comes through here. */
  getVersioned<T>(key: string): Promise<VersionedRead<T>> {
    const stored = this.#keys.encode(key);
    // A plain GET, if a value is likely. Only from masters, because a replica may return an invalidated value.
    const known = this.#known.find(stored);
    if (!this.#connection.readsMasters || !known) return this.#readOrMark(stored, key);
    return this.#connection
      .send('get', key, (client) => client.getBuffer(stored), 'read')
      .then((raw) =>
        raw
          ? (recall<T>(known, raw) ?? this.#versioned<T>(raw, stored, key))
          : this.#readOrMark(stored, key),
      );
  }

  #versioned<T>(raw: Uint8Array, stored: string, key: string): MaybePromise<VersionedRead<T>> {
    // It does not count as failed, because hits still work.
    if (raw.length === 0) return { value: undefined, version: NO_TOKEN };
    const record = new RedisRecord(raw);
    const { version } = record;
    if (record.isToken) {
      this.#known.delete(stored);
      return { value: undefined, version };
    }
    return attempt(
      () => this.#value<T>(record, stored, key),
      (value) => ({ value, version, expiresAt: record.expiresAt }),
      (error) => ({ value: undefined, version, error }),
    );
  }

  async has(key: string): Promise<boolean> {
    const stored = this.#keys.encode(key);
    const start: Command<string> = (client) => client.getrange(stored, 0, ID_BYTES);
    const found = await this.#connection.send('has', key, start, 'read');
    const id = pointerId(found);
    // Nothing can follow a pointer without the overflow store.
    if (id !== undefined) return this.#overflow?.has(key, id) ?? false;
    return isValue(found.slice(0, 1));
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    const entry = { key, value, ttl };
    await this.#sets.run(key, (isOvertaken) => this.#write(entry, ALWAYS, isOvertaken));
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    return this.#write({ key, value, ttl }, NOTHING_LIVE);
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    const when = unchanged(version, key, this.#connection.place);
    return this.#write({ key, value, ttl }, when);
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    await allSettled(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)));
  }

  copy<T>(value: T, key: string): MaybePromise<T> {
    return this.#codec.copy(value, key);
  }

  async del(key: string): Promise<void> {
    const stored = this.#keys.encode(key);
    this.#known.delete(stored);
    this.#sets.overtake([key]);
    await this.#connection.send('del', key, (client) => client.unlink(stored), 'write');
  }

  async delMany(keys: readonly string[]): Promise<void> {
    await allSettled([...new Set(keys)].map((key) => this.del(key)));
  }

  /**
   * Scans every key of the database, other programs' included, on every master, in steps of 500, because SCAN has no
   * index by prefix. During a resharding it can miss keys that move. In requests, use tags.
   */
  async delByPattern(pattern: string): Promise<number> {
    this.#sets.overtakeMatching(globMatcher(pattern));
    return unlinkAll(this.#connection, this.#keys, 'delByPattern', pattern);
  }

  /** Deletes everything below the prefix, tokens and version records included. Other keys stay. */
  async clear(): Promise<void> {
    this.#sets.overtake();
    await unlinkAll(this.#connection, this.#keys, 'clear');
    await this.#overflow?.clear();
  }

  /**
   * A channel that tells all processes with this prefix which copies to drop from the tiers above this store. It takes
   * a second connection. For `TieredCacheStore`, which closes it.
   */
  invalidations(): InvalidationChannel {
    this.#connection.checkChannel();
    const { encode, unused } = this.#keys;
    return new RedisInvalidations(this.#connection, encode('#invalidations'), unused);
  }

  /** Opens the connection, so that the first command does not have to wait for it. */
  async warm(): Promise<void> {
    const ping = this.#connection.send('warm', undefined, (client) => client.ping(), 'read');
    await allSettled([ping, this.#overflow?.warm()]);
  }

  /** See `CacheService.check()`. `keyPrefix` is that of the service. @throws CacheError that names the fault. */
  async check(keyPrefix?: string): Promise<void> {
    await checkStore(this, keyPrefix);
    await this.#overflow?.check(keyPrefix);
  }

  /** Closes the client of a `url`, within half a second, and the overflow store. Your own `client` stays open. */
  async close(): Promise<void> {
    await allSettled([this.#connection.close(), this.#overflow?.close()]);
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Reads a record, or leaves a token if there is none. */
  #readOrMark<T>(stored: string, key: string): Promise<VersionedRead<T>> {
    return this.#connection
      .send(
        'get',
        key,
        // A new id for each try, because the token of a try whose reply was lost may have been read and removed.
        (client) => client.glassworkCacheReadBuffer(stored, uniqueId(), TOKEN_LIFE_MS),
        'read',
      )
      .then((raw) => this.#versioned(raw, stored, key));
  }

  #value<T>(record: RedisRecord, stored: string, key: string): MaybePromise<T | undefined> {
    if (record.isToken) return undefined;
    const { version } = record;
    // The caller names the type of its value, which no store can check.
    const parse = () => this.#values.read(record, key) as MaybePromise<T>;
    if (this.serializer === jsonSerializer && version !== UNKNOWN_VERSION && record.isText)
      return this.#known.read(stored, record, parse);
    if (!this.#known.find(stored)) this.#known.add(stored);
    return parse();
  }
}
