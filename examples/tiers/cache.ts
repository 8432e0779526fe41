import {
  CacheService,
  type CacheStore,
  type Clock,
  MemoryCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';

/**
 * Memory in front of a store that all processes share. A process may read its copy for two seconds after another process
 * has invalidated the value.
 */
export function createCache(shared: CacheStore, clock?: Clock): CacheService {
  const memory = new MemoryCacheStore({ maxEntries: 1_000, ...(clock && { clock }) });
  const store = new TieredCacheStore([memory, shared], { upperTTL: '2s', clock });
  return new CacheService(store, { defaultTTL: '5m', keyPrefix: 'shop', clock });
}
