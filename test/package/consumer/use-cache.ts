// A project that uses the package. check:package compiles, bundles and runs it from the tarball, everywhere.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import {
  CacheError,
  CacheService,
  createCacheKey,
  DynamoDBCacheStore,
  MemoryCacheStore,
} from '@glasswork/cache';
import * as dynamodb from '@glasswork/cache/dynamodb';
import { cacheModule } from '@glasswork/cache/glasswork';
import { afterResponse } from '@glasswork/cache/lambda';
import * as memory from '@glasswork/cache/memory';
import * as redis from '@glasswork/cache/redis';
import { createVirtualClock } from '@glasswork/cache/testing';
import * as tiered from '@glasswork/cache/tiered';

interface User {
  id: string;
  name: string;
}
const userKey = createCacheKey('user', (id: string) => `user:${id}`, { ttl: '5m' }).of<User>();
const ada = { id: '1', name: 'Ada' };
let loads = 0;
const load = async (): Promise<User> => {
  loads += 1;
  return ada;
};

/** Resolves to a line that says so when all is as it should be. */
export async function useCache(): Promise<string> {
  // One class and one implementation, whichever entry point they come from.
  strictEqual(memory.MemoryCacheStore, MemoryCacheStore);
  strictEqual(dynamodb.DynamoDBCacheStore, DynamoDBCacheStore);
  await useService(new CacheService(new MemoryCacheStore()));
  const first = new memory.MemoryCacheStore({ frozen: true });
  await useService(new CacheService(new tiered.TieredCacheStore([first, new MemoryCacheStore()])));
  const table = process.env.CACHE_TABLE;
  ok(table, 'there is no CACHE_TABLE');
  const store = new DynamoDBCacheStore({ tableName: table });
  await useService(new CacheService(store, { keyPrefix: `p${process.pid}` }));
  await failAsCacheError();
  await useOthers();
  return `the cache works, with ${loads} loads`;
}

async function useService(cache: CacheService): Promise<void> {
  const before = loads;
  const user: User = await cache.wrap(userKey('1'), load);
  await cache.settled();
  const again: User | undefined = await cache.get(userKey('1'));
  deepStrictEqual([user, again, loads - before], [ada, ada, 1]);
  await cache.del(userKey('1'));
  strictEqual(await cache.get(userKey('1')), undefined);
  await cache.wrap('text', { ttl: 60, tags: ['all'] }, () => 'a');
  await cache.invalidateTags(['all']);
  const text: string = await cache.wrap('text', 60, () => 'b');
  strictEqual(text, 'b');
  await cache.close();
}

async function failAsCacheError(): Promise<void> {
  const cache = new CacheService(new MemoryCacheStore());
  const failing = cache.wrap('key', -1, load);
  await rejects(failing, (error: unknown) => {
    ok(error instanceof CacheError);
    const { code }: { code: string } = error;
    return code === 'INVALID_DURATION';
  });
  // The optional peer is not installed here: its absence is told where it is needed, and nowhere else.
  const unreachable = new redis.RedisCacheStore({ url: 'redis://127.0.0.1:1' });
  await rejects(unreachable.get('key'), (error: unknown) => {
    return error instanceof CacheError && error.code === 'MISSING_PEER';
  });
}

async function useOthers(): Promise<void> {
  const after = await afterResponse();
  strictEqual(after.mode, 'detached');
  const handler = after.handler(async (event: { id: string }) => event.id);
  strictEqual(await handler({ id: '1' }), '1');

  const clock = createVirtualClock();
  const store = new MemoryCacheStore({ clock });
  await store.set('key', 'value', 60);
  clock.advance(60_000);
  strictEqual(await store.get('key'), undefined);

  const module = cacheModule({ store });
  deepStrictEqual(module.exports, ['cacheStore', 'cacheService']);
}

/** Compiled and never called. */
export async function typesAreRight(cache: CacheService): Promise<void> {
  // @ts-expect-error a user is no text
  const wrong: string | undefined = await cache.get(userKey('1'));
  // @ts-expect-error a number is no user
  await cache.set(userKey('1'), 42);
  // @ts-expect-error there is no such option
  new MemoryCacheStore({ unknown: wrong });
}
