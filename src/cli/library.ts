// The cache itself, for the commands that use a store. The build keeps it apart from the command line, as a file that
// shares its code with the entry points, so that the help does not load it.
export { defaultCredentials, keepCredentials } from '../aws/credentials.js';
export { resolveEndpoint } from '../aws/endpoint.js';
export { profileSettings } from '../aws/profile.js';
export { createTransport, errorMessage, errorType, parsed } from '../aws/transport.js';
export { CacheService } from '../cache-service.js';
export { DynamoDBCacheStore } from '../stores/dynamodb/dynamodb-cache-store.js';
export { httpDatabase } from '../stores/dynamodb/http-database.js';
export { inspectTable } from '../stores/dynamodb/inspection.js';
export { inspectRedis } from '../stores/redis/inspection.js';
export { RedisCacheStore } from '../stores/redis/redis-cache-store.js';
export { httpDatabase as httpS3Database } from '../stores/s3/http-database.js';
export { inspectBucket } from '../stores/s3/inspection.js';
export { s3Keys } from '../stores/s3/keys.js';
export { S3CacheStore } from '../stores/s3/s3-cache-store.js';
export { contents, textOf } from '../stores/s3/xml.js';
