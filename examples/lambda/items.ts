import {
  CacheError,
  type CacheEvent,
  CacheService,
  createCacheKey,
  DynamoDBCacheStore,
} from '@glasswork/cache';
import { afterResponse } from '@glasswork/cache/lambda';
import { type Item, readItem, writeItem } from './database.js';

// Everything here runs once, while the function initialises: Lambda takes extensions only then.
export const after = await afterResponse({ onEvent: log });

const store = new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? '' });
const cache = new CacheService(store, {
  keyPrefix: 'items',
  staleIfError: '1d',
  waitUntil: after.waitUntil,
  deadline: after.deadline,
  onEvent: log,
});
await cache.warm();

const itemKey = createCacheKey('item', (id: string) => id).of<Item>();

/** Stale after a minute: served at once, and refreshed behind the response. */
export function findItem(id: string): Promise<Item> {
  return cache.wrapSWR(itemKey(id), '1m', '1h', () => readItem(id));
}

/** First the database, then the cache. Where the cache does not confirm, this rejects: send it again. */
export async function renameItem(id: string, name: string): Promise<void> {
  await writeItem(id, name);
  await cache.del(itemKey(id));
}

/** The events that somebody should know of, one JSON line each. */
function log(event: CacheEvent): void {
  if (!event.type.endsWith('error') && event.type !== 'background-unfinished') return;
  console.warn(
    JSON.stringify({ ...event, ...('error' in event && { error: loggable(event.error) }) }),
  );
}

/** A `CacheError` has code, message and cause in JSON; any other error nothing. */
const loggable = (error: unknown) => (error instanceof CacheError ? error : String(error));
