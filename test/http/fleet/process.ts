import { CacheService, DynamoDBCacheStore, RedisCacheStore } from '@glasswork/cache';
import { responseCache } from '@glasswork/cache/http';

/** A cold process in front of an origin. It answers each request that its parent sends. */
const [kind = '', place = '', name = '', origin = ''] = process.argv.slice(2);
const credentials = async () => ({ accessKeyId: 'local', secretAccessKey: 'local' });
const store =
  kind === 'redis'
    ? new RedisCacheStore({ url: place, prefix: name })
    : new DynamoDBCacheStore({
        ...{ tableName: name, region: 'us-east-1', endpoint: place, credentials },
        timeouts: { connect: '2s', request: '2s' },
      });
const cache = new CacheService(store, { onEvent: () => {} });
const cached = responseCache(cache, { ttl: '1m', lease: true });

process.on('message', async ([id, path]: [number, string]) => {
  const request = new Request(`https://example.com${path}`);
  const response = await cached(request, ({ url }) => fetch(origin + new URL(url).pathname));
  process.send?.([
    id,
    { body: await response.text(), status: response.headers.get('cache-status') },
  ]);
});
void store.warm().then(() => process.send?.('ready'));
