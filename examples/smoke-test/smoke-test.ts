import { pathToFileURL } from 'node:url';
import { CacheError, CacheService, DynamoDBCacheStore } from '@glasswork/cache';

/** Checks the deployed table with the prefix and the credentials that the functions use. Resolves to an exit code. */
export async function smokeTest(tableName: string, keyPrefix: string): Promise<0 | 1> {
  const store = new DynamoDBCacheStore({ tableName });
  const cache = new CacheService(store, { keyPrefix });
  try {
    await cache.check();
    console.log(`The cache works: table "${tableName}", prefix "${keyPrefix}".`);
    return 0;
  } catch (error) {
    // The message names the step, the reason and the remedy; the JSON has code and cause, too.
    console.error(error instanceof CacheError ? JSON.stringify(error, undefined, 2) : error);
    return 1;
  } finally {
    await cache.close();
  }
}

const { argv, env } = process;
if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  process.exitCode = await smokeTest(env.CACHE_TABLE ?? 'cache', env.CACHE_PREFIX ?? 'items');
}
