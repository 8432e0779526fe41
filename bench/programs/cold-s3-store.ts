import { S3CacheStore } from '@glasswork/cache';

const store = new S3CacheStore({
  bucket: process.env.BUCKET ?? '',
  endpoint: process.env.ENDPOINT,
});

/** One read of one object, as the SDK's handler makes it. */
export const handler = async (): Promise<unknown> =>
  (await store.get<{ value: unknown }>('bench:item:0'))?.value;
