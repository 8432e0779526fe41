import { MemoryCacheStore, RedisCacheStore, TieredCacheStore } from '../../../src/index.js';

/** A process with a first tier of its own over Redis, which does what its parent says. */
const [url = '', prefix = ''] = process.argv.slice(2);
const redis = new RedisCacheStore({ url, prefix });
const store = new TieredCacheStore([new MemoryCacheStore(), redis], {
  upperTTL: '1h',
  channel: redis.invalidations(),
});
await store.warm();

const WORK = {
  getIfPresent: (key: string) => store.getIfPresent?.(key),
  get: (key: string) => store.get(key),
  set: (key: string) => store.set(key, 'theirs', 3_600),
  del: (key: string) => store.del(key),
};

process.on('message', async ([id, method, key]: [number, keyof typeof WORK, string]) => {
  try {
    process.send?.([id, { value: await WORK[method](key) }]);
  } catch (error) {
    process.send?.([id, { error: String(error) }]);
  }
});
process.send?.([0, {}]);
