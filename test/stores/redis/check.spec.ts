import {
  CacheService,
  DynamoDBCacheStore,
  MemoryCacheStore,
  RedisCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { startDynalite } from '../../servers/dynalite.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { createCacheTable, credentials } from '../../servers/table.js';
import { until } from '../../servers/until.js';

describeWithRedis('check() on Redis', () => {
  let master: RedisProcess;
  let replica: RedisProcess;
  let admin: Redis;
  beforeAll(async () => {
    master = await RedisProcess.start();
    replica = await RedisProcess.start({ config: [`replicaof 127.0.0.1 ${master.port}`] });
    admin = new Redis(master.url);
    const follower = new Redis(replica.url);
    const isUp = async () => (await follower.info('replication')).includes('link_status:up');
    await until(isUp, 'the replica to follow');
    await follower.quit();
  });
  afterAll(async () => {
    admin.disconnect();
    await Promise.all([master.stop(), replica.stop()]);
  });

  const storeAt = (url: string) => {
    const store = new RedisCacheStore({ url });
    onTestFinished(() => store.close());
    return store;
  };

  it('passes, leaves nothing, and prints nothing', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const store = storeAt(master.url);
    const cache = new CacheService(store, { keyPrefix: 'app' });
    await Promise.all([cache.check(), cache.check(), store.check()]);
    await cache.wrap('k', 60, () => 1);
    await cache.del('k');
    expect(await admin.keys('*check*')).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('says that a replica takes no writes', async () => {
    const error = await storeAt(replica.url)
      .check()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_FAILED', subject: 'read' });
    expect(error.message).toMatch(/^Check of the store "redis": read failed: Redis: .*primary/);
  });

  it.each([
    ['scripts', ['-eval', '-evalsha'], /eval/],
    ['UNLINK', ['-unlink'], /unlink/i],
    ['SET', ['-set'], /set/i],
  ] as const)('says that the user has no %s', async (_, denied, message) => {
    const rules = ['on', '>pw', '~*', '&*', '+@all', ...denied];
    await admin.call('ACL', 'SETUSER', 'guest', 'reset', ...rules);
    const store = storeAt(`redis://guest:pw@127.0.0.1:${master.port}`);
    const error = await new CacheService(store).check().catch((thrown) => thrown);
    expect(error.message).toMatch(/^Check of the store "redis": [\w ]+ failed: Redis: /);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('pw');
    // The script of a read issues a token, so it needs all of them.
    expect(error.subject).toBe('read');
  });

  it('passes on tiers with a channel, and says which tier is wrong', async () => {
    const dynalite = await startDynalite();
    onTestFinished(() => dynalite.stop());
    const tableName = await createCacheTable(dynalite.endpoint);
    const last = (table: string) =>
      new DynamoDBCacheStore({
        ...{ tableName: table, region: 'us-east-1', endpoint: dynalite.endpoint },
        credentials: async () => credentials,
      });
    const redis = storeAt(master.url);
    const channel = redis.invalidations();
    const tiers = new TieredCacheStore([new MemoryCacheStore(), redis, last(tableName)], {
      channel,
    });
    onTestFinished(() => tiers.close());
    await new CacheService(tiers, { keyPrefix: 'app' }).check();
    const wrong = new TieredCacheStore([new MemoryCacheStore(), redis, last('missing')]);
    await expect(wrong.check()).rejects.toThrow(/store "dynamodb": read failed: .*"missing"/);
  });
});
