import { type CacheStore, DynamoDBCacheStore } from '@glasswork/cache';
import { keyvAdapter } from '@glasswork/cache/keyv';
import { type Cache, createCache } from 'cache-manager';
import Keyv from 'keyv';

/** The token of `@nestjs/cache-manager`, under which NestJS injects the cache. */
export const CACHE_MANAGER = 'CACHE_MANAGER';

export interface CacheModuleOptions {
  readonly store: CacheStore;
  /** Keeps the keys of this application apart. */
  readonly namespace: string;
  /** The life of a value without one of its own, milliseconds. */
  readonly ttl: number;
}

interface DynamicModule {
  readonly module: object;
  readonly providers: readonly { readonly provide: string; readonly useFactory: () => Cache }[];
  readonly exports: readonly string[];
}

/** The options of `CacheModule.registerAsync` in NestJS, which passes them to `createCache`. */
export const cacheOptions = ({ store, namespace, ttl }: CacheModuleOptions) => ({
  ttl,
  stores: [new Keyv({ store: keyvAdapter(store), namespace })],
});

/**
 * What `CacheModule.register` of `@nestjs/cache-manager` returns, without NestJS: a dynamic module with one provider.
 * In an application of NestJS, write instead:
 *
 *     imports: [CacheModule.registerAsync({ isGlobal: true, useFactory: () => cacheOptions(…) })]
 */
export const CacheModule = {
  register(options: CacheModuleOptions): DynamicModule {
    const useFactory = (): Cache => createCache(cacheOptions(options));
    return {
      module: CacheModule,
      providers: [{ provide: CACHE_MANAGER, useFactory }],
      exports: [CACHE_MANAGER],
    };
  },
};

/** The store of the application: DynamoDB, with the table from the environment of the function. */
export const createStore = (tableName: string): CacheStore => new DynamoDBCacheStore({ tableName });
