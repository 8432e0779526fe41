import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { afterResponse } from '@glasswork/cache/lambda';

const after = await afterResponse();
const store = new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? 'cache' });
const cache = new CacheService(store, { waitUntil: after.waitUntil, deadline: after.deadline });

export const handler = after.handler(async (event: { rawPath?: string }) => {
  const id = event.rawPath?.split('/').at(-1) || '1';
  const item = await cache.wrapSWR(`item:${id}`, '1m', '1h', async () => ({ id }));
  return { statusCode: 200, body: JSON.stringify(item) };
});
