import type {
  CacheStore,
  CacheVersion,
  StoreEntry,
  VersionedRead,
} from '../../model/cache-store.js';
import { invalid } from '../../model/errors.js';
import { TOKEN_LIFE_MS } from '../../model/fence-window.js';
import { systemClock } from '../../model/time.js';
import { jsonSerializer } from '../../serializers/json.js';
import type { Serializer } from '../../serializers/serializer.js';
import type { InvalidationChannel } from '../tiered/invalidation-channel.js';
import type { RedisClient } from './client.js';
import { type Connection, GivenConnection, type Repeat } from './connection.js';
import { RedisInvalidations } from './invalidations.js';
import { type KeySpace, keySpace } from './keys.js';
import { OwnConnection } from './own-connection.js';
import { BYTES, StoredRecord, TEXT, TOKEN, UNKNOWN_VERSION } from './record.js';
import { scanKeys } from './scan.js';
import { ValueMemo } from './value-memo.js';

interface CommonOptions {
  /** What all keys begin with, followed by a colon: the store's own, since `clear()` wipes it. Default `cache`. */
  readonly prefix?: string | undefined;
  /** Default: JSON. */
  readonly serializer?: Serializer | undefined;
}

export type RedisCacheStoreOptions = CommonOptions &
  (
    | {
        /** `redis://` or, with TLS, `rediss://`. The store opens a client of ioredis, and closes it. */
        readonly url: string;
        /**
         * For ioredis, over the store's own settings. `password` may also be a function, asked for each connection.
         */
        readonly options?: object | undefined;
        readonly client?: undefined;
      }
    | {
        /** Your own `Redis` or `Cluster` of ioredis or iovalkey. The store never closes it. */
        readonly client: RedisClient;
        readonly url?: undefined;
      }
  );

/**
 * Keeps values in Redis or Valkey: a single server, Sentinel or Cluster.
 *
 *     load A    read: none, leaves token t1 ── loads ───────────── fill if still t1: refused
 *     del                      t1 is gone
 *     load B                       read: none, leaves token t2 ── loads ── fill if still t2: now v3
 *
 * Redis evicts and forgets, so absence proves nothing: a read that finds nothing leaves a token in the same round
 * trip, a fill needs it, and `del` removes it. Each operation is one command or script on one key; those of one tick
 * share their packets.
 *
 * @throws CacheError `INVALID_OPTION` for neither or both of `url` and `client`, an empty prefix, or a client with a
 * `keyPrefix`.
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
  readonly #connection: Connection;
  readonly #keys: KeySpace;
  readonly #serializer: Serializer;
  readonly #known = new ValueMemo();

  constructor(options: RedisCacheStoreOptions) {
    this.#keys = keySpace(options.prefix ?? 'cache');
    this.#serializer = options.serializer ?? jsonSerializer;
    this.#connection = connectionOf(options);
  }

  async get<T>(key: string): Promise<T | undefined> {
    const stored = this.#keys.encode(key);
    const raw = await this.#connection.send('get', key, (client) => client.getBuffer(stored));
    return raw === null ? undefined : this.#value<T>(new StoredRecord(raw), stored, key);
  }

  /** Promises in place of `await`: every hit comes through here. */
  getVersioned<T>(key: string): Promise<VersionedRead<T>> {
    const stored = this.#keys.encode(key);
    // A guess: a plain GET, where that is likely to find something. A replica could show what was invalidated.
    if (!this.#connection.readsMasters || !this.#known.has(stored))
      return this.#readOrMark(stored, key);
    return this.#connection
      .send('get', key, (client) => client.getBuffer(stored))
      .then((raw) => (raw ? this.#versioned<T>(raw, stored, key) : this.#readOrMark(stored, key)));
  }

  #versioned<T>(raw: Uint8Array, stored: string, key: string): VersionedRead<T> {
    const record = new StoredRecord(raw);
    const { version } = record;
    if (record.isToken) {
      this.#known.delete(stored);
      return { value: undefined, version };
    }
    try {
      return { value: this.#value<T>(record, stored, key), version, expiresAt: record.expiresAt };
    } catch (error) {
      return { value: undefined, version, error };
    }
  }

  async has(key: string): Promise<boolean> {
    const stored = this.#keys.encode(key);
    return isValue(
      await this.#connection.send('has', key, (client) => client.getrange(stored, 0, 0)),
    );
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  /** Not sent again once bytes were sent: a copy that arrives late would undo what was written after it. */
  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    await this.#write('set', key, value, ttl, 'set', 'unsent');
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    return this.#write('add', key, value, ttl, 'add', 'unsent');
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    return this.#write('fill', key, value, ttl, version, 'always');
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    await all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)));
  }

  async del(key: string): Promise<void> {
    const stored = this.#keys.encode(key);
    this.#known.delete(stored);
    await this.#connection.send('del', key, (client) => client.unlink(stored));
  }

  async delMany(keys: readonly string[]): Promise<void> {
    await all([...new Set(keys)].map((key) => this.del(key)));
  }

  /** Looks at every key on every master, step by step; during a resharding it can miss keys that move. */
  async delByPattern(pattern: string): Promise<number> {
    const matches = this.#keys.matcher(pattern);
    return this.#unlink('delByPattern', this.#keys.scanPattern(pattern), matches);
  }

  /** Deletes everything below the prefix, tokens and version records included. Other keys stay. */
  async clear(): Promise<void> {
    await this.#unlink('clear', this.#keys.scanPattern(), () => true);
  }

  /**
   * Tells all processes that use this prefix what their tiers above this store must drop, on a connection of its own.
   * For `TieredCacheStore`, which closes it.
   */
  invalidations(): InvalidationChannel {
    return new RedisInvalidations(this.#connection, this.#keys.encode('#invalidations'));
  }

  /** Opens the connection, so that the first command does not have to wait for it. */
  async warm(): Promise<void> {
    await this.#connection.send('warm', undefined, (client) => client.ping());
  }

  /** Closes the client that a `url` has opened, within half a second; one that was given stays open. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Leaves a token where there is no record. */
  #readOrMark<T>(stored: string, key: string): Promise<VersionedRead<T>> {
    return this.#connection
      .send('get', key, (client) =>
        // An id for each try: the token of a try whose reply was lost may have been seen, and then removed.
        client.glassworkCacheReadBuffer(stored, crypto.randomUUID(), TOKEN_LIFE_MS),
      )
      .then((raw) => this.#versioned(raw, stored, key));
  }

  #value<T>(record: StoredRecord, stored: string, key: string): T | undefined {
    if (record.isToken) return undefined;
    const { version } = record;
    const parse = () => this.#serializer.deserialize(record.value(key), key) as T;
    if (this.#serializer === jsonSerializer && version !== UNKNOWN_VERSION)
      return this.#known.read(stored, version, record.bytes, parse);
    if (!this.#known.has(stored)) this.#known.add(stored);
    return parse();
  }

  async #write(
    operation: string,
    key: string,
    value: unknown,
    ttl: number,
    when: string,
    repeat: Repeat,
  ): Promise<boolean> {
    const stored = this.#keys.encode(key);
    const raw = this.#serializer.serialize(value, key);
    const kind = typeof raw === 'string' ? TEXT : BYTES;
    const bytes =
      typeof raw === 'string' ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    const ttlMs = Math.max(1, Math.round(ttl * 1000));
    const id = crypto.randomUUID();
    const written = await this.#connection.send(
      operation,
      key,
      (client) => client.glassworkCacheWrite(stored, id, ttlMs, kind, bytes, when),
      repeat,
    );
    if (Number(written) !== 1) return false;
    this.#known.add(stored);
    return true;
  }

  /** The number of values among what was deleted. */
  async #unlink(
    operation: string,
    pattern: string,
    matches: (stored: Uint8Array) => boolean,
  ): Promise<number> {
    let values = 0;
    const scan = (client: RedisClient) =>
      scanKeys(client, this.#keys.unused, pattern, async (keys) => {
        const unlinked = keys.filter(matches).map((stored) => unlink(client, stored));
        for (const wasValue of await all(unlinked)) if (wasValue) values++;
      });
    await this.#connection.scan(operation, scan);
    return values;
  }
}

/** By the first byte of a record. */
const isValue = (kind: string): boolean => kind !== '' && kind !== TOKEN;

function connectionOf({ url, client, ...options }: RedisCacheStoreOptions): Connection {
  if (client && !url) return new GivenConnection(client);
  if (url && !client && typeof url === 'string') {
    const given = 'options' in options ? options.options : undefined;
    return new OwnConnection(url, given ?? {}, systemClock);
  }
  throw invalid('url', url, 'either a url or a client');
}

/** Deletes a record, and says whether it held a value. */
async function unlink(client: RedisClient, stored: Uint8Array): Promise<boolean> {
  const key = Buffer.from(stored);
  const [kind, deleted] = await Promise.all([client.getrange(key, 0, 0), client.unlink(key)]);
  return isValue(kind) && Number(deleted) === 1;
}

/** Waits for all, and then rejects with the first error. */
async function all<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
