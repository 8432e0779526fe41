import { type CacheStore, MemoryCacheStore, TieredCacheStore } from '@glasswork/cache';
import { type App, createApp } from '../api/app.js';
import type { Queryable } from '../api/item-database.js';
import { type Source, sourceOf } from '../api/observe.js';
import { dynamoDBStore } from './dynamodb-store.js';
import type { Sandbox } from './run.js';

export const tieredStore = (endpoint: string, tableName: string): CacheStore =>
  new TieredCacheStore([
    // The API only serialises what it reads, so that its readers can share one frozen value.
    new MemoryCacheStore({ frozen: true }),
    dynamoDBStore(endpoint, tableName),
  ]);

export interface Fleet {
  create(): Sandbox;
  /** Ends all sandboxes; hits and misses are those of reads. */
  close(): Promise<{ hits: number; misses: number; errors: readonly string[] }>;
}

/** Sandboxes of the example API, each with a cache and connections of its own over one table. */
export function createFleet(
  database: Queryable,
  keyPrefix: string,
  store: () => CacheStore,
): Fleet {
  const apps: App[] = [];
  const errors: string[] = [];
  return {
    create() {
      // One request at a time: the last event of a read is that of the request that runs.
      let source: Source | undefined;
      const app = createApp(database, {
        ...{ keyPrefix, store },
        onEvent(event) {
          source = sourceOf(event) ?? source;
          if ('error' in event && event.error !== undefined) {
            errors.push(`${event.type}: ${event.error}`);
          }
        },
      });
      // The run counts it, and says what it was.
      app.routes.onError((error, c) => c.text(error.message, 500));
      apps.push(app);
      return {
        routes: app.routes,
        takeSource() {
          const taken = source;
          source = undefined;
          return taken;
        },
      };
    },
    async close() {
      await Promise.all(apps.map((app) => app.close()));
      const sum = (counter: 'hits' | 'misses') =>
        apps.reduce((total, { cache }) => total + cache.stats()[counter], 0);
      return { hits: sum('hits'), misses: sum('misses'), errors };
    },
  };
}
