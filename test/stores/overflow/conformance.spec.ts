import { randomUUID } from 'node:crypto';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import {
  type CacheStore,
  type Clock,
  DynamoDBCacheStore,
  MemoryCacheStore,
  RedisCacheStore,
  S3CacheStore,
  type Serializer,
} from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { afterAll, describe } from 'vitest';
import { startDynalite } from '../../servers/dynalite.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { credentials as s3Credentials, startS3Endpoint } from '../../servers/s3-endpoint.js';
import { createCacheTable, createClient, credentials, region } from '../../servers/table.js';
import { describeConformance } from '../conformance.js';

const timeouts = { connect: '20s', request: '20s', total: '60s' } as const;
const dynalite = await startDynalite();
const s3 = await startS3Endpoint();
s3.createBucket('overflow');
const sdk = createClient(dynalite.endpoint);
const tableName = await createCacheTable(dynalite.endpoint);
afterAll(async () => {
  sdk.destroy();
  await Promise.all([dynalite.stop(), s3.stop()]);
});

/** Every value overflows: nothing fits into one byte. */
const limit = { maxItemBytes: 1, maxValueBytes: 1 } as const;

const { endpoint } = dynalite;
describe.each<[string, object]>([
  ['lean', { endpoint, region, credentials: async () => credentials }],
  ['a document client', { client: DynamoDBDocument.from(sdk) }],
])('DynamoDB, %s, over S3', (_, way) => {
  describeOverflow((clock, overflow, serializer) => {
    return new DynamoDBCacheStore({
      ...{ tableName, clock, timeouts, overflow, serializer, ...way, ...limit },
    });
  }, inS3);
});

describe('DynamoDB over a store in memory', () => {
  const client = DynamoDBDocument.from(sdk);
  describeOverflow(
    (clock, overflow, serializer) =>
      new DynamoDBCacheStore({
        ...{ tableName, clock, client, timeouts, overflow, serializer, ...limit },
      }),
    inMemory,
  );
});

describe('DynamoDB over a store of another kind, whose serializer loses bytes', () => {
  const client = DynamoDBDocument.from(sdk);
  describeOverflow(
    (clock, overflow, serializer) =>
      new DynamoDBCacheStore({
        ...{ tableName, clock, client, timeouts, overflow, serializer, ...limit },
      }),
    inMap,
  );
});

describeWithRedis('Redis over S3', (url) => {
  const prefix = `overflow-${randomUUID()}`;
  describeOverflow(
    (_, overflow, serializer) =>
      new RedisCacheStore({ url, prefix, overflow, serializer, ...limit }),
    inS3,
    'real time',
  );
});

type CreateOverflow = (clock: Clock) => CacheStore;

function inS3(clock: Clock): CacheStore {
  const credentials = async () => s3Credentials;
  const place = { bucket: 'overflow', endpoint: s3.endpoint, region: 'us-east-1' };
  const prefix = randomUUID();
  return new S3CacheStore({ ...place, prefix, credentials, clock, timeouts });
}

const inMemory: CreateOverflow = (clock) => new MemoryCacheStore({ clock });

/** The smallest store that a user may have written. */
function inMap(clock: Clock): CacheStore {
  const held = new Map<string, { json: string; until: number }>();
  return {
    name: 'map',
    async get(key) {
      const record = held.get(key);
      return record && record.until > clock.now() ? JSON.parse(record.json) : undefined;
    },
    async set(key, value, ttl) {
      held.set(key, { json: JSON.stringify(value), until: clock.now() + ttl * 1000 });
    },
    async del(key) {
      held.delete(key);
    },
  };
}

function describeOverflow(
  create: (clock: Clock, overflow: CacheStore, serializer?: Serializer) => CacheStore,
  overflowIn: CreateOverflow,
  time?: 'real time',
): void {
  describeConformance(
    'a store with overflow',
    () => {
      const clock = createVirtualClock(Date.now());
      const opened: CacheStore[] = [];
      const overflow = overflowIn(clock);
      const open = (serializer?: Serializer) => {
        const store = create(clock, overflow, serializer);
        opened.push(store);
        return store;
      };
      return {
        store: open(),
        another: open(),
        advance: time
          ? (ms) => new Promise<void>((resolve) => setTimeout(resolve, ms))
          : clock.advance,
        ...(!time && { exactTime: true }),
        withSerializer: open,
        dispose: async () => {
          await Promise.all(opened.map((store) => store.close?.()));
        },
      };
    },
    {
      lacks: [
        'the store has no getIfPresent',
        ...(time
          ? [
              'the store has no getIfPresent, the subject has no exactTime',
              'the subject has no exactTime',
            ]
          : []),
      ],
    },
  );
}
