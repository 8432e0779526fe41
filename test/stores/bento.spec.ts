import {
  type CacheStore,
  DynamoDBCacheStore,
  MemoryCacheStore,
  RedisCacheStore,
} from '@glasswork/cache';
import { registerCacheDriverTestSuite } from 'bentocache/test_suite';
import { afterAll, afterEach, assert, beforeAll, describe, it, onTestFinished } from 'vitest';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { createCacheTable, credentials, freshTableName, region } from '../servers/table.js';
import { bentoDriver } from './bento-driver.js';

type Tools = { assert: typeof assert; cleanup: typeof onTestFinished };
type Hook = () => Promise<(() => Promise<void>) | undefined>;

/** bentocache's own suite for its drivers, as its package has it, with Vitest in place of the runner it was made for. */
function describeSuite(title: string, store: CacheStore): void {
  describe(title, () => {
    afterAll(() => store.close?.());
    const root = crypto.randomUUID();
    const group = {
      // The hook's result runs at the end.
      setup: (hook: Hook) => void beforeAll(hook),
      tap() {},
      each: { teardown: (hook: () => Promise<void>) => void afterEach(hook) },
    };
    const test = (name: string, run: (tools: Tools) => Promise<void>) =>
      it(name, () => run({ assert, cleanup: onTestFinished }));
    const createDriver = ({ prefix = 'default' }: { prefix?: string } = {}) =>
      bentoDriver(store, `${root}:${prefix}`);
    // The suite's types name the other runner; these are the members that it calls.
    registerCacheDriverTestSuite({ test, group, createDriver } as never);
  });
}

describeSuite('memory passes the driver suite of bentocache', new MemoryCacheStore());

describe('on dynalite', async () => {
  const { endpoint, stop } = await startDynalite();
  const tableName = freshTableName();
  beforeAll(() => createCacheTable(endpoint, tableName));
  afterAll(stop);
  const store = new DynamoDBCacheStore({
    ...{ tableName, endpoint, region },
    credentials: async () => credentials,
  });
  describeSuite('DynamoDB passes the driver suite of bentocache', store);
});

describeWithRedis('on a server', (url) => {
  describeSuite('Redis passes the driver suite of bentocache', new RedisCacheStore({ url }));
});
