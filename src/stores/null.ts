import type { CacheStore } from '../model/cache-store.js';

/**
 * Never holds anything: switches the cache off without another line of code. Concurrent callers of one key still
 * share a load.
 *
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore, NullCacheStore } from '@glasswork/cache';
 *
 * const off = process.env.CACHE === 'off';
 * const cache = new CacheService(
 *   off ? new NullCacheStore() : new DynamoDBCacheStore({ tableName: 'my-cache' }),
 * );
 * ```
 */
export class NullCacheStore implements CacheStore {
  readonly name = 'null';
  /** Nothing is ever written, so nothing that is absent was lost. */
  readonly durable = true;

  async get<T>(_key: string): Promise<T | undefined> {
    return undefined;
  }
  async set<T>(_key: string, _value: T, _ttl: number): Promise<void> {}
  async del(_key: string): Promise<void> {}
  async has(_key: string): Promise<boolean> {
    return false;
  }
  async delByPattern(_pattern: string): Promise<number> {
    return 0;
  }
  async clear(): Promise<void> {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
