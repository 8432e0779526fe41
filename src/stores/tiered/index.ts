export type { InvalidationChannel } from './invalidation-channel.js';
export type { TieredCacheStoreOptions } from './tiered-cache-store.js';
export { TieredCacheStore } from './tiered-cache-store.js';
