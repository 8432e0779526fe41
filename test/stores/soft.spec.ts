import {
  CacheService,
  type CacheStore,
  DynamoDBCacheStore,
  RedisCacheStore,
} from '@glasswork/cache';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { serveHttp } from '../aws/servers.js';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { createCacheTable, credentials, region } from '../servers/table.js';

const dynalite = await startDynalite();
afterAll(() => dynalite.stop());

/** Makes the stores of several processes over the same data. */
type Open = () => Promise<() => CacheStore>;

function describeSoft(open: Open): void {
  async function fleet(size: number): Promise<CacheService[]> {
    const store = await open();
    return Array.from({ length: size }, () => {
      const cache = new CacheService(store(), { onEvent: () => {} });
      onTestFinished(() => cache.close());
      return cache;
    });
  }
  const policy = { ttl: '1h', tags: ['red'] } as const;

  it('expires a key for every process, which refresh once', async () => {
    const caches = await fleet(3);
    const [first] = caches;
    await first?.wrap('k', policy, () => ['old']);
    const before = await first?.getEntry('k');
    await first?.expire('k');
    for (const cache of caches) {
      expect(await cache.getEntry('k')).toEqual({
        ...before,
        state: 'stale',
        staleAt: before?.createdAt,
      });
    }
    let loads = 0;
    const load = () => [`new ${++loads}`];
    const served = await Promise.all(caches.map((cache) => cache.wrap('k', policy, load)));
    expect(served).toEqual([['old'], ['old'], ['old']]);
    await Promise.all(caches.map((cache) => cache.settled()));
    expect(loads).toBe(1);
    expect(await first?.getEntry('k')).toMatchObject({ value: ['new 1'], state: 'fresh' });
  });

  it('expires a tag for every process, which refresh once', async () => {
    const caches = await fleet(3);
    const [first] = caches;
    await first?.wrap('k', policy, () => ['old']);
    await first?.expireTags(['red', 'never used']);
    let loads = 0;
    const load = () => [`new ${++loads}`];
    const served = await Promise.all(caches.map((cache) => cache.wrap('k', policy, load)));
    expect(served).toEqual([['old'], ['old'], ['old']]);
    await Promise.all(caches.map((cache) => cache.settled()));
    expect(loads).toBe(1);
    expect(await first?.getEntry('k')).toMatchObject({ value: ['new 1'], state: 'fresh' });
    await first?.invalidateTags(['red']);
    expect(await caches[1]?.get('k')).toBeUndefined();
  });

  it('makes the value of a load arrive stale, or not at all, that began before', async () => {
    const [here, there] = await fleet(2);
    for (const expire of ['k', 'red'] as const) {
      let finish: (value: string) => void = () => {};
      const begun = new Promise<void>((begin) => {
        const load = () => {
          begin();
          return new Promise<string>((resolve) => (finish = resolve));
        };
        void there?.wrap(`${expire}`, { ...policy, forceFresh: true }, load).catch(() => {});
      });
      await begun;
      await (expire === 'red' ? here?.expireTags(['red']) : here?.expire('k'));
      finish('old');
      await there?.wrap(`${expire}`, policy, () => 'new');
      await there?.settled();
      const entry = await here?.getEntry(expire);
      expect(entry?.value === 'old' && entry.state === 'fresh').toBe(false);
    }
  });
}

describe('soft invalidation on DynamoDB', () => {
  describeSoft(async () => {
    const { endpoint } = dynalite;
    const tableName = await createCacheTable(endpoint);
    const options = { tableName, endpoint, region, credentials: async () => credentials };
    return () => new DynamoDBCacheStore(options);
  });

  it('reads consistently, and writes on condition of what it has read', async () => {
    const { url, requests } = await serveHttp(() => ({ body: '{}' }));
    const endpoint = url.href;
    const options = { tableName: 't', endpoint, region, credentials: async () => credentials };
    const cache = new CacheService(new DynamoDBCacheStore(options));
    onTestFinished(() => cache.close());
    await cache.expireTags(['red']);
    const [read, write, ...others] = requests.map(({ headers, body }) => {
      return { target: headers['x-amz-target']?.split('.')[1], body: JSON.parse(body) };
    });
    expect(read).toMatchObject({ target: 'GetItem', body: { ConsistentRead: true } });
    expect(write).toMatchObject({
      target: 'UpdateItem',
      body: { ConditionExpression: expect.stringContaining('attribute_not_exists') },
    });
    expect(others).toEqual([]);
  });
});

describeWithRedis('soft invalidation on Redis', (url) => {
  describeSoft(async () => {
    const prefix = `soft-${crypto.randomUUID()}`;
    return () => new RedisCacheStore({ url, prefix });
  });
});
