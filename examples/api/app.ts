import {
  type CacheConfig,
  type CacheService,
  type CacheStore,
  DynamoDBCacheStore,
} from '@glasswork/cache';
import { cacheModule } from '@glasswork/cache/glasswork';
import { asClass, asFunction, asValue, createContainer, InjectionMode } from 'awilix';
import type { Hono } from 'hono';
import { ItemDatabase, type Queryable } from './item-database.js';
import { ItemService } from './item-service.js';
import { createRoutes } from './routes.js';

interface Cradle {
  database: Queryable;
  itemDatabase: ItemDatabase;
  itemService: ItemService;
  cacheStore: CacheStore;
  cacheService: CacheService;
}

export interface App {
  readonly routes: Hono;
  readonly cache: CacheService;
  /** Waits for what the cache still does behind responses, and closes its connections. */
  close(): Promise<void>;
}

/**
 * Puts the parts together, once a sandbox. The cache reads `CACHE_TABLE`; its store reads `AWS_REGION` and, where there
 * is one, `AWS_ENDPOINT_URL_DYNAMODB`.
 *
 * With Glasswork, `cacheModule(…)` goes into the `imports` of your module instead, and registers itself.
 */
export function createApp(database: Queryable, config: CacheConfig = {}): App {
  const container = createContainer<Cradle>({ injectionMode: InjectionMode.PROXY, strict: true });
  const [cacheStore, cacheService] = cacheModule({
    store: () => new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? '' }),
    keyPrefix: 'shop',
    ...config,
  }).providers;
  container.register({
    cacheStore: asFunction(cacheStore.useFactory).singleton(),
    cacheService: asFunction(cacheService.useFactory).singleton(),
    database: asValue(database),
    itemDatabase: asClass(ItemDatabase).singleton(),
    itemService: asClass(ItemService).singleton(),
  });
  const { itemService, cacheService: cache } = container.cradle;
  return {
    routes: createRoutes(itemService),
    cache,
    close: () => cache.onModuleDestroy(),
  };
}
