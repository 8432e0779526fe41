export type { S3CacheStoreOptions } from './options.js';
export { S3CacheStore } from './s3-cache-store.js';
