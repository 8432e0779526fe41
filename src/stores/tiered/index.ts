export { TieredCacheStore } from './tiered-cache-store.js';
