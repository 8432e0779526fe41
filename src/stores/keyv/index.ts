export { type KeyvAdapter, keyvAdapter } from './keyv-adapter.js';
export { KeyvCacheStore, type KeyvCacheStoreOptions } from './keyv-cache-store.js';
