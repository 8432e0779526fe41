export { CacheService } from './cache-service.js';
export type { LoadContext } from './engine/loading/load-context.js';
export type { KeyLoad, Load, LoadMany } from './engine/loading/load-types.js';
export type { Memoized } from './engine/memoize.js';
export type { SetEntry, SetPolicy } from './engine/writing/set-values.js';
export { entry } from './engine/writing/set-values.js';
export type {
  AnyKey,
  CacheKey,
  KeyFactory,
  KeyOptions,
  StandardSchemaV1,
} from './model/cache-key.js';
export { createCacheKey } from './model/cache-key.js';
export type {
  CacheStore,
  CacheVersion,
  NearestRead,
  ProblemReport,
  ReadOptions,
  StoreEntry,
  TrafficReport,
  VersionedRead,
} from './model/cache-store.js';
export { combine } from './model/combine.js';
export type { CacheConfig } from './model/config.js';
export { consoleReporter } from './model/console-reporter.js';
export type { CacheEntry } from './model/entry.js';
export type { CacheErrorCode, CacheErrorJSON, CauseJSON } from './model/errors.js';
export { CacheError } from './model/errors.js';
export type { CacheStats } from './model/event-log.js';
export type {
  CacheEvent,
  CacheListener,
  MissReason,
  RefusalReason,
  ResponseOutcome,
} from './model/events.js';
export type { Invalidated } from './model/invalidated.js';
export type { KeyPolicy, Policy, WaitUntil, WrapOptions } from './model/policy.js';
export type { Clock, Duration } from './model/time.js';
export type { CompressionAlgorithm } from './serializers/algorithms.js';
export type { CompressionOptions } from './serializers/compressed.js';
export { compressed } from './serializers/compressed.js';
export type { EncryptionOptions } from './serializers/encrypted.js';
export { encrypted } from './serializers/encrypted.js';
export { jsonSerializer } from './serializers/json.js';
export type { Serializer, SyncSerializer } from './serializers/serializer.js';
export { structuredSerializer } from './serializers/structured.js';
export type { DynamoDBCacheStoreOptions } from './stores/dynamodb/index.js';
export { DynamoDBCacheStore } from './stores/dynamodb/index.js';
export type { MemoryCacheStoreOptions } from './stores/memory/index.js';
export { MemoryCacheStore } from './stores/memory/index.js';
export { NullCacheStore } from './stores/null.js';
export type { RedisCacheStoreOptions, RedisClient } from './stores/redis/index.js';
export { RedisCacheStore } from './stores/redis/index.js';
export type { S3CacheStoreOptions } from './stores/s3/index.js';
export { S3CacheStore } from './stores/s3/index.js';
export type { InvalidationChannel, TieredCacheStoreOptions } from './stores/tiered/index.js';
export { TieredCacheStore } from './stores/tiered/index.js';
