export type { DynamoDBCacheStoreOptions } from './dynamodb-cache-store.js';
export { DynamoDBCacheStore } from './dynamodb-cache-store.js';
