import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { afterAll, describe, expect, it } from 'vitest';
import { describeWithDynamoDBLocal } from '../../servers/available.js';
import { startDynalite } from '../../servers/dynalite.js';
import { createCacheTable, createClient, credentials, region } from '../../servers/table.js';

const dynalite = await startDynalite();
afterAll(() => dynalite.stop());

function describeWarm(endpoint: string) {
  it('is ready for the first read', async () => {
    const tableName = await createCacheTable(endpoint);
    const store = new DynamoDBCacheStore({
      ...{ tableName, region, endpoint },
      credentials: async () => credentials,
    });
    const cache = new CacheService(store);
    await cache.warm();
    expect(cache.stats().storeErrors).toBe(0);
    expect(await cache.wrap('k', 60, () => 'value')).toBe('value');
    await cache.close();
  });

  it('has called the function that makes the client, once', async () => {
    const tableName = await createCacheTable(endpoint);
    const client = createClient(endpoint);
    let calls = 0;
    const store = new DynamoDBCacheStore({
      tableName,
      client: () => {
        calls++;
        return client;
      },
    });
    await store.warm();
    await store.set('k', 'value', 60);
    expect(await store.get('k')).toBe('value');
    expect(calls).toBe(1);
    client.destroy();
  });
}

describe('a DynamoDB store that is warmed, on dynalite', () => describeWarm(dynalite.endpoint));
describeWithDynamoDBLocal('a DynamoDB store that is warmed, on DynamoDB Local', describeWarm);

it('a client that cannot be made is an error of warm(), and asked for again', async () => {
  let calls = 0;
  const store = new DynamoDBCacheStore({
    tableName: 'none',
    client: () => {
      calls++;
      throw new Error('no client');
    },
  });
  await expect(store.warm()).rejects.toThrow('no client');
  await expect(store.warm()).rejects.toThrow('no client');
  expect(calls).toBe(2);
});
