import type { CacheStore } from '../model/cache-store.js';
import { copyOfData } from '../util/clone.js';

/**
 * Never holds anything: switches the cache off without another line of code. Concurrent callers of one key still
 * share a load, where its value is data: each gets a copy of the same type. With an instance of a class in the value,
 * which a copy would lose, each of them loads for itself.
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
  /** As the next caller would get it, who loads for itself. @throws TypeError for what is not data. */
  copy<T>(value: T): T {
    return copyOfData(value);
  }
  async clear(): Promise<void> {}
  /** There is nothing to prove: it holds nothing on purpose. */
  async check(_keyPrefix?: string): Promise<void> {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
