export { type KeyvAdapter, keyvAdapter } from './keyv-adapter.js';
export { KeyvCacheStore } from './keyv-cache-store.js';
export type { KeyvCacheStoreOptions } from './options.js';
