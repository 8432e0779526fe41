import type { CacheStore } from '../../model/cache-store.js';
import { CacheError, invalid } from '../../model/errors.js';
import { keySpace } from '../../model/key-space.js';
import { type Clock, systemClock } from '../../model/time.js';
import { escapeGlob } from '../../util/glob.js';

/** Stands for no ttl, seconds: ten years. Every record here has an end. */
const FOREVER_SECONDS = 10 * 365 * 86_400;
/** A ttl of more milliseconds would be 31 years, so it is a time since 1970. */
const FIRST_TIME_MS = 1e12;
/** Between namespace and key. */
const SEPARATOR = '::';
const KEYV_5_SEPARATOR = ':';

/** An entry of a batch: `ttl` by Keyv 5, `expires` by Keyv 6. */
interface KeyvEntry {
  readonly key: string;
  readonly value: unknown;
  readonly ttl?: number | undefined;
  readonly expires?: number | undefined;
}

/**
 * Makes a storage adapter for Keyv 5 and 6 of any store, and so also for cache-manager and for NestJS' `CacheModule`.
 * Values live in the store as long as their ttl, or for ten years without one.
 *
 * Keyv overwrites and deletes without versions: what it writes has no fence, tags or leases. A namespace is cleared by
 * `delByPattern`, which scans the store; a Keyv without namespace clears all that the store owns.
 *
 * @throws CacheError `INVALID_OPTION` for anything but a store.
 *
 * @example
 * ```ts
 * import { DynamoDBCacheStore } from '@glasswork/cache';
 * import { keyvAdapter } from '@glasswork/cache/keyv';
 * import Keyv from 'keyv';
 *
 * const store = new DynamoDBCacheStore({ tableName: 'my-cache' });
 * const keyv = new Keyv({ store: keyvAdapter(store), namespace: 'sessions' });
 * await keyv.set('1', { user: 'Ada' }, 60_000);
 * ```
 */
export function keyvAdapter(store: CacheStore): KeyvAdapter {
  const { get, set, del }: Partial<CacheStore> = Object(store);
  if (![get, set, del].every((member) => typeof member === 'function'))
    throw invalid('store', store, 'a store such as DynamoDBCacheStore');
  return new KeyvAdapter(store, systemClock);
}

/** Both versions of Keyv use the same methods in two ways, so the adapter finds out which one it serves. */
export class KeyvAdapter {
  /** Keyv 5 requires it. */
  readonly opts: Record<string, unknown> = {};
  /** Keyv sets it. */
  namespace?: string;
  readonly #store: CacheStore;
  readonly #clock: Clock;
  #isVersion6 = false;

  /** @internal */
  constructor(store: CacheStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Keyv 6 reads it before anything else; Keyv 5 never does. From then on the adapter adds the namespace to keys by
   * itself, and reports batches key by key.
   */
  get capabilities(): {
    readonly compatible: true;
    readonly store: 'keyvStorage';
    readonly expires: true;
    readonly methods: Methods;
  } {
    this.#isVersion6 = true;
    return { compatible: true, store: 'keyvStorage', expires: true, methods: methods() };
  }

  async get<T>(key: string): Promise<T | undefined> {
    return this.#store.get<T>(this.#key(key));
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    const stored = keys.map((key) => this.#key(key));
    return (
      this.#store.getMany?.<T>(stored) ?? Promise.all(stored.map((key) => this.#store.get<T>(key)))
    );
  }

  async has(key: string): Promise<boolean> {
    const stored = this.#key(key);
    return this.#store.has?.(stored) ?? (await this.#store.get(stored)) !== undefined;
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  /** `end` is a ttl in milliseconds by Keyv 5, and a time in epoch milliseconds by Keyv 6. */
  async set(key: string, value: unknown, end?: number): Promise<boolean> {
    // Keyv reads undefined as a miss, and so does a store, which refuses to write it.
    if (value === undefined) return this.delete(key).then(() => true);
    const ttl = this.#seconds(end);
    if (ttl > 0) await this.#store.set(this.#key(key), value, ttl);
    else await this.#store.del(this.#key(key));
    return true;
  }

  async setMany(entries: readonly KeyvEntry[]): Promise<boolean[]> {
    return Promise.all(
      entries.map(({ key, value, ttl, expires }) => this.set(key, value, expires ?? ttl)),
    );
  }

  /** Resolves to true if there was a value, which takes a read. */
  async delete(key: string): Promise<boolean> {
    const was = await this.has(key);
    await this.#store.del(this.#key(key));
    return was;
  }

  /** Keyv 6 asks for a result for each key, Keyv 5 for one in all. */
  async deleteMany(keys: readonly string[]): Promise<boolean[] | boolean> {
    const were = await Promise.all(keys.map((key) => this.delete(key)));
    return this.#isVersion6 ? were : were.every(Boolean);
  }

  /** @throws CacheError `INVALID_OPTION` if the store cannot delete by a pattern, or not clear. */
  async clear(): Promise<void> {
    const { namespace } = this;
    if (!namespace) {
      if (this.#store.clear) return this.#store.clear();
      throw unable(this.#store, 'clear()');
    }
    if (!this.#store.delByPattern) throw unable(this.#store, 'delByPattern()');
    for (const pattern of keys.patterns(`${escapeGlob(namespace + this.#separator)}*`))
      await this.#store.delByPattern(pattern);
  }

  async disconnect(): Promise<void> {
    await this.#store.close?.();
  }

  /** Does nothing: a method that fails rejects, and Keyv reports that itself. */
  on(_event: string, _listener: (...values: never[]) => void): this {
    return this;
  }

  #key(key: string): string {
    const { namespace } = this;
    if (!namespace) return keys.key(key);
    const start = namespace + this.#separator;
    // Keyv 5 adds it, unless its option useKeyPrefix is false.
    return keys.key(!this.#isVersion6 && key.startsWith(start) ? key : start + key);
  }

  get #separator(): string {
    return this.#isVersion6 ? SEPARATOR : KEYV_5_SEPARATOR;
  }

  #seconds(end: number | undefined): number {
    if (typeof end !== 'number') return FOREVER_SECONDS;
    return (end < FIRST_TIME_MS ? end : end - this.#clock.now()) / 1000;
  }
}

/** Keeps keys of the user apart from a service's own records, which a store treats otherwise. */
const keys = /* @__PURE__ */ keySpace(undefined);

type Methods = Readonly<
  Record<string, { readonly exists: boolean; readonly methodType: 'async' | 'none' }>
>;

const METHODS = [
  'get',
  'getMany',
  'has',
  'hasMany',
  'set',
  'setMany',
  'delete',
  'deleteMany',
  'clear',
  'disconnect',
];

const methods = (): Methods =>
  Object.fromEntries([
    ...METHODS.map((name) => [name, { exists: true, methodType: 'async' }] as const),
    ['iterator', { exists: false, methodType: 'none' }] as const,
  ]);

function unable({ name }: CacheStore, method: string): CacheError {
  const message = `The store "${name}" has no ${method}, which Keyv's clear() needs: use another store.`;
  return new CacheError('INVALID_OPTION', message, { subject: 'store' });
}
