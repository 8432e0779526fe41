import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';

const store = new DynamoDBCacheStore({
  tableName: process.env.TABLE ?? '',
  endpoint: process.env.ENDPOINT,
});
const cache = new CacheService(store, { keyPrefix: 'bench' });
await cache.warm();

export const handler = (): Promise<unknown> =>
  cache.wrap('item:0', 300, () => {
    throw new Error('a miss, where a hit is measured');
  });
