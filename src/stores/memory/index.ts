export type { MemoryCacheStoreOptions } from './memory-cache-store.js';
export { MemoryCacheStore } from './memory-cache-store.js';
