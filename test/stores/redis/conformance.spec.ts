import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6';
import { Redis as Valkey, Cluster as ValkeyCluster } from 'iovalkey';
import { afterAll, describe } from 'vitest';
import { pause } from '../../../src/model/time.js';
import {
  RedisCacheStore,
  type RedisCacheStoreOptions,
  type RedisClient,
} from '../../../src/stores/redis/index.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';
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
});

/** One client for all stores, as users have it. */
function describeClient(title: string, open: () => OpenClient): void {
  describe(title, () => {
    const client = open();
    afterAll(() => client.disconnect());
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
