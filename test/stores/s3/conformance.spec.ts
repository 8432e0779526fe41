import { randomUUID } from 'node:crypto';
import { S3, S3Client } from '@aws-sdk/client-s3';
import { S3CacheStore, type S3CacheStoreOptions } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { afterAll, describe } from 'vitest';
import { credentials, resolveLocalhost, startS3Endpoint } from '../../servers/s3-endpoint.js';
import { describeConformance } from '../conformance.js';

const region = 'us-east-1';
const bucket = 'cache-bucket';
const server = await startS3Endpoint();
const { endpoint } = server;
server.createBucket(bucket, region).pageSize = 7;
afterAll(() => server.stop());

const { port } = new URL(endpoint);
const settings = { region, credentials, endpoint, forcePathStyle: true };

describeStore('lean', { endpoint, pathStyle: true });
resolveLocalhost();
describeStore('lean, with the bucket in the host', {
  endpoint: `http://localhost:${port}`,
  pathStyle: false,
});
describeStore('with an S3Client', { client: new S3Client(settings) });
describeStore('with a function that returns an S3', { client: async () => new S3(settings) });

function describeStore(title: string, way: Partial<S3CacheStoreOptions>): void {
  describe(title, () => {
    describeConformance(
      'an S3 store',
      () => {
        const clock = createVirtualClock(Date.now());
        const prefix = `conformance/${randomUUID()}`;
        const opened: S3CacheStore[] = [];
        const open = (options?: Partial<S3CacheStoreOptions>) => {
          // Time limits are not tested here, and many test files may share the processor.
          const timeouts = { connect: '20s', request: '20s', total: '60s' } as const;
          const store = new S3CacheStore({
            ...{ bucket, prefix, region, clock, timeouts },
            ...{ credentials: async () => credentials },
            ...way,
            ...options,
          });
          opened.push(store);
          return store;
        };
        return {
          store: open(),
          another: open(),
          advance: clock.advance,
          exactTime: true,
          withSerializer: (serializer) => open({ serializer }),
          dispose: async () => {
            await Promise.all(opened.map((store) => store.close()));
          },
        };
      },
      { lacks: ['the store has no getIfPresent'] },
    );
  });
}
