// The handler of the package's smoke test: installed from the tarball, compiled, bundled and run by check:package.
import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';

const store = new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? 'cache' });
const cache = new CacheService(store, { defaultTTL: '5m', keyPrefix: 'smoke' });

let loads = 0;

export async function handler(event: { id: string; forget?: boolean }) {
  if (event.forget) await cache.del(`user:${event.id}`);
  const user = await cache.wrap(`user:${event.id}`, 60, async () => {
    loads += 1;
    return { id: event.id, name: 'Ada' };
  });
  await cache.settled();
  return { user, loads };
}
