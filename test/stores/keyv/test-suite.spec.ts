import {
  type CacheStore,
  DynamoDBCacheStore,
  MemoryCacheStore,
  RedisCacheStore,
} from '@glasswork/cache';
import { keyvAdapter } from '@glasswork/cache/keyv';
import suite from '@keyv/test-suite';
import Keyv from 'keyv';
import * as vitest from 'vitest';
import { startDynalite } from '../../servers/dynalite.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { createCacheTable, credentials, freshTableName, region } from '../../servers/table.js';

const { afterAll, beforeAll, describe } = vitest;

/** Keyv's own suite for storage adapters, as it is published for version 5. */
function describeSuite(title: string, open: () => CacheStore): void {
  describe(title, () => {
    const store = open();
    afterAll(() => store.close?.());
    // An adapter for each Keyv, because a Keyv sets the adapter's namespace. The suite's types name Keyv's module.
    suite(vitest, Keyv as never, () => keyvAdapter(store) as never);
  });
}

describeSuite('on memory', () => new MemoryCacheStore());

describe('on dynalite', async () => {
  const { endpoint, stop } = await startDynalite();
  const tableName = freshTableName();
  beforeAll(() => createCacheTable(endpoint, tableName));
  afterAll(stop);
  describeSuite('on DynamoDB', () => {
    return new DynamoDBCacheStore({
      tableName,
      endpoint,
      region,
      credentials: async () => credentials,
    });
  });
});

describeWithRedis('on a server', (url) => {
  describeSuite('on Redis', () => new RedisCacheStore({ url, prefix: crypto.randomUUID() }));
});
