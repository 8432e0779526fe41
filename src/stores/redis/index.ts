export type { RedisClient } from './client.js';
export type { RedisCacheStoreOptions } from './redis-cache-store.js';
export { RedisCacheStore } from './redis-cache-store.js';
