export type {
  AnyKey,
  CacheKey,
  KeyFactory,
  KeyOptions,
  KeyPolicy,
  StandardSchemaV1,
} from './cache-key.js';
export { createCacheKey } from './cache-key.js';
export type { KeyLoad, Load, LoadMany, Policy } from './cache-service.js';
export { CacheService } from './cache-service.js';
export type {
  CacheStore,
  CacheVersion,
  NearestRead,
  StoreEntry,
  VersionedRead,
} from './cache-store.js';
export type { CacheConfig } from './config.js';
export type { CacheEntry } from './entry.js';
export type { CacheErrorCode } from './errors.js';
export { CacheError } from './errors.js';
export type { CacheEvent, MissReason, RefusalReason } from './events.js';
export type { LoadContext } from './load-context.js';
export type { WaitUntil, WrapOptions } from './policy.js';
export { jsonSerializer } from './serializers/json.js';
export type { Serializer } from './serializers/serializer.js';
export type { DynamoDBCacheStoreOptions } from './stores/dynamodb/index.js';
export { DynamoDBCacheStore } from './stores/dynamodb/index.js';
export type { MemoryCacheStoreOptions } from './stores/memory.js';
export { MemoryCacheStore } from './stores/memory.js';
export { NullCacheStore } from './stores/null.js';
export type { RedisCacheStoreOptions, RedisClient } from './stores/redis/index.js';
export { RedisCacheStore } from './stores/redis/index.js';
export type { InvalidationChannel, TieredCacheStoreOptions } from './stores/tiered/index.js';
export { TieredCacheStore } from './stores/tiered/index.js';
export type { Clock, Duration } from './time.js';
