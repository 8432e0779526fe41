import type {
  CacheStore,
  CacheVersion,
  StoreEntry,
  VersionedRead,
} from '../../model/cache-store.js';
import { CacheError, invalid } from '../../model/errors.js';
import { LONGEST_SEND_MS, SHORTEST_RECORD_MS } from '../../model/fence-window.js';
import { type Clock, monotonic, systemClock } from '../../model/time.js';
import { jsonSerializer } from '../../serializers/json.js';
import type { Serializer } from '../../serializers/serializer.js';
import type { Database, Item } from './database.js';
import { httpDatabase } from './http-database.js';
import { inParallel } from './in-parallel.js';
import { type DynamoDBCacheStoreOptions, itemLimit } from './options.js';
import { batchedReads, type Read } from './reads.js';
import { RecentChanges } from './recent.js';
import {
  endOf,
  isLive,
  partitionKey,
  plain,
  rawValue,
  unchanged,
  updateRequest,
  versionOf,
} from './record.js';
import { scanTable } from './scan.js';
import { sdkDatabase } from './sdk-database.js';

/** What an item needs besides its key and value: the names, versions and times. */
const OVERHEAD_BYTES = 150;
/** Writes at once: a batch must not open a socket for each of its items. */
const MOST_WRITES = 25;

/**
 * Keeps values in one DynamoDB table: no VPC, no server, no SDK.
 *
 *     load A    read: version v1 ── loads ─────────────────── fill if still v1: refused
 *     del                  marker: version v2 (UpdateItem SET ver = <fresh id> ADD n 1 REMOVE value)
 *     load B                     read: v2 ── loads ── fill if still v2: now v3
 *
 * `del` leaves a marker, so that there is always something to compare with. A version is an id and a counter: a write
 * that is sent twice (a retry whose first try succeeded) counts twice, so it never brings an old version back. Every
 * record stays an hour at least; absence is proof for any load that is younger.
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
  readonly #tableName: string;
  readonly #database: Database;
  readonly #read: Read;
  readonly #recent: RecentChanges;
  readonly #consistent: boolean;
  readonly #serializer: Serializer;
  readonly #maxItemBytes: number;
  readonly #clock: Clock;
  readonly #onScan: DynamoDBCacheStoreOptions['onScan'];

  constructor(options: DynamoDBCacheStoreOptions) {
    const { tableName, client } = options;
    if (!tableName || typeof tableName !== 'string')
      throw invalid('tableName', tableName, 'a name');
    this.#tableName = tableName;
    this.#database = client
      ? sdkDatabase(client, tableName, options.timeouts?.total)
      : httpDatabase(options);
    this.#clock = options.clock ?? systemClock;
    this.#onScan = options.onScan;
    this.#read = batchedReads(this.#database, tableName);
    this.#recent = new RecentChanges(this.#clock);
    this.#consistent = options.consistentRead ?? false;
    this.#serializer = options.serializer ?? jsonSerializer;
    this.#maxItemBytes = itemLimit(options.maxItemBytes);
  }

  async get<T>(key: string): Promise<T | undefined> {
    const item = await this.#find(key);
    return isLive(item, this.#clock.now()) ? this.#value(item, key) : undefined;
  }

  async getVersioned<T>(key: string): Promise<VersionedRead<T>> {
    const item = await this.#find(key);
    const version = versionOf(item);
    if (!isLive(item, this.#clock.now())) return { value: undefined, version };
    try {
      return { value: this.#value<T>(item, key), version, expiresAt: endOf(item) };
    } catch (error) {
      return { value: undefined, version, error };
    }
  }

  async has(key: string): Promise<boolean> {
    return isLive(await this.#find(key), this.#clock.now());
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  /** Not sent again once bytes were sent: a copy that arrives late would undo what was written after it. */
  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    await this.#put(key, value, ttl, 'unsent');
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    return this.#put(key, value, ttl, 'always', unchanged(version));
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    const condition = 'attribute_not_exists(#value) OR #exp <= :now';
    const values = { ':now': this.#clock.now() };
    return this.#put(key, value, ttl, 'always', { condition, values });
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    // The last one of a key: sent at once, any of them could be the last to arrive.
    const unique = new Map(entries.map((entry) => [entry.key, entry])).values();
    await inParallel([...unique], MOST_WRITES, ({ key, value, ttl }) => this.set(key, value, ttl));
  }

  async del(key: string): Promise<void> {
    await this.#mark(partitionKey(key));
  }

  async delMany(keys: readonly string[]): Promise<void> {
    await this.#markAll(keys.map(partitionKey));
  }

  /** Scans the table: it pays for every item, whatever matches. */
  async delByPattern(pattern: string): Promise<number> {
    let deleted = 0;
    for await (const items of this.#scan('delByPattern', pattern)) {
      // Markers, not deletions: what is gone could refuse no fill. Also of what has expired by this clock alone.
      await this.#markAll(items.map(({ pk }) => String(plain(pk))));
      deleted += items.filter((item) => isLive(item, this.#clock.now())).length;
    }
    return deleted;
  }

  /** Deletes every item that a store wrote, markers and version records included. Other items stay. */
  async clear(): Promise<void> {
    const TableName = this.#tableName;
    for await (const items of this.#scan('clear')) {
      await inParallel(items, MOST_WRITES, async ({ pk }) => {
        await this.#database.send('delete', { TableName, Key: { pk } }, 'always');
        this.#recent.add(String(plain(pk)));
      });
    }
  }

  /**
   * Opens a connection to DynamoDB, TLS included, and finds the credentials, so that the first read need not. It costs
   * no capacity. With `client` it calls the function that makes the client, and loads what the client needs.
   *
   * @throws CacheError `TIMEOUT`, `STORE_FAILED` or `NO_CREDENTIALS`, or what your function throws;
   * `CacheService.warm()` throws nothing.
   */
  warm(): Promise<void> {
    return this.#database.warm();
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  async *#scan(operation: 'delByPattern' | 'clear', pattern?: string): AsyncGenerator<Item[]> {
    let readUnits = 0;
    try {
      yield* scanTable(this.#database, this.#tableName, pattern, (units) => {
        readUnits += units;
      });
    } finally {
      this.#onScan?.({ operation, readUnits });
    }
  }

  #find(key: string): Promise<Item | undefined> {
    const pk = partitionKey(key);
    return this.#read(pk, this.#consistent || this.#recent.has(pk));
  }

  #value<T>(item: Item, key: string): T {
    return this.#serializer.deserialize(rawValue(item, key), key) as T;
  }

  /** Writes a value, where there is a condition only if it holds; resolves to whether it was written. */
  async #put(
    key: string,
    value: unknown,
    ttl: number,
    retry: 'always' | 'unsent',
    only: Partial<ReturnType<typeof unchanged>> = {},
  ): Promise<boolean> {
    const pk = partitionKey(key);
    const raw = this.#serializer.serialize(value, key);
    const size = OVERHEAD_BYTES + 2 * Buffer.byteLength(key) + Buffer.byteLength(raw);
    if (size > this.#maxItemBytes) throw tooLarge(key, size, this.#maxItemBytes);
    const exp = this.#clock.now() + ttl * 1000;
    const hashed = pk !== key;
    const text = typeof raw === 'string';
    const what = `SET #value = :value, #exp = :exp,${hashed ? ' #key = :key,' : ''}`;
    const values = {
      // Not a Buffer, which JSON would make an object of before anybody sees it.
      ':value': text ? raw : new Uint8Array(raw.buffer, raw.byteOffset, raw.length),
      ':exp': exp,
      ...(hashed && { ':key': JSON.stringify(key) }),
      ...only.values,
    };
    return this.#update(pk, what, exp, values, retry, only.condition);
  }

  async #markAll(pks: readonly string[]): Promise<void> {
    await inParallel([...new Set(pks)], MOST_WRITES, (pk) => this.#mark(pk));
  }

  /** A marker: the key was invalidated, and this is its version now. */
  async #mark(pk: string): Promise<void> {
    await this.#update(pk, 'REMOVE #value, #exp SET', 0, {}, 'always');
  }

  async #update(
    pk: string,
    what: string,
    exp: number,
    values: Item,
    retry: 'always' | 'unsent',
    condition?: string,
  ): Promise<boolean> {
    const id = crypto.randomUUID();
    const [wallMs, monotonicMs] = [this.#clock.now(), monotonic()];
    const stays = Math.max(exp, wallMs + SHORTEST_RECORD_MS);
    const isLate = () =>
      Math.max(this.#clock.now() - wallMs, monotonic() - monotonicMs) > LONGEST_SEND_MS;
    try {
      const request = updateRequest(this.#tableName, pk, what, values, id, stays, condition);
      const response = await this.#database.send('update', request, retry, isLate);
      if (!response.conditionFailed) return true;
      if (response.attempts === 1) return false;
      // An earlier try of ours may be what changed the item: then it was written after all.
      const item = response.item ?? (await this.#read(pk, true));
      return versionOf(item).startsWith(id);
    } finally {
      // Whatever became of it: a lost reply may have been a write.
      this.#recent.add(pk);
    }
  }
}

function tooLarge(key: string, size: number, most: number): CacheError {
  const message = `The item of "${key.slice(0, 100)}" would have ${size} bytes, more than ${most}: cache less, or compress it.`;
  return new CacheError('VALUE_TOO_LARGE', message, { subject: key });
}
