import { S3CacheStore, type S3CacheStoreOptions } from '@glasswork/cache';
import { onTestFinished } from 'vitest';
import type { S3Bucket } from '../../servers/s3-bucket.js';
import { credentials, type S3Endpoint, startS3Endpoint } from '../../servers/s3-endpoint.js';

export const region = 'us-east-1';

/** An endpoint with one bucket, and stores on it, all of which end with the test. */
export async function s3World(): Promise<{
  server: S3Endpoint;
  bucket: S3Bucket;
  open(options?: Partial<S3CacheStoreOptions>): S3CacheStore;
}> {
  const server = await startS3Endpoint();
  onTestFinished(() => server.stop());
  const bucket = server.createBucket('cache-bucket', region);
  return {
    server,
    bucket,
    open(options) {
      const store = new S3CacheStore({
        ...{ bucket: 'cache-bucket', region, endpoint: server.endpoint },
        ...{ credentials: async () => credentials, ...options },
      });
      onTestFinished(() => store.close());
      return store;
    },
  };
}
