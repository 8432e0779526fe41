import {
  type CacheConfig,
  type CacheService,
  type CacheStore,
  DynamoDBCacheStore,
} from '@glasswork/cache';
import { cacheModule } from '@glasswork/cache/glasswork';
import { asClass, asFunction, asValue, createContainer, InjectionMode } from 'awilix';
import type { Hono, MiddlewareHandler } from 'hono';
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

export interface AppOptions extends CacheConfig {
  /** Default: DynamoDB, in the table that the variable `CACHE_TABLE` names. */
  readonly store?: () => CacheStore;
  /** Runs around every route. */
  readonly middleware?: readonly MiddlewareHandler[];
}

/**
 * Puts the parts together, once a sandbox. DynamoDB's store reads `AWS_REGION` and, where it is set,
 * `AWS_ENDPOINT_URL_DYNAMODB`.
 *
 * With Glasswork, `cacheModule(…)` goes into the `imports` of your module instead, and registers itself.
 */
export function createApp(database: Queryable, options: AppOptions = {}): App {
  const { store = dynamoDB, middleware = [], ...config } = options;
  const container = createContainer<Cradle>({ injectionMode: InjectionMode.PROXY, strict: true });
  const [cacheStore, cacheService] = cacheModule({
    store,
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
    routes: createRoutes(itemService, middleware),
    cache,
    close: () => cache.onModuleDestroy(),
  };
}

const dynamoDB = (): CacheStore =>
  new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? '' });
