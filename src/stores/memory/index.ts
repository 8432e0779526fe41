export { MemoryCacheStore } from './memory-cache-store.js';
export type { MemoryCacheStoreOptions } from './options.js';
