export type { InvalidationChannel } from './invalidation-channel.js';
export type { TieredCacheStoreOptions } from './options.js';
export { TieredCacheStore } from './tiered-cache-store.js';
