import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';

const store = new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? 'cache' });
const cache = new CacheService(store, { keyPrefix: 'shop', staleIfError: '1h' });

/** Your query goes where the object is. */
export const findItem = (id: string) => cache.wrap(`item:${id}`, '5m', async () => ({ id }));
