import { RedisCacheStore } from '@glasswork/cache';
import type { NodeRedisClient } from '@glasswork/cache/redis';
import { Redis, type SentinelConnectionOptions } from 'ioredis';
import { createSentinel } from 'redis';
import { createSentinel as createSentinel5 } from 'redis-5';
import { describe, expect, it, type TestContext } from 'vitest';
import { describeWithRedis } from '../../servers/redis-available.js';
import { startRedisSentinel } from '../../servers/redis-sentinel.js';
import { until } from '../../servers/until.js';
import { expectRecovery, Origin, Process, Traffic, within } from './traffic.js';

/** For the worst of machines: what a test waits for has limits of its own. */
type OnEnd = TestContext['onTestFinished'];

const WAYS = {
  'a url': (options: SentinelConnectionOptions, onEnd: OnEnd): RedisCacheStore => {
    const store = new RedisCacheStore({ url: 'redis://by-name', options: { ...options } });
    onEnd(() => within(3_000, 'close', store.close()));
    return store;
  },
  'a client': (options: SentinelConnectionOptions, onEnd: OnEnd): RedisCacheStore => {
    const client = new Redis(options);
    client.on('error', () => {});
    onEnd(() => client.disconnect());
    return new RedisCacheStore({ client });
  },
  'a client of node-redis 6': (options: SentinelConnectionOptions, onEnd: OnEnd) =>
    withNodeRedis(createSentinel(nodeRedisOptions(options)), onEnd),
  'a client of node-redis 5': (options: SentinelConnectionOptions, onEnd: OnEnd) =>
    withNodeRedis(createSentinel5(nodeRedisOptions(options)), onEnd),
} as const;

const nodeRedisOptions = ({ name, sentinels }: SentinelConnectionOptions) => ({
  name: String(name),
  sentinelRootNodes: (sentinels ?? []).map(({ host = '', port = 0 }) => ({ host, port })),
});

function withNodeRedis(client: NodeRedisClient & Lifecycle, onEnd: OnEnd): RedisCacheStore {
  onEnd(async () => void (await client.destroy()));
  const store = new RedisCacheStore({ client });
  client.connect().catch(() => {});
  return store;
}

interface Lifecycle {
  connect(): Promise<unknown>;
  destroy(): unknown;
}

describeWithRedis('a master that a Sentinel watches', () => {
  describe.concurrent.each(Object.entries(WAYS))('through %s', (_way, open) => {
    it('fails, and its replica takes over', async ({ onTestFinished }) => {
      const { origin, processes, traffic, servers } = await start(open, onTestFinished);
      const { master, failedOver } = servers;
      await traffic.lose(async () => {
        await master.kill();
        await failedOver();
      });
      await traffic.more(200);
      await master.start();
      await until(async () => (await master.field('role')) === 'slave', 'the old one to follow');
      await traffic.more(200);
      await traffic.stop();
      await expectRecovery(processes, origin);
    });

    it('is told to hand over, and lives on as a replica', async ({ onTestFinished }) => {
      const { origin, processes, traffic, servers } = await start(open, onTestFinished);
      const { name, sentinel, master, failedOver } = servers;
      // For as long as both are masters, the old one confirms what nobody else has.
      await traffic.lose(async () => {
        await sentinel.call('SENTINEL', 'FAILOVER', name);
        await failedOver();
        await until(async () => (await master.field('role')) === 'slave', 'the old one to follow');
      });
      await traffic.more(300);
      await traffic.stop();
      await expectRecovery(processes, origin);
      expect(processes.flatMap(({ errors }) => errors.slice(-1))).toEqual([]);
    });
  });
});

/** A master, its replica and a Sentinel, and two processes that are busy with them. */
async function start(open: (typeof WAYS)[keyof typeof WAYS], onEnd: OnEnd) {
  const servers = await startRedisSentinel();
  onEnd(servers.stop);
  const { host, port } = servers.sentinel;
  const options = { sentinels: [{ host, port }], name: servers.name };
  const origin = new Origin();
  const processes = [new Process(open(options, onEnd)), new Process(open(options, onEnd))];
  const traffic = new Traffic(processes, origin);
  traffic.start();
  await traffic.more(300);
  return { origin, processes, traffic, servers };
}
