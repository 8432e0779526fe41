export { DynamoDBCacheStore } from './dynamodb-cache-store.js';
export type { DynamoDBCacheStoreOptions } from './options.js';
