import { type CacheStore, DynamoDBCacheStore, MemoryCacheStore } from '@glasswork/cache';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CACHE_MANAGER, CacheModule, createStore } from '../../examples/nestjs/cache.module.js';
import { type User, type UserDatabase, UserService } from '../../examples/nestjs/user.service.js';
import { startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, freshTableName, region } from '../servers/table.js';

const dynalite = await startDynalite();
const tableName = freshTableName();
beforeAll(() => createCacheTable(dynalite.endpoint, tableName));
afterAll(() => dynalite.stop());

const dynamoDB = () =>
  new DynamoDBCacheStore({
    ...{ tableName, region, endpoint: dynalite.endpoint },
    credentials: async () => credentials,
  });

/** Resolves a module as NestJS does: each provider once, by its token. */
function application(store: CacheStore, namespace: string) {
  const { providers, exports } = CacheModule.register({ store, namespace, ttl: 60_000 });
  const resolved = new Map(providers.map(({ provide, useFactory }) => [provide, useFactory()]));
  expect(exports).toEqual([CACHE_MANAGER]);
  const cache = resolved.get(CACHE_MANAGER);
  if (!cache) throw new Error('the module provides no cache');
  const rows = new Map<string, User>([['1', { id: '1', name: 'Ada' }]]);
  let reads = 0;
  const database: UserDatabase = {
    async find(id) {
      reads++;
      return rows.get(id);
    },
    async rename(id, name) {
      rows.set(id, { id, name });
    },
  };
  return { cache, users: new UserService(cache, database), reads: () => reads };
}

describe.each<[string, () => CacheStore]>([
  ['memory', () => new MemoryCacheStore()],
  ['DynamoDB', dynamoDB],
])('the example for NestJS, over %s', (_, open) => {
  it('loads a user once, and again after a change', async () => {
    const { users, reads, cache } = application(open(), crypto.randomUUID());
    expect(await users.find('1')).toEqual({ id: '1', name: 'Ada' });
    expect(await users.find('1')).toEqual({ id: '1', name: 'Ada' });
    expect(reads()).toBe(1);
    await users.rename('1', 'Grace');
    expect(await users.find('1')).toEqual({ id: '1', name: 'Grace' });
    expect(reads()).toBe(2);
    await cache.disconnect();
  });

  it('has the rest of cache-manager: batches, ttl and clear', async () => {
    const store = open();
    const { cache } = application(store, crypto.randomUUID());
    const other = application(store, crypto.randomUUID()).cache;
    await cache.mset<unknown>([
      { key: 'a', value: 1, ttl: 60_000 },
      { key: 'b', value: { n: 2 } },
    ]);
    await other.set('a', 'other');
    expect(await cache.mget(['a', 'b', 'c'])).toEqual([1, { n: 2 }, undefined]);
    const end = (await cache.ttl('a')) ?? 0;
    expect(Math.abs(end - Date.now() - 60_000)).toBeLessThan(30_000);
    await cache.mdel(['a']);
    expect(await cache.get('a')).toBeUndefined();
    await cache.clear();
    expect(await cache.get('b')).toBeUndefined();
    expect(await other.get('a')).toBe('other');
    await cache.disconnect();
  });
});

it('the example’s own store is DynamoDB', () => {
  vi.stubEnv('AWS_REGION', region);
  expect(createStore('my-cache').name).toBe('dynamodb');
  vi.unstubAllEnvs();
});
