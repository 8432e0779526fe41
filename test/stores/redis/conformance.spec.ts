import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6';
import { Redis as Valkey, Cluster as ValkeyCluster } from 'iovalkey';
import { createClient, createCluster, createSentinel } from 'redis';
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createSentinel as createSentinel5,
} from 'redis-5';
import { afterAll, beforeAll, describe } from 'vitest';
import { pause } from '../../../src/model/time.js';
import {
  type NodeRedisClient,
  RedisCacheStore,
  type RedisCacheStoreOptions,
  type RedisClient,
} from '../../../src/stores/redis/index.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';
import { startRedisSentinel } from '../../servers/redis-sentinel.js';
import { describeConformance } from '../conformance.js';

type OpenClient = RedisClient & { disconnect(): void };

/** The server's clock is the only one, and nobody moves it; nothing is held in this process. */
const NEITHER = [
  'the store has no getIfPresent',
  'the store has no getIfPresent, the subject has no exactTime',
  'the subject has no exactTime',
];

/** Gives the options of a store with this prefix. */
type Way = (prefix: string) => RedisCacheStoreOptions;

describeWithRedis('on one server', (url) => {
  describeStore('by its url', (prefix) => ({ url, prefix }));
  describeClient('ioredis 5', () => new Redis(url));
  describeClient('ioredis 5 that pipelines by itself', () => {
    return new Redis(url, { enableAutoPipelining: true });
  });
  describeClient('ioredis 5 with numbers as text', () => new Redis(url, { stringNumbers: true }));
  describeClient('ioredis 6', () => new Redis6(url));
  describeClient('iovalkey', () => new Valkey(url));
  describeNodeRedis('node-redis 6', () => createClient({ url }));
  describeNodeRedis('node-redis 6 by RESP2', () => createClient({ url, RESP: 2 }));
  describeNodeRedis('node-redis 5', () => createClient5({ url }));
  describeNodeRedis('node-redis 5 by RESP3', () => createClient5({ url, RESP: 3 }));
  describeNodeRedis('node-redis 6 that maps types by itself', () => {
    const typeMapping = { 36: Buffer, 58: String, 43: Buffer };
    return createClient({ url, commandOptions: { typeMapping } });
  });
});

describeWithRedisCluster('on a Cluster', (addresses) => {
  const nodes = [...addresses];
  describeClient('ioredis 5', () => new Cluster(nodes));
  describeClient('ioredis 5 that pipelines by itself', () => {
    return new Cluster(nodes, { enableAutoPipelining: true });
  });
  describeClient('ioredis 6', () => new Cluster6(nodes));
  describeClient('iovalkey', () => new ValkeyCluster(nodes));
  describeClient('iovalkey that pipelines by itself', () => {
    return new ValkeyCluster(nodes, { enableAutoPipelining: true });
  });
  const rootNodes = nodes.map((socket) => ({ socket }));
  describeNodeRedis('node-redis 6', () => createCluster({ rootNodes }));
  describeNodeRedis('node-redis 6 by RESP2', () => createCluster({ rootNodes, RESP: 2 }));
  describeNodeRedis('node-redis 6 that may read from replicas, and connects when it must', () => {
    return createCluster({ rootNodes, useReplicas: true, minimizeConnections: true });
  });
  describeNodeRedis('node-redis 5', () => createCluster5({ rootNodes }));
  describeNodeRedis('node-redis 5 by RESP3', () => createCluster5({ rootNodes, RESP: 3 }));
});

describeWithRedis('by Sentinel', async (url) => {
  // Clients are made before the first case. A suite that is skipped for want of a server needs no server.
  const isSkipped = new URL(url).hostname.endsWith('.invalid');
  const started = isSkipped ? undefined : await startRedisSentinel();
  afterAll(() => started?.stop());
  const { name = 'cache', sentinel: { host, port } = { host: '127.0.0.1', port: 1 } } =
    started ?? {};
  describeClient('ioredis 5', () => new Redis({ sentinels: [{ host, port }], name }));
  const options = { name, sentinelRootNodes: [{ host, port }] };
  describeNodeRedis('node-redis 6', () => createSentinel(options));
  describeNodeRedis('node-redis 6 by RESP2', () => createSentinel({ ...options, RESP: 2 }));
  describeNodeRedis('node-redis 5', () => createSentinel5(options));
  describeNodeRedis('node-redis 5 by RESP3', () => createSentinel5({ ...options, RESP: 3 }));
});

/** One client for all stores, as users have it. */
function describeClient(title: string, open: () => OpenClient): void {
  describe(title, () => {
    const client = open();
    afterAll(() => client.disconnect());
    describeStore('as the client', (prefix) => ({ client, prefix }));
  });
}

type NodeRedis = NodeRedisClient & { connect(): Promise<unknown>; destroy(): unknown };

/** The same for node-redis, which its user connects. */
function describeNodeRedis(title: string, open: () => NodeRedis): void {
  describe(title, () => {
    const client = open();
    beforeAll(async () => void (await client.connect()));
    afterAll(async () => void (await client.destroy()));
    describeStore('as the client', (prefix) => ({ client, prefix }));
  });
}

function describeStore(title: string, way: Way): void {
  // Its own part of a server that other test files use too; with what SCAN would take for a pattern.
  const prefix = `conformance*[a-c]?\\${crypto.randomUUID()}`;
  const opened: RedisCacheStore[] = [];
  describeConformance(
    title,
    () => {
      const open = (options?: Pick<RedisCacheStoreOptions, 'serializer'>) => {
        const store = new RedisCacheStore({ ...way(prefix), ...options });
        opened.push(store);
        return store;
      };
      return {
        store: open(),
        another: open(),
        advance: pause,
        waits: true,
        withSerializer: (serializer) => open({ serializer }),
        dispose: async () => {
          await Promise.all(opened.splice(0).map((store) => store.close()));
        },
      };
    },
    { lacks: NEITHER },
  );
}
