export type { RedisClient, RedisClusterClient, RedisNode, RedisServerClient } from './client.js';
export type { NodeRedisClient } from './node-redis/client-types.js';
export type { RedisCacheStoreOptions } from './options.js';
export { RedisCacheStore } from './redis-cache-store.js';
