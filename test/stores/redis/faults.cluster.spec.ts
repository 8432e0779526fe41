import { RedisCacheStore } from '@glasswork/cache';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { createCluster as createCluster5 } from 'redis-5';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWithRedis } from '../../servers/redis-available.js';
import {
  addMaster,
  moveSlot,
  type RedisCluster,
  startRedisCluster,
} from '../../servers/redis-cluster.js';
import type { RedisProcess } from '../../servers/redis-process.js';
import { until } from '../../servers/until.js';
import { expectOutage, expectRecovery, Origin, Process, Traffic } from './traffic.js';

/** For the worst of machines: what a test waits for has limits of its own. */
let origin: Origin;
let closing: (() => unknown)[];
beforeEach(() => {
  origin = new Origin();
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

async function startCluster(options?: { replicas: boolean }): Promise<RedisCluster> {
  const cluster = await startRedisCluster(options);
  closing.push(cluster.stop);
  return cluster;
}

type Open = (cluster: RedisCluster) => RedisCacheStore;

const rootNodes = ({ addresses }: RedisCluster) => addresses.map((socket) => ({ socket }));

const CLIENTS: Readonly<Record<string, Open>> = {
  ioredis({ addresses }) {
    const client = new Cluster([...addresses]);
    client.on('error', () => {});
    closing.push(() => client.disconnect());
    return new RedisCacheStore({ client });
  },
  'node-redis 6'(cluster) {
    const client = createCluster({ rootNodes: rootNodes(cluster) });
    closing.push(() => client.destroy());
    const store = new RedisCacheStore({ client });
    client.connect().catch(() => {});
    return store;
  },
  'node-redis 5'(cluster) {
    const client = createCluster5({ rootNodes: rootNodes(cluster) });
    closing.push(() => client.destroy());
    const store = new RedisCacheStore({ client });
    client.connect().catch(() => {});
    return store;
  },
};

const two = (open: Open, cluster: RedisCluster): [Process, Process] => [
  new Process(open(cluster)),
  new Process(open(cluster)),
];

describeWithRedis('faults of a Redis Cluster', () => {
  describe.each(Object.entries(CLIENTS))('with %s', (_, open) => {
    it('a master that fails, and its replica that takes over', async () => {
      const cluster = await startCluster({ replicas: true });
      const processes = two(open, cluster);
      const traffic = new Traffic(processes, origin, 60);
      traffic.start();
      await traffic.more(500);
      const [master] = cluster.masters;
      const [replica] = cluster.replicas;
      await traffic.lose(async () => {
        await master?.kill();
        await until(async () => (await replica?.field('role')) === 'master', 'the replica to lead');
      });
      await traffic.more(500);
      await master?.start();
      await until(async () => (await master?.field('role')) === 'slave', 'the old one to follow');
      await traffic.more(500);
      await traffic.stop();
      await expectRecovery(processes, origin);
    });

    it('slots that move while they are used', async () => {
      const cluster = await startCluster();
      const processes = two(open, cluster);
      const traffic = new Traffic(processes, origin, 30);
      traffic.start();
      await traffic.more(300);
      for (const key of traffic.keys.slice(0, 8)) {
        const slot = await slotOf(cluster, `cache:${key}`);
        const from = await ownerOf(slot, cluster.masters);
        const to = cluster.masters[(cluster.masters.indexOf(from) + 1) % 3] ?? from;
        await moveSlot(slot, from, to, cluster.masters, () => traffic.more(60));
      }
      const asked = await Promise.all(
        cluster.masters.map((node) => node.field('cmdstat_asking', ['INFO', 'commandstats'])),
      );
      expect(asked.filter((stat) => stat !== undefined)).not.toEqual([]);
      await traffic.more(300);
      await traffic.stop();
      expect(traffic.unconfirmed).toBe(0);
      expect(processes.flatMap(({ errors }) => errors)).toEqual([]);
      await expectRecovery(processes, origin);
    });

    it('a master that is gone, and back, and nobody to stand in', async () => {
      const cluster = await startCluster();
      const processes = two(open, cluster);
      await expectRecovery(processes, origin);
      const [gone] = cluster.masters;
      await gone?.kill();
      const other = cluster.masters[1];
      const down = async () =>
        (await other?.field('cluster_state', ['CLUSTER', 'INFO'])) === 'fail';
      await until(down, 'the others to notice');
      await expectOutage(processes, origin);
      await gone?.start();
      await expectRecovery(processes, origin);
    });

    it('a pattern reaches a master that the client has not heard of', async () => {
      const cluster = await startCluster();
      const store = open(cluster);
      await Promise.all(Array.from({ length: 40 }, (_, i) => store.set(`moved:${i}`, i, 60)));
      const added = await addMaster(cluster);
      closing.push(() => added.stop());
      const all = [...cluster.masters, added];
      for (let i = 0; i < 20; i++) {
        const slot = await slotOf(cluster, `cache:moved:${i}`);
        const from = await ownerOf(slot, all);
        if (from !== added) await moveSlot(slot, from, added, all);
      }
      expect(Number(await added.call('DBSIZE'))).toBeGreaterThanOrEqual(19);
      expect(await store.delByPattern('moved:*')).toBe(40);
      expect(await added.call('DBSIZE')).toBe(0);
    });
  });
});

async function ownerOf(slot: number, masters: readonly RedisProcess[]): Promise<RedisProcess> {
  const [first] = masters;
  const slots = (await first?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  const owner = slots.find(([start, end]) => start <= slot && slot <= end)?.[2][1];
  const found = masters.find(({ port }) => port === owner);
  if (!found) throw new Error(`Nobody owns slot ${slot}`);
  return found;
}

const slotOf = async ({ masters }: RedisCluster, key: string): Promise<number> =>
  Number(await masters[0]?.call('CLUSTER', 'KEYSLOT', key));
