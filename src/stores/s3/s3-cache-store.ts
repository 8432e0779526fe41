import type {
  CacheStore,
  CacheVersion,
  StoreEntry,
  VersionedRead,
} from '../../model/cache-store.js';
import { type Clock, checkedClock, monotonic } from '../../model/time.js';
import { checkStore } from '../../resilience/check-store.js';
import type { Serializer } from '../../serializers/serializer.js';
import { type ValueCodec, valueCodec } from '../../serializers/value-codec.js';
import { inParallel } from '../../util/in-parallel.js';
import { isPromise } from '../../util/promises.js';
import { OpenSets } from '../open-sets.js';
import type { When } from './conditions.js';
import { ABSENT, type Database, type StoredObject } from './database.js';
import { foreign } from './error.js';
import { httpDatabase } from './http-database.js';
import { matcher, type S3Keys, s3Keys } from './keys.js';
import { checkedBucket, type S3CacheStoreOptions } from './options.js';
import { HEAD_BYTES, type S3Record, s3Record, tombstone } from './record.js';
import { deleteObjects, listNames } from './scan.js';
import { sdkDatabase } from './sdk-database.js';
import { ObjectValues } from './values.js';
import { versionedWrites, type Write } from './writes.js';

/** The most requests of one call in parallel, because a batch must not open a socket for each of its objects. */
const MOST_REQUESTS = 25;

/**
 * Keeps values in an S3 bucket: for large values, alone or as the `overflow` of another store.
 *
 *     load A    read: ETag e1 ── loads ───────────────────── PUT if it is still e1: refused
 *     del             tombstone: ETag e2 (PUT if it is still e1)
 *     load B                       read: e2 ── loads ── PUT if it is still e2: now e3
 *
 * `del` leaves a tombstone, because a late fill needs an ETag to compare with. The bucket needs a lifecycle rule that
 * deletes old objects; see docs/s3.md. Expiry is in the object and exact, whatever that rule says.
 *
 * @throws CacheError `INVALID_OPTION` for a wrong bucket, prefix, region or endpoint.
 *
 * @example
 * ```ts
 * import { CacheService, S3CacheStore } from '@glasswork/cache';
 *
 * const store = new S3CacheStore({ bucket: 'my-cache-bucket', region: 'eu-central-1' });
 * export const cache = new CacheService(store, { defaultTTL: '1h', keyPrefix: 'reports' });
 * ```
 */
export class S3CacheStore implements CacheStore {
  readonly name = 's3';
  readonly durable = true;
  readonly keepsLarge = true;
  readonly serializer: Serializer;
  readonly #database: Database;
  readonly #keys: S3Keys;
  readonly #sets = new OpenSets();
  readonly #write: Write;
  readonly #values: ObjectValues;
  readonly #codec: ValueCodec;
  readonly measure: ValueCodec['measure'] = (report) => this.#codec.measure(report);
  readonly #clock: Clock;

  constructor(options: S3CacheStoreOptions) {
    const bucket = checkedBucket(options);
    const { prefix = 'cache', client } = options;
    this.#keys = s3Keys(prefix);
    this.#database = client
      ? sdkDatabase(client, { bucket, prefix }, options.timeouts?.total)
      : httpDatabase({ ...options, bucket }, prefix);
    this.#clock = checkedClock(options.clock);
    this.#write = versionedWrites(this.#database, this.#clock);
    this.#codec = valueCodec(options.serializer);
    this.#values = new ObjectValues(this.#codec);
    this.serializer = this.#codec.serializer;
  }

  async get<T>(key: string): Promise<T | undefined> {
    const object = await this.#database.get(this.#keys.encode(key));
    return object && this.#value<T>(object, key);
  }

  /** S3 is strongly consistent, so every read sees the last write. */
  async getVersioned<T>(key: string): Promise<VersionedRead<T>> {
    const object = await this.#database.get(this.#keys.encode(key));
    if (!object) return { value: undefined, version: ABSENT };
    const { etag: version } = object;
    try {
      const value = await this.#value<T>(object, key);
      if (value === undefined) return { value, version };
      return { value, version, expiresAt: s3Record(object.body)?.end };
    } catch (error) {
      return { value: undefined, version, error };
    }
  }

  async has(key: string): Promise<boolean> {
    const record = await this.#head(this.#keys.encode(key));
    return record?.isLive(this.#clock.now()) ?? false;
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    const values: (T | undefined)[] = keys.map(() => undefined);
    await inParallel([...keys.entries()], MOST_REQUESTS, async ([i, key]) => {
      values[i] = await this.get<T>(key);
    });
    return values;
  }

  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    await this.#sets.run(key, (isOvertaken) =>
      this.#put({ key, value, ttl }, 'always', isOvertaken),
    );
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    return this.#put({ key, value, ttl }, { etag: version });
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    return this.#put({ key, value, ttl }, 'nothing-live');
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    // Only the last entry of each key, because entries sent in parallel can arrive in any order.
    const unique = new Map(entries.map((entry) => [entry.key, entry])).values();
    await inParallel([...unique], MOST_REQUESTS, ({ key, value, ttl }) =>
      this.set(key, value, ttl),
    );
  }

  copy<T>(value: T, key: string): T | Promise<T> {
    return this.#codec.copy(value, key);
  }

  async del(key: string): Promise<void> {
    this.#sets.overtake([key]);
    await this.#write(this.#keys.encode(key), tombstone(key), 'always');
  }

  async delMany(keys: readonly string[]): Promise<void> {
    await inParallel([...new Set(keys)], MOST_REQUESTS, (key) => this.del(key));
  }

  /** Lists the names that the pattern's literal start leads to, and reads the first bytes of each object that matches. */
  async delByPattern(pattern: string): Promise<number> {
    const matches = matcher(pattern);
    this.#sets.overtakeMatching(matches);
    let deleted = 0;
    for await (const names of listNames(this.#database, this.#keys, pattern)) {
      const candidates = names.filter((name) => {
        const key = this.#keys.decode(name);
        return key === null || (key !== undefined && matches(key));
      });
      await inParallel(candidates, MOST_REQUESTS, async (name) => {
        if (await this.#delIfMatching(name, matches)) deleted++;
      });
    }
    return deleted;
  }

  /** Deletes every object that a store wrote below the prefix, tombstones and version records included. */
  async clear(): Promise<void> {
    this.#sets.overtake();
    for await (const names of listNames(this.#database, this.#keys))
      await deleteObjects(this.#database, names);
  }

  /**
   * Opens a connection to S3, TLS included, and finds the credentials, so that the first read need not. It costs
   * nothing. With `client` it calls the function that makes the client, and loads the client's package.
   *
   * @throws CacheError `TIMEOUT`, `STORE_FAILED` or `NO_CREDENTIALS`, and any error of your function.
   * `CacheService.warm()` never throws.
   */
  warm(): Promise<void> {
    return this.#database.warm();
  }

  /** See `CacheService.check()`. `keyPrefix` is that of the service. @throws CacheError that names the fault. */
  check(keyPrefix?: string): Promise<void> {
    return checkStore(this, keyPrefix, (key) => this.#database.delete([this.#keys.encode(key)]));
  }

  /** Closes the connections. Your own `client` stays open. */
  async close(): Promise<void> {
    this.#database.close();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The value of an object, or undefined if it has none. @throws CacheError `CORRUPT`. */
  async #value<T>({ body }: StoredObject, key: string): Promise<T | undefined> {
    const record = s3Record(body);
    if (!record) throw foreign(key);
    if (!record.isLive(this.#clock.now())) return undefined;
    // The caller names the type of its value, which no store can check.
    return (await this.#values.read(record, key)) as T;
  }

  /** The record of a name, without its value. */
  async #head(name: string): Promise<(S3Record & { readonly etag: string }) | undefined> {
    const object = await this.#database.get(name, HEAD_BYTES);
    const record = object && s3Record(object.body);
    return record && { ...record, etag: object.etag };
  }

  /** Resolves to true if a live value was deleted. */
  async #delIfMatching(name: string, matches: (key: string) => boolean): Promise<boolean> {
    const record = await this.#head(name);
    if (!record || record.isTombstone) return false;
    const key = this.#keys.decode(name) ?? record.key() ?? (await this.#longKey(name));
    if (key === undefined || !matches(key)) return false;
    // A tombstone also for a value that has expired by this clock, because another process may still see it live.
    await this.#write(name, tombstone(key), 'always', { etag: record.etag });
    return record.isLive(this.#clock.now());
  }

  /** A key that is longer than the first bytes of its object. */
  async #longKey(name: string): Promise<string | undefined> {
    const object = await this.#database.get(name);
    return object && s3Record(object.body)?.key();
  }

  /** Writes a value, if the condition holds. Resolves to true if it was written. */
  async #put(entry: StoreEntry, when: When, isOvertaken?: () => boolean): Promise<boolean> {
    const called = [this.#clock.now(), monotonic()] as const;
    const made = this.#values.content(entry, called[0] + entry.ttl * 1000);
    // An `await` for nothing would send the write after a `del` that was called after it.
    const content = isPromise(made) ? await made : made;
    return this.#write(this.#keys.encode(entry.key), content, when, { called, isOvertaken });
  }
}
