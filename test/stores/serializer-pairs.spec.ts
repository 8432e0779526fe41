import { randomBytes } from 'node:crypto';
import {
  CacheService,
  type CacheStore,
  type CompressionAlgorithm,
  compressed,
  DynamoDBCacheStore,
  encrypted,
  jsonSerializer,
  MemoryCacheStore,
  RedisCacheStore,
  type Serializer,
  type SyncSerializer,
  structuredSerializer,
  TieredCacheStore,
} from '@glasswork/cache';
import { KeyvCacheStore } from '@glasswork/cache/keyv';
import Keyv from 'keyv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devalueSerializer, superjsonSerializer, v8Serializer } from '../serializers/foreign.js';
import { slowSerializer } from '../serializers/own.js';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { createCacheTable, credentials, freshTableName, region } from '../servers/table.js';
import { s3World } from './s3/world.js';

/*
 * A deployment changes the serializer of a store. What the old one wrote is read as it was, or it is a miss and an event;
 * it is never read as another value, whatever the two serializers are.
 */

const keys = { march: randomBytes(32) };

const INNERMOST: readonly Serializer[] = [
  jsonSerializer,
  structuredSerializer,
  superjsonSerializer,
  devalueSerializer,
  v8Serializer,
  slowSerializer,
];
const ALGORITHMS: readonly CompressionAlgorithm[] = [
  ...(['gzip', 'brotli'] as const),
  ...('zstdCompressSync' in process.getBuiltinModule('node:zlib') ? (['zstd'] as const) : []),
];
const ALL: readonly Serializer[] = INNERMOST.flatMap((inner) => [
  inner,
  ...ALGORITHMS.map((algorithm) => compressed(inner, { threshold: 0, algorithm })),
  encrypted(inner, { keys }),
  encrypted(compressed(inner, { threshold: 0 }), { keys }),
]);
/** For stores that answer over a network. The codec is the same for all. */
const SOME: readonly Serializer[] = [
  ...INNERMOST,
  compressed(devalueSerializer, { threshold: 0 }),
  encrypted(superjsonSerializer, { keys }),
  encrypted(compressed(jsonSerializer), { keys }),
];

/** Each is text or a list that some serializer takes for its own, or an ordinary value. */
const VALUES: readonly unknown[] = [
  { rows: Array.from({ length: 50 }, (_, id) => ({ id, name: 'Ada' })) },
  { json: { a: 1 }, meta: {} },
  [{ a: 1 }, 2],
  [[1, 2], 3],
  '~1[1]',
  'text',
  5,
  -1,
  null,
  false,
  [],
];

type Open = (serializer: Serializer) => CacheStore;

const dynalite = await startDynalite();
const tableName = freshTableName();
beforeAll(() => createCacheTable(dynalite.endpoint, tableName));
afterAll(() => dynalite.stop());

const dynamodb: Open = (serializer) =>
  new DynamoDBCacheStore({
    ...{ tableName, region, endpoint: dynalite.endpoint, serializer },
    credentials: async () => credentials,
  });

describe('every change of the serializer is a hit or a miss', () => {
  it('on Keyv', () => {
    const keyv = new Keyv();
    return expectNoWrongValue(ALL, (serializer) => new KeyvCacheStore(keyv, { serializer }));
  });

  it('on DynamoDB', () => expectNoWrongValue(SOME, dynamodb));

  it('on tiers', () => {
    // A memory store takes no asynchronous serializer, and values must be of one type in all tiers.
    const possible = SOME.filter((serializer) => serializer !== slowSerializer);
    return expectNoWrongValue(possible, (serializer) => {
      const memory = new MemoryCacheStore({ serializer: serializer as SyncSerializer });
      return new TieredCacheStore([memory, dynamodb(serializer)]);
    });
  });

  it('on S3', async () => {
    const { open } = await s3World();
    await expectNoWrongValue(SOME, (serializer) => open({ serializer }));
  });
});

describeWithRedis('every change of the serializer is a hit or a miss', (url) => {
  it('on Redis', () =>
    expectNoWrongValue(SOME, (serializer) => new RedisCacheStore({ url, serializer })));
});

async function expectNoWrongValue(serializers: readonly Serializer[], open: Open): Promise<void> {
  const stores = serializers.map((serializer) => ({ serializer, store: open(serializer) }));
  const keys = VALUES.map((_, i) => `${i}`);
  const wrong: string[] = [];
  for (const { serializer: from, store: writing } of stores) {
    const keyPrefix = crypto.randomUUID();
    const before = new CacheService(writing, { keyPrefix, onEvent: () => {} });
    const entries = VALUES.map((value, i) => ({ key: `${i}`, value, ttl: 60 }));
    expect(await before.setMany(entries), `${from.name} writes`).toBe(true);
    for (const { serializer: to, store: reading } of stores) {
      const corrupt = new Set<string | undefined>();
      const after = new CacheService(reading, {
        keyPrefix,
        onEvent: (event) => {
          if (event.type === 'corrupt') corrupt.add(event.key);
        },
      });
      const read = await after.getMany(keys);
      for (const [i, value] of VALUES.entries()) {
        const isHit = JSON.stringify(read[i]) === JSON.stringify(value) && !corrupt.has(`${i}`);
        const isMiss = read[i] === undefined && corrupt.has(`${i}`);
        // Nor may a value be lost that is written and read in the same way.
        if (isHit || (isMiss && from !== to)) continue;
        wrong.push(
          `${from.name} → ${to.name}: ${JSON.stringify(read[i])} of ${JSON.stringify(value)}`,
        );
      }
    }
  }
  await Promise.all(stores.map(({ store }) => store.close?.()));
  expect(wrong).toEqual([]);
}
