import { randomBytes } from 'node:crypto';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import {
  CacheService,
  type CacheStore,
  compressed,
  DynamoDBCacheStore,
  encrypted,
  jsonSerializer,
  MemoryCacheStore,
  RedisCacheStore,
  S3CacheStore,
  type Serializer,
  type SyncSerializer,
  structuredSerializer,
  TieredCacheStore,
} from '@glasswork/cache';
import { KeyvCacheStore } from '@glasswork/cache/keyv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../errors.js';
import { ownSerializers, slowSerializer } from '../serializers/own.js';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import {
  createCacheTable,
  createClient,
  credentials,
  freshTableName,
  region,
} from '../servers/table.js';

const VALUE = { rows: Array.from({ length: 100 }, (_, id) => ({ id, name: 'Ada' })) };
const NEXT = { rows: ['loaded again'] };
const [march, april] = [randomBytes(32), randomBytes(32)];

/** Opens another store over the same data, as the next deployment does. */
type Open = (serializer: Serializer) => CacheStore;

const dynalite = await startDynalite();
const tableName = freshTableName();
const sdk = createClient(dynalite.endpoint);
beforeAll(() => createCacheTable(dynalite.endpoint, tableName));
afterAll(async () => {
  sdk.destroy();
  await dynalite.stop();
});

const lean: Open = (serializer) =>
  new DynamoDBCacheStore({
    ...{ tableName, region, endpoint: dynalite.endpoint, serializer },
    credentials: async () => credentials,
  });

describeStore('DynamoDB', lean);
describeStore('DynamoDB by a client of the SDK', (serializer) => {
  return new DynamoDBCacheStore({ tableName, client: sdk, serializer });
});
describeStore(
  'tiers',
  (serializer) => new TieredCacheStore([new MemoryCacheStore(), lean(serializer)]),
);
describeWithRedis('with a server', (url) => {
  describeStore('Redis', (serializer) => new RedisCacheStore({ url, serializer }));
});

function describeStore(title: string, open: Open): void {
  /** Writes with one serializer and reads with the next, and says what the service made of it. */
  async function deploy(from: Serializer, to: Serializer, then?: (key: string) => Promise<string>) {
    const keyPrefix = crypto.randomUUID();
    const events: object[] = [];
    const service = (serializer: Serializer) =>
      new CacheService(open(serializer), {
        keyPrefix,
        onEvent: (event) => void events.push(event),
      });
    const [before, after] = [service(from), service(to)];
    expect(await before.set('key', VALUE, 60)).toBe(true);
    const key = then ? await then(keyPrefix) : 'key';
    events.length = 0;
    const value = await after.wrap(key, 60, async () => NEXT);
    const problems = events.filter((event) => 'error' in event);
    expect(await after.get(key), 'what was written in its place').toEqual(value);
    expect(await after.wrap(key, 60, async () => 'not loaded')).toEqual(value);
    await Promise.all([before.close(), after.close()]);
    return { value, problems };
  }
  const corrupt = expect.objectContaining({
    error: expect.objectContaining({ code: 'CORRUPT' }),
  });

  describe(title, () => {
    const changes: [string, SyncSerializer, SyncSerializer][] = [
      ['JSON to structured', jsonSerializer, structuredSerializer],
      ['structured to JSON', structuredSerializer, jsonSerializer],
      ['compressed to JSON', compressed(jsonSerializer), jsonSerializer],
      ['JSON to encrypted', jsonSerializer, encrypted(jsonSerializer, { keys: { march } })],
      ['encrypted to JSON', encrypted(jsonSerializer, { keys: { march } }), jsonSerializer],
      [
        'one key to another',
        encrypted(jsonSerializer, { keys: { march } }),
        encrypted(jsonSerializer, { keys: { april } }),
      ],
      [
        'encrypted to compressed',
        encrypted(jsonSerializer, { keys: { march } }),
        compressed(jsonSerializer),
      ],
    ];
    // A first tier whose values would be of another type is refused, so only the wrapping can change there.
    const possible = changes.filter(
      ([, ...both]) => title !== 'tiers' || both.every(({ name }) => !name.includes('structured')),
    );
    it.each(possible)('makes a change from %s a miss and an event', async (_, from, to) => {
      const { value, problems } = await deploy(from, to);
      expect(value).toEqual(NEXT);
      expect(problems).toEqual([corrupt]);
    });

    it.each<[string, SyncSerializer, SyncSerializer]>([
      ['JSON to compressed', jsonSerializer, compressed(jsonSerializer)],
      [
        'gzip to brotli',
        compressed(jsonSerializer),
        compressed(jsonSerializer, { algorithm: 'brotli' }),
      ],
      [
        'a key to a new one with the old one behind',
        encrypted(jsonSerializer, { keys: { march } }),
        encrypted(jsonSerializer, { keys: { april, march } }),
      ],
    ])('goes on serving after a change from %s', async (_, from, to) => {
      const { value, problems } = await deploy(from, to);
      expect(value).toEqual(VALUE);
      expect(problems).toEqual([]);
    });

    it('takes an encrypted value that was moved to another key for a miss, with an event', async () => {
      const serializer = encrypted(jsonSerializer, { keys: { march } });
      const stolen: Serializer = {
        name: 'json',
        serialize: () => serializer.serialize(VALUE, 'elsewhere'),
        deserialize: (raw) => raw,
      };
      const { value, problems } = await deploy(stolen, serializer);
      expect(value).toEqual(NEXT);
      expect(problems).toEqual([corrupt]);
    });

    it('takes a decompression bomb for a miss, with an event', async () => {
      const small = compressed(jsonSerializer, { maxBytes: 1_000 });
      const { value, problems } = await deploy(compressed(jsonSerializer), small);
      expect(value).toEqual(NEXT);
      expect(problems).toEqual([corrupt]);
    });

    it.each([
      ...(title === 'tiers' ? [] : ownSerializers),
      encrypted(compressed(jsonSerializer), { keys: { march } }),
    ])('passes its check with $name', async (serializer) => {
      const cache = new CacheService(open(serializer), { keyPrefix: crypto.randomUUID() });
      await expect(cache.check()).resolves.toBeUndefined();
      await cache.close();
    });
  });
}

describe('what is no serializer', () => {
  const STORES: readonly (readonly [string, (serializer: never) => unknown])[] = [
    ['MemoryCacheStore', (serializer) => new MemoryCacheStore({ serializer })],
    ['RedisCacheStore', (serializer) => new RedisCacheStore({ url: 'redis://a', serializer })],
    ['DynamoDBCacheStore', (serializer) => new DynamoDBCacheStore({ ...AWS, serializer })],
    ['S3CacheStore', (serializer) => new S3CacheStore({ ...AWS, serializer })],
    ['KeyvCacheStore', (serializer) => new KeyvCacheStore(new Map(), { serializer })],
    ['compressed', (serializer) => compressed(serializer)],
    ['encrypted', (serializer) => encrypted(serializer, { keys: { a: new Uint8Array(32) } })],
  ];
  const AWS = { tableName: 'cache', bucket: 'cache', region: 'us-east-1' };
  const RUBBISH: readonly unknown[] = [null, {}, 'json', JSON, { name: 'half', serialize() {} }];

  it.each(STORES)('is refused by %s at construction', (_, create) => {
    for (const serializer of RUBBISH)
      expect(() => create(serializer as never)).toThrow(
        /give an object with a name, serialize\(\) and deserialize\(\)/,
      );
  });
});

describe('an asynchronous serializer', () => {
  const later: Serializer = {
    name: 'json',
    serialize: (value, key) => Promise.resolve(jsonSerializer.serialize(value, key)),
    deserialize: (raw, key) => Promise.resolve(jsonSerializer.deserialize(raw, key)),
  };

  it('passes the check of a store that waits', async () => {
    const cache = new CacheService(lean(slowSerializer), { keyPrefix: crypto.randomUUID() });
    await expect(cache.check()).resolves.toBeUndefined();
    await cache.close();
  });

  it.each<[string, Serializer]>([
    ['alone', slowSerializer],
    ['compressed', compressed(slowSerializer)],
    ['encrypted', encrypted(compressed(slowSerializer), { keys: { march } })],
    ['with an asynchronous reader only', { ...slowSerializer, serialize: () => '' }],
  ])('is refused by the constructor of a store that does not wait: %s', (_, serializer) => {
    // As callers without types may do.
    const options = { serializer: serializer as SyncSerializer };
    const error = errorOf(() => new MemoryCacheStore(options));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject: 'serializer' });
  });

  it('is refused on first use if only its promise tells', async () => {
    const failing: Serializer = { ...later, serialize: () => Promise.reject(new Error('no key')) };
    for (const serializer of [later, failing]) {
      const store = new MemoryCacheStore({ serializer: serializer as SyncSerializer });
      await expect(store.set('key', 1, 60)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
      expect(await store.get('key')).toBeUndefined();
    }
  });

  it('that fails is a miss and an event, and refuses a value before it is written', async () => {
    const events: object[] = [];
    const fails = async () => {
      throw new Error('the key service is down');
    };
    const [reads, writes] = [
      { ...later, deserialize: fails },
      { ...later, serialize: fails },
    ].map((serializer) => lean(serializer));
    const cache = new CacheService(reads as CacheStore, {
      onEvent: (event) => void events.push(event),
    });
    const key = crypto.randomUUID();
    await lean(jsonSerializer).set(key, VALUE, 60);
    await expect(writes?.set(key, NEXT, 60)).rejects.toMatchObject({ code: 'UNSERIALIZABLE' });
    expect(await lean(jsonSerializer).get(key)).toEqual(VALUE);
    expect(await cache.wrap(key, 60, async () => NEXT)).toEqual(NEXT);
    expect(events).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: 'CORRUPT' }) }),
    );
    await cache.close();
  });
});

describe('what DynamoDB holds', () => {
  it('is text where a serializer writes text, and a binary attribute where it writes bytes', async () => {
    const kinds = [];
    for (const serializer of [jsonSerializer, structuredSerializer, compressed(jsonSerializer)]) {
      const pk = crypto.randomUUID();
      await lean(serializer).set(pk, VALUE, 60);
      const { Item } = await DynamoDBDocument.from(sdk).get({ TableName: tableName, Key: { pk } });
      kinds.push(typeof Item?.value === 'string' ? 'text' : 'bytes');
    }
    expect(kinds).toEqual(['text', 'text', 'bytes']);
  });
});

describe('tiers', () => {
  it('may differ in compression and encryption, which change nothing about values', async () => {
    const serializer = encrypted(compressed(jsonSerializer), { keys: { march } });
    const store = new TieredCacheStore([new MemoryCacheStore(), lean(serializer)]);
    const key = crypto.randomUUID();
    await store.set(key, VALUE, 60);
    expect([await store.get(key), await store.get(key)]).toEqual([VALUE, VALUE]);
    await store.close();
  });

  it('may not differ in what values come back as', () => {
    const last = lean(compressed(structuredSerializer));
    const error = errorOf(() => new TieredCacheStore([new MemoryCacheStore(), last]));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject: 'tiers' });
  });
});
