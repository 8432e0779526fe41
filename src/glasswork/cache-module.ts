import { CacheService } from '../cache-service.js';
import type { CacheStore } from '../model/cache-store.js';
import { type CacheConfig, settings } from '../model/config.js';
import { CacheError } from '../model/errors.js';

/**
 * The options of `cacheModule`: the store, the module's name, and all options of `CacheConfig`.
 *
 * @example
 * ```ts
 * import { DynamoDBCacheStore } from '@glasswork/cache';
 * import type { CacheModuleOptions } from '@glasswork/cache/glasswork';
 *
 * const options: CacheModuleOptions<{ config: { cacheTable: string } }> = {
 *   store: ({ config }) => new DynamoDBCacheStore({ tableName: config.cacheTable }),
 *   defaultTTL: '5m',
 *   keyPrefix: 'shop',
 * };
 * ```
 */
export interface CacheModuleOptions<Cradle extends object = Record<string, unknown>>
  extends CacheConfig {
  /** A store, or a function that makes one from the other providers. It is called once. */
  readonly store: CacheStore | ((cradle: Cradle) => CacheStore);
  /** The module's name. Glasswork treats two modules with the same name as one. Default `cache`. */
  readonly name?: string | undefined;
}

/** A provider as Glasswork registers it. `useFactory` receives the container's cradle and is called once. */
export interface FactoryProvider<Cradle extends object, T> {
  provide: string;
  useFactory: (cradle: Cradle) => T;
  scope: 'SINGLETON';
}

/** A module for Glasswork's `imports`: `cacheStore` and `cacheService`, both exported. */
export interface CacheModule<Cradle extends object = Record<string, unknown>> {
  name: string;
  providers: [
    FactoryProvider<Cradle, CacheStore>,
    FactoryProvider<{ cacheStore: CacheStore }, CacheService>,
  ];
  exports: string[];
}

/**
 * The cache as a Glasswork module. Other providers take `cacheService` from the cradle. Glasswork's `stop()` waits for
 * background work and closes the store, through the service's `onModuleDestroy`.
 *
 * The names are strings, because minifiers rename classes. For a second cache in the same store, register a
 * `CacheService` with another `keyPrefix` over `cacheStore`, under its own name.
 *
 * @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option.
 *
 * @example
 * ```ts
 * import { type CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { cacheModule } from '@glasswork/cache/glasswork';
 *
 * class UserService {
 *   readonly #cache: CacheService;
 *   constructor({ cacheService }: { cacheService: CacheService }) {
 *     this.#cache = cacheService;
 *   }
 *   find(id: string) {
 *     return this.#cache.wrap(`user:${id}`, '5m', async () => ({ id, name: 'Ada' }));
 *   }
 * }
 *
 * // The argument of Glasswork's defineModule.
 * export const appModule = {
 *   name: 'app',
 *   imports: [
 *     cacheModule({
 *       store: () => new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? 'cache' }),
 *       defaultTTL: '5m',
 *       keyPrefix: 'app',
 *     }),
 *   ],
 *   providers: [UserService],
 * };
 * ```
 */
export function cacheModule<Cradle extends object = Record<string, unknown>>(
  options: CacheModuleOptions<Cradle>,
): CacheModule<Cradle> {
  const { store, name = 'cache', ...config } = options ?? {};
  // Checked now, so that a mistake shows here and not at the first request that needs the cache.
  checkName(name);
  checkStore(store);
  settings(config);
  return {
    name,
    providers: [
      {
        provide: 'cacheStore',
        useFactory: (cradle) => (typeof store === 'function' ? made(store(cradle)) : store),
        scope: 'SINGLETON',
      },
      {
        provide: 'cacheService',
        useFactory: ({ cacheStore }) => new CacheService(cacheStore, config),
        scope: 'SINGLETON',
      },
    ],
    exports: ['cacheStore', 'cacheService'],
  };
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && !/[/ ]/.test(name)) return;
  throw invalid(
    'name',
    `name is ${JSON.stringify(name) ?? String(name)}: a Glasswork module's name is text without "/" and spaces.`,
  );
}

function checkStore(store: unknown): void {
  if (typeof store !== 'function') {
    if (isStore(store)) return;
    throw invalid(
      'store',
      'cacheModule needs a store: an instance such as new MemoryCacheStore(), or a function that makes one.',
    );
  }
  if (isStore(store.prototype)) {
    throw invalid('store', 'store is a class: give an instance, or () => new ….');
  }
}

/** Checks the result of the user's function when the container calls it, because only the container can. */
function made(store: CacheStore): CacheStore {
  if (isStore(store)) return store;
  const promise = typeof Object(store).then === 'function';
  throw invalid(
    'store',
    promise
      ? "cacheModule's store function returned a promise: move the asynchronous part into its own provider, and return the store itself."
      : "cacheModule's store function returned no store: return an instance such as new MemoryCacheStore().",
  );
}

const isStore = (store: unknown): store is CacheStore => typeof Object(store).get === 'function';

const invalid = (option: string, message: string) =>
  new CacheError('INVALID_OPTION', message, { subject: option });
