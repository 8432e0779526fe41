import type { CacheStore } from '../model/cache-store.js';
import { copyOfData } from '../util/clone.js';

/**
 * Holds nothing, and so switches the cache off without any other change to your code. Concurrent callers of one key
 * still share a load, and each gets a copy of the value. If the value contains a class instance, which a copy would
 * lose, each caller loads for itself.
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
  /** True, because nothing is written and so nothing can be lost. */
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
  /** A copy that equals the result of another load. @throws TypeError for a value that is not plain data. */
  copy<T>(value: T): T {
    return copyOfData(value);
  }
  async clear(): Promise<void> {}
  /** Always succeeds, because the store holds nothing on purpose. */
  async check(_keyPrefix?: string): Promise<void> {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
