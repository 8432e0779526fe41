import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe } from 'vitest';
import type { CacheStore, Clock } from '../../../src/index.js';
import { pause, systemClock } from '../../../src/model/time.js';
import type { SyncSerializer } from '../../../src/serializers/serializer.js';
import { DynamoDBCacheStore } from '../../../src/stores/dynamodb/index.js';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { TieredCacheStore } from '../../../src/stores/tiered/index.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { startDynalite } from '../../servers/dynalite.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';
import { createCacheTable, credentials, freshTableName, region } from '../../servers/table.js';
import { type ClosableSubject, describeConformance, type Expectations } from '../conformance.js';

const UPPER_TTL_MS = 50;
const dynalite = await startDynalite();
const tableName = freshTableName();
beforeAll(() => createCacheTable(dynalite.endpoint, tableName));
afterAll(() => dynalite.stop());

interface Parts {
  readonly clock: Clock;
  readonly serializer?: SyncSerializer | undefined;
}
type Open = (parts: Parts) => CacheStore;

const memory: Open = (parts) => new MemoryCacheStore(present(parts));

const dynamoDB: Open = ({ clock, serializer }) =>
  new DynamoDBCacheStore({
    tableName,
    endpoint: dynalite.endpoint,
    region,
    credentials: async () => credentials,
    clock,
    serializer,
  });

/** A store in each instance's own process, and stores that all instances share: each opens those as it would. */
interface Layers {
  readonly first: Open;
  readonly rest: readonly Open[];
  /** The time of a server, which nobody moves, counts somewhere. */
  readonly realTime?: boolean;
}

function subject({ first, rest, realTime }: Layers): ClosableSubject {
  // The system's time to begin with: a table deletes what its TTL says is over.
  const virtual = createVirtualClock(Date.now());
  const clock = realTime ? systemClock : virtual;
  const opened: TieredCacheStore[] = [];
  const open = (serializer?: SyncSerializer) => {
    const stores = [first, ...rest].map((one) => one({ clock, serializer }));
    const store = new TieredCacheStore(stores, { clock, upperTTL: `${UPPER_TTL_MS}ms` });
    opened.push(store);
    return store;
  };
  return {
    store: open(),
    another: open(),
    advance: realTime ? pause : virtual.advance,
    exactTime: !realTime,
    // A timer may fire a millisecond early.
    lagMs: UPPER_TTL_MS + (realTime ? 2 : 0),
    withSerializer: (serializer: SyncSerializer) => open(serializer),
    dispose: async () => {
      await Promise.all(opened.map((store) => store.close()));
    },
  };
}

const describeTiers = (title: string, layers: () => Layers, expectations?: Expectations) =>
  describeConformance(title, () => subject(layers()), expectations);

const NO_TIME = { lacks: ['the subject has no exactTime'] };
const NO_TIME_NOR_PEEK = {
  lacks: [
    'the store has no getIfPresent',
    'the store has no getIfPresent, the subject has no exactTime',
    'the subject has no exactTime',
  ],
};

/** One store that all instances share, as they share a server. */
function sharedMemory(): Open {
  const stores = new Map<SyncSerializer | undefined, CacheStore>();
  return (parts) => {
    const store = stores.get(parts.serializer) ?? memory(parts);
    stores.set(parts.serializer, store);
    return store;
  };
}

describe('tiers', () => {
  describeTiers('memory over memory', () => ({ first: memory, rest: [sharedMemory()] }));
  describeTiers('frozen memory over memory', () => ({
    first: (parts) => new MemoryCacheStore({ ...present(parts), frozen: true }),
    rest: [sharedMemory()],
  }));
  describeTiers('memory over DynamoDB', () => ({ first: memory, rest: [dynamoDB] }));
  describeTiers('three in memory', () => ({
    first: memory,
    rest: [sharedMemory(), sharedMemory()],
  }));
});

describeWithRedis('tiers with Redis', (url) => {
  const prefix = `tiers-${crypto.randomUUID()}`;
  const redis: Open = ({ serializer }) => new RedisCacheStore({ url, prefix, ...some(serializer) });
  const realTime = true;
  describeTiers('memory over Redis', () => ({ first: memory, rest: [redis], realTime }), NO_TIME);
  describeTiers(
    'Redis over DynamoDB',
    () => ({ first: redis, rest: [dynamoDB], realTime }),
    NO_TIME_NOR_PEEK,
  );
  describeTiers(
    'memory over Redis over DynamoDB',
    () => ({ first: memory, rest: [redis, dynamoDB], realTime }),
    NO_TIME,
  );
});

describeWithRedisCluster('tiers with a Redis Cluster', (addresses) => {
  const client = new Cluster([...addresses]);
  afterAll(() => client.disconnect());
  const prefix = `tiers-${crypto.randomUUID()}`;
  const redis: Open = ({ serializer }) =>
    new RedisCacheStore({ client, prefix, ...some(serializer) });
  const layers: Layers = { first: memory, rest: [redis], realTime: true };
  describeTiers('memory over the Cluster', () => layers, NO_TIME);
});

const some = (serializer: SyncSerializer | undefined) => (serializer ? { serializer } : {});
const present = ({ clock, serializer }: Parts) => ({ clock, ...some(serializer) });
