import { randomBytes, randomUUID } from 'node:crypto';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import {
  type CacheEvent,
  CacheService,
  type CacheStore,
  compressed,
  DynamoDBCacheStore,
  encrypted,
  jsonSerializer,
  MemoryCacheStore,
  RedisCacheStore,
  S3CacheStore,
  type SyncSerializer,
  structuredSerializer,
  TieredCacheStore,
} from '@glasswork/cache';
import { KeyvCacheStore } from '@glasswork/cache/keyv';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { credentials as s3Credentials, startS3Endpoint } from '../servers/s3-endpoint.js';
import { createCacheTable, createClient, freshTableName } from '../servers/table.js';

// An attacker who can write to the store exchanges the raw records of two keys, or puts an older one back.

const keys = { march: randomBytes(32), april: randomBytes(32) };
const SERIALIZERS: readonly SyncSerializer[] = [
  encrypted(jsonSerializer, { keys }),
  encrypted(compressed(structuredSerializer, { threshold: 10 }), { keys }),
  compressed(encrypted(jsonSerializer, { keys }), { threshold: 10 }),
];

/** A store, and its raw records by their names, which contain the key. */
interface World {
  open(serializer: SyncSerializer): CacheStore;
  names(): Promise<string[]>;
  read(name: string): Promise<unknown>;
  write(name: string, record: unknown): Promise<unknown>;
}

const dynalite = await startDynalite();
const s3 = await startS3Endpoint();
const tableName = freshTableName();
const sdk = createClient(dynalite.endpoint);
const document = DynamoDBDocument.from(sdk);
beforeAll(() => createCacheTable(dynalite.endpoint, tableName));
afterAll(async () => {
  sdk.destroy();
  await Promise.all([dynalite.stop(), s3.stop()]);
});

const table: Omit<World, 'open'> = {
  async names() {
    const { Items = [] } = await document.scan({ TableName: tableName });
    return Items.map(({ pk }) => String(pk));
  },
  read: async (pk) => (await document.get({ TableName: tableName, Key: { pk } })).Item,
  write: (pk, item) => document.put({ TableName: tableName, Item: { ...Object(item), pk } }),
};
const onDynamoDB = (serializer: SyncSerializer, overflow?: CacheStore) =>
  new DynamoDBCacheStore({
    ...{ tableName, client: sdk, serializer, overflow },
    ...(overflow && { maxItemBytes: 300 }),
  });

function bucketOf(): { bucket: Omit<World, 'open'>; store: (of?: SyncSerializer) => CacheStore } {
  const name = `moved-${randomUUID()}`;
  const { objects } = s3.createBucket(name);
  const where = { bucket: name, region: 'us-east-1', endpoint: s3.endpoint, pathStyle: true };
  return {
    bucket: {
      names: async () => [...objects.keys()],
      read: async (key) => objects.get(key),
      write: async (key, object) => objects.set(key, object as never),
    },
    store: (serializer) =>
      new S3CacheStore({ ...where, serializer, credentials: async () => s3Credentials }),
  };
}

describe.each(SERIALIZERS)('values that somebody has moved, by $name', (serializer) => {
  describe('on DynamoDB', () =>
    moved(() => ({ ...table, open: (own) => onDynamoDB(own) }), serializer));

  describe('on DynamoDB under a tier in memory', () =>
    moved(
      () => ({
        ...table,
        open: (own) =>
          new TieredCacheStore([new MemoryCacheStore({ serializer: own }), onDynamoDB(own)]),
      }),
      serializer,
    ));

  describe('on S3', () =>
    moved(() => {
      const { bucket, store } = bucketOf();
      return { ...bucket, open: store };
    }, serializer));

  describe('in the overflow store of DynamoDB, S3', () =>
    moved(() => {
      const { bucket, store } = bucketOf();
      const isObject = (name: string) => name.includes('overflow');
      return {
        open: (own) => onDynamoDB(own, store()),
        names: async () => [...(await table.names()), ...(await bucket.names())],
        read: (name) => (isObject(name) ? bucket : table).read(name),
        write: (name, record) => (isObject(name) ? bucket : table).write(name, record),
      };
    }, serializer));

  describe('on a Keyv adapter', () =>
    moved(() => {
      const map = new Map<string, unknown>();
      return {
        open: (own) => new KeyvCacheStore(map, { serializer: own }),
        names: async () => [...map.keys()],
        read: async (name) => map.get(name),
        write: async (name, record) => map.set(name, record),
      };
    }, serializer));

  describeWithRedis('on Redis', (url) => {
    const redis = new Redis(url);
    afterAll(() => redis.quit());
    moved(() => {
      const prefix = `moved-${randomUUID()}`;
      return {
        open: (own) => new RedisCacheStore({ url, prefix, serializer: own }),
        names: () => redis.keys(`${prefix}:*`),
        read: (name) => redis.getBuffer(name),
        write: (name, record) => redis.set(name, record as Buffer),
      };
    }, serializer);
  });
});

function moved(world: () => World, serializer: SyncSerializer): void {
  async function start() {
    const { open, ...raw } = world();
    const events: CacheEvent[] = [];
    const stores: CacheStore[] = [];
    const keyPrefix = randomUUID();
    /** Another process: nothing in its memory. */
    const service = () => {
      const store = open(serializer);
      stores.push(store);
      return new CacheService(store, { keyPrefix, onEvent: (event) => void events.push(event) });
    };
    const recordsOf = async (key: string) => {
      const names = (await raw.names()).filter((name) => name.includes(keyPrefix));
      return names.filter((name) => name.endsWith(key));
    };
    const corrupt = () => events.flatMap((event) => (event.type === 'corrupt' ? [event.key] : []));
    const close = () => Promise.all(stores.map((store) => store.close?.()));
    return { ...raw, service, recordsOf, corrupt, close };
  }
  const personOf = (owner: string) => ({ owner, text: owner.repeat(500) });

  it('are a miss and an event, whoever reads them and however often', async () => {
    const { service, recordsOf, read, write, corrupt, close } = await start();
    const writer = service();
    for (const key of ['alice', 'bobby']) await writer.set(key, personOf(key), '1h');
    const [ofAlice, ofBobby] = [await recordsOf('alice'), await recordsOf('bobby')];
    expect(ofAlice.length).toBeGreaterThan(0);
    expect(ofAlice).toHaveLength(ofBobby.length);
    const [alices, bobbys] = await Promise.all(
      [ofAlice, ofBobby].map((names) => Promise.all(names.map(read))),
    );
    for (const [i, name] of ofAlice.entries()) await write(name, bobbys?.[i]);
    for (const [i, name] of ofBobby.entries()) await write(name, alices?.[i]);

    const reader = service();
    expect(await reader.get('alice')).toBeUndefined();
    expect(await reader.getMany(['alice', 'bobby'])).toEqual([undefined, undefined]);
    expect(await reader.getEntry('bobby')).toBeUndefined();
    expect(new Set(corrupt())).toEqual(new Set(['alice', 'bobby']));
    const loaded = await reader.wrap('alice', '1h', () => 'loaded');
    expect(loaded).toBe('loaded');
    expect(await service().get('alice')).toBe('loaded');
    await close();
  });

  it('keep their times and tags when an older one of the same key is put back', async () => {
    const { service, recordsOf, read, write, corrupt, close } = await start();
    const writer = service();
    await writer.set('alice', personOf('old'), { ttl: '1h', tags: ['people'] });
    const names = await recordsOf('alice');
    const records = await Promise.all(names.map(read));
    await writer.set('alice', personOf('new'), { ttl: '1h', tags: ['people'] });
    for (const [i, name] of names.entries()) await write(name, records[i]);
    // As docs/security.md says: it is the value's own key, so it is read.
    expect(await service().get('alice')).toEqual(personOf('old'));
    await writer.invalidateTags(['people']);
    for (const [i, name] of names.entries()) await write(name, records[i]);
    expect(await service().get('alice')).toBeUndefined();
    expect(corrupt()).toEqual([]);
    await close();
  });
}
