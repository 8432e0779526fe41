import type {
  CacheStore,
  CacheVersion,
  ReadOptions,
  StoreEntry,
  VersionedRead,
} from '../../model/cache-store.js';
import { invalid } from '../../model/errors.js';
import { safeListener } from '../../model/event-log.js';
import { checkedBoolean, checkFunction } from '../../model/given.js';
import { type Clock, checkedClock } from '../../model/time.js';
import { checkStore } from '../../resilience/check-store.js';
import type { Serializer } from '../../serializers/serializer.js';
import { type ValueCodec, valueCodec } from '../../serializers/value-codec.js';
import { allSettled } from '../../util/all-settled.js';
import { globMatcher } from '../../util/glob.js';
import { inParallel } from '../../util/in-parallel.js';
import { OpenSets } from '../open-sets.js';
import { type Overflow, overflowOf } from '../overflow/overflow.js';
import { nothingLive, unchanged } from './conditions.js';
import type { Database, Item } from './database.js';
import { isDax, withoutVersions } from './dax.js';
import { httpDatabase } from './http-database.js';
import { type DynamoDBCacheStoreOptions, isTable, itemLimit } from './options.js';
import { batchedReads, type Read } from './reads.js';
import { RecentChanges } from './recent.js';
import { endOf, isLive, partitionKey, plain, versionOf } from './record.js';
import { scanTable } from './scan.js';
import { sdkDatabase } from './sdk-database.js';
import { ItemValues } from './values.js';
import { ALWAYS, versionedWrites, type Writes } from './writes.js';

/** The most writes in parallel, because a batch must not open a socket for each of its items. */
const MOST_WRITES = 25;

/**
 * Keeps values in one DynamoDB table: no VPC, no server, no SDK.
 *
 *     load A    read: version v1 ── loads ─────────────────── fill if still v1: refused
 *     del               tombstone: version v2 (UpdateItem SET ver = <fresh id> ADD n 1 REMOVE value)
 *     load B                     read: v2 ── loads ── fill if still v2: now v3
 *
 * `del` leaves a tombstone, because a late fill needs a version to compare with. A version is an id and a counter: a
 * write that is sent twice (a retry whose first try succeeded) counts twice, so it never restores an old version.
 * Every item stays for at least an hour, so an absent item proves to any younger load that nothing was invalidated.
 *
 * On DAX there are no versions: such a store has no `getVersioned`, `setIfUnchanged` or `add`, and says so once on the
 * console. See docs/dax.md.
 *
 * @throws CacheError `INVALID_OPTION` for a missing table name, region or endpoint.
 *
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 *
 * const store = new DynamoDBCacheStore({ tableName: 'my-cache', region: 'eu-central-1' });
 * export const cache = new CacheService(store, { defaultTTL: 300, keyPrefix: 'shop' });
 * ```
 */
export class DynamoDBCacheStore implements CacheStore {
  readonly name = 'dynamodb';
  readonly durable = true;
  readonly keepsLarge: boolean;
  readonly serializer: Serializer;
  readonly #tableName: string;
  readonly #database: Database;
  readonly #read: Read;
  readonly #sets = new OpenSets();
  readonly #writes: Writes;
  readonly #recent: RecentChanges;
  readonly #consistent: boolean;
  readonly #codec: ValueCodec;
  readonly measure: ValueCodec['measure'] = (report) => this.#codec.measure(report);
  readonly #values: ItemValues;
  readonly #overflow: Overflow | undefined;
  readonly #clock: Clock;
  readonly #onScan: NonNullable<DynamoDBCacheStoreOptions['onScan']>;

  constructor(options: DynamoDBCacheStoreOptions) {
    const tableName = options?.tableName;
    if (!isTable(tableName))
      throw invalid('tableName', tableName, 'the name of a table, or its ARN');
    const { client } = options;
    this.#tableName = tableName;
    this.#database = client
      ? sdkDatabase(client, tableName, options.timeouts?.total)
      : httpDatabase(options);
    this.#clock = checkedClock(options.clock);
    if (options.onScan) checkFunction(options.onScan, 'onScan');
    this.#onScan = safeListener(options.onScan);
    this.#read = batchedReads(this.#database, tableName);
    this.#recent = new RecentChanges(this.#clock);
    this.#consistent = checkedBoolean(options.consistentRead, 'consistentRead') ?? false;
    this.#codec = valueCodec(options.serializer);
    this.serializer = this.#codec.serializer;
    this.#overflow = overflowOf(options.overflow, tableName);
    this.keepsLarge = this.#overflow !== undefined;
    this.#values = new ItemValues(this.#codec, this.#overflow, itemLimit(options));
    this.#writes = versionedWrites({
      database: this.#database,
      tableName,
      clock: this.#clock,
      read: this.#read,
      recent: this.#recent,
      values: this.#values,
    });
    if (isDax(client)) withoutVersions(this);
  }

  async get<T>(key: string): Promise<T | undefined> {
    const item = await this.#find(key);
    return isLive(item, this.#clock.now()) ? this.#values.read(item, key) : undefined;
  }

  async getVersioned<T>(key: string, options?: ReadOptions): Promise<VersionedRead<T>> {
    const item = await this.#find(key, options?.consistent);
    const version = versionOf(item);
    if (!isLive(item, this.#clock.now())) return { value: undefined, version };
    try {
      const value = await this.#values.read<T>(item, key);
      return { value, version, expiresAt: endOf(item) };
    } catch (error) {
      return { value: undefined, version, error };
    }
  }

  async has(key: string): Promise<boolean> {
    const item = await this.#find(key);
    if (!isLive(item, this.#clock.now())) return false;
    return this.#values.has(item, key);
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    await this.#sets.run(key, (isOvertaken) =>
      this.#writes.value({ key, value, ttl }, ALWAYS, isOvertaken),
    );
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    const condition = unchanged(version);
    return this.#writes.value({ key, value, ttl }, { condition, retry: 'always' });
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    const condition = nothingLive(this.#clock.now());
    return this.#writes.value({ key, value, ttl }, { condition, retry: 'always' });
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    // Only the last entry of each key, because entries sent in parallel can arrive in any order.
    const unique = new Map(entries.map((entry) => [entry.key, entry])).values();
    await inParallel([...unique], MOST_WRITES, ({ key, value, ttl }) => this.set(key, value, ttl));
  }

  copy<T>(value: T, key: string): T | Promise<T> {
    return this.#codec.copy(value, key);
  }

  async del(key: string): Promise<void> {
    this.#sets.overtake([key]);
    await this.#writes.tombstone(partitionKey(key));
  }

  async delMany(keys: readonly string[]): Promise<void> {
    this.#sets.overtake(keys);
    await this.#writeTombstones(keys.map(partitionKey));
  }

  /** Scans the whole table and pays for every item in it, even if nothing matches. */
  async delByPattern(pattern: string): Promise<number> {
    this.#sets.overtakeMatching(globMatcher(pattern));
    let deleted = 0;
    for await (const items of this.#scan('delByPattern', pattern)) {
      // Tombstones, because a deleted item could not refuse a fill. Values that have expired by this clock get one,
      // too, because another process may still see them live.
      await this.#writeTombstones(items.map(({ pk }) => String(plain(pk))));
      deleted += items.filter((item) => isLive(item, this.#clock.now())).length;
    }
    return deleted;
  }

  /** Deletes every item that a store wrote, tombstones and version records included. Other items stay. */
  async clear(): Promise<void> {
    this.#sets.overtake();
    const TableName = this.#tableName;
    for await (const items of this.#scan('clear')) {
      await inParallel(items, MOST_WRITES, async ({ pk }) => {
        await this.#database.send('delete', { TableName, Key: { pk } }, 'always');
        this.#recent.add(String(plain(pk)));
      });
    }
    await this.#overflow?.clear();
  }

  /**
   * Opens a connection to DynamoDB, TLS included, and finds the credentials, so that the first read need not. It costs
   * no capacity. With `client` it calls the function that makes the client, and loads the client's packages.
   *
   * @throws CacheError `TIMEOUT`, `STORE_FAILED` or `NO_CREDENTIALS`, and any error of your function.
   * `CacheService.warm()` never throws.
   */
  async warm(): Promise<void> {
    await allSettled([this.#database.warm(), this.#overflow?.warm()]);
  }

  /** See `CacheService.check()`. `keyPrefix` is that of the service. @throws CacheError that names the fault. */
  async check(keyPrefix?: string): Promise<void> {
    const TableName = this.#tableName;
    await checkStore(this, keyPrefix, (key) => {
      const Key = { pk: partitionKey(key) };
      return this.#database.send('delete', { TableName, Key }, 'always');
    });
    await this.#overflow?.check(keyPrefix);
  }

  /** Closes the connections, and the overflow store. Your own `client` stays open. */
  async close(): Promise<void> {
    this.#database.close();
    await this.#overflow?.close();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #scan(operation: 'delByPattern' | 'clear', pattern?: string): AsyncGenerator<Item[]> {
    return scanTable(this.#database, this.#tableName, pattern, (readUnits) =>
      this.#onScan({ operation, readUnits }),
    );
  }

  #find(key: string, consistent = false): Promise<Item | undefined> {
    const pk = partitionKey(key);
    return this.#read(pk, consistent || this.#consistent || this.#recent.has(pk));
  }

  async #writeTombstones(pks: readonly string[]): Promise<void> {
    await inParallel([...new Set(pks)], MOST_WRITES, (pk) => this.#writes.tombstone(pk));
  }
}
