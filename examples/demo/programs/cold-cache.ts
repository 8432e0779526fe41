import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';

const { TABLE: tableName = '', ENDPOINT: endpoint } = process.env;
const cache = new CacheService(new DynamoDBCacheStore({ tableName, endpoint }), {
  keyPrefix: 'ours',
});

export const handler = (): Promise<unknown> =>
  cache.wrap('cold-start', 300, () => {
    throw new Error('a miss, where a hit is measured');
  });
