import { CacheService, S3CacheStore } from '@glasswork/cache';

const store = new S3CacheStore({
  bucket: process.env.BUCKET ?? '',
  endpoint: process.env.ENDPOINT,
});
const cache = new CacheService(store, { keyPrefix: 'bench' });

export const handler = (): Promise<unknown> =>
  cache.wrap('item:0', 300, () => {
    throw new Error('a miss, where a hit is measured');
  });
