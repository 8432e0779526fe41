import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';

// Outside the handler: a warm sandbox keeps its connection to DynamoDB.
const store = new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? 'cache' });
const cache = new CacheService(store, { defaultTTL: '5m', keyPrefix: 'items' });

/** A test event of the Lambda console has no path: it reads item 1. */
export async function handler(event: { pathParameters?: { id?: string } }) {
  const id = event.pathParameters?.id ?? '1';
  const item = await cache.wrap(id, '5m', () => loadItem(id));
  return { statusCode: 200, body: JSON.stringify(item) };
}

/** Your database goes here. */
async function loadItem(id: string): Promise<{ id: string; name: string }> {
  return { id, name: `Item ${id}` };
}
