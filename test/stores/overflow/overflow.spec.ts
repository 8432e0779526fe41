import { randomUUID } from 'node:crypto';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import {
  type CacheEvent,
  CacheService,
  type CacheStore,
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
  MemoryCacheStore,
  NullCacheStore,
  RedisCacheStore,
  S3CacheStore,
  type Serializer,
} from '@glasswork/cache';
import { createVirtualClock, faultyStore, scriptedFaults } from '@glasswork/cache/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { Entry } from '../../../src/model/entry.js';
import { startDynalite } from '../../servers/dynalite.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { credentials as s3Credentials, startS3Endpoint } from '../../servers/s3-endpoint.js';
import { createCacheTable, createClient } from '../../servers/table.js';

const LARGE = 'x'.repeat(360 * 1024);
const dynalite = await startDynalite();
const s3 = await startS3Endpoint();
const bucket = s3.createBucket('overflow');
const sdk = createClient(dynalite.endpoint);
const document = DynamoDBDocument.from(sdk);
const tableName = await createCacheTable(dynalite.endpoint);
afterAll(async () => {
  sdk.destroy();
  await Promise.all([dynalite.stop(), s3.stop()]);
});

const clock = createVirtualClock(Date.now());
/** The names that a store in memory was asked to write. */
function noting(names: string[] = []): { store: CacheStore; names: string[] } {
  const memory = new MemoryCacheStore({ clock, maxBytes: 64 * 1024 * 1024 });
  const set: CacheStore['set'] = (key, value, ttl) => {
    names.push(key);
    return memory.set(key, value, ttl);
  };
  const store: CacheStore = {
    name: 'noting',
    ...{ set, get: (key) => memory.get(key), del: (key) => memory.del(key) },
    delByPattern: (pattern) => memory.delByPattern(pattern),
  };
  return { store, names };
}

type Options = Pick<DynamoDBCacheStoreOptions, 'overflow' | 'serializer'> & { most?: number };
type Create = (options: Options) => CacheStore;

const onDynamoDB: Create = ({ most, ...options }) =>
  new DynamoDBCacheStore({ tableName, client: document, clock, maxItemBytes: most, ...options });

describe('a value too large for an item of DynamoDB', () => {
  describeOverflow(onDynamoDB);

  it('is measured with the rest of its item: 350 KB by default', async () => {
    const { store: overflow, names } = noting();
    const store = onDynamoDB({ overflow });
    const key = randomUUID();
    await store.set(key, 'x'.repeat(350 * 1024 - 300), 60);
    expect(names).toEqual([]);
    await store.set(key, 'x'.repeat(350 * 1024), 60);
    expect(names).toHaveLength(1);
  });

  it('is refused where the rest of its item is too large by itself', async () => {
    const store = onDynamoDB({ overflow: noting().store });
    const tags = Array.from({ length: 5_000 }, (_, i) => [`${i}`.padEnd(100, 't'), 'v'] as const);
    const times = { createdAt: 1, staleAt: undefined, expiresAt: 9, loadMs: 0 };
    const entry = new Entry({ ...times, versions: [[null, 'p'], ...tags] }, 'value');
    const setting = store.set(randomUUID(), entry, 60);
    await expect(setting).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
      message: expect.stringMatching(/: cache less, or compress it\.$/),
    });
  });

  it('may need 400 KB for the rest of its item, and no byte more', async () => {
    const store = onDynamoDB({ overflow: noting().store });
    const key = 'k'.repeat(100 * 1024);
    const times = { createdAt: 1, staleAt: undefined, expiresAt: 9, loadMs: 0 };
    const endOf = (length: number) => {
      const entry = new Entry({ ...times, versions: [[null, 'p'.repeat(length)]] }, 'value');
      return store.set(key, entry, 60).then(
        () => 'fits',
        ({ message }: Error) => /needs (\d+) bytes/.exec(message)?.[1],
      );
    };
    const tooLong = Number(await endOf(300 * 1024)) - 400 * 1024;
    expect(await endOf(300 * 1024 - tooLong)).toBe('fits');
    expect(await endOf(300 * 1024 - tooLong + 1)).toBe(`${400 * 1024 + 1}`);
  });
});

describeWithRedis('a value too large for Redis', (url) => {
  const prefix = `overflow-${randomUUID()}`;
  const onRedis: Create = ({ most, ...options }) => {
    const store = new RedisCacheStore({ url, prefix, maxValueBytes: most, ...options });
    onTestFinished(() => store.close());
    return store;
  };
  describeOverflow(onRedis);

  it.each([0, -1, Number.NaN])('is not a size of %d', (maxValueBytes) => {
    expect(() => new RedisCacheStore({ url, maxValueBytes })).toThrow(/maxValueBytes is .*: give/);
  });
});

function describeOverflow(create: Create): void {
  it('goes to the overflow store, under a name with its version, and comes back', async () => {
    const { store: overflow, names } = noting();
    const store = create({ overflow });
    const key = randomUUID();
    await store.set(key, LARGE, 60);
    await store.set(key, `${LARGE}2`, 60);
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^#overflow:[\w-]+:[\da-f-]{36}:/);
    expect(await store.get(key)).toBe(`${LARGE}2`);
    expect(await store.has?.(key)).toBe(true);
    await store.set(key, 'small', 60);
    expect(names).toHaveLength(2);
    expect(await store.get(key)).toBe('small');
    expect(await store.has?.(key)).toBe(true);
  });

  it('is refused as any other fill, which touches no value that a pointer names', async () => {
    const { store: overflow, names } = noting();
    const store = create({ overflow });
    const key = randomUUID();
    const seen = await store.getVersioned?.(key);
    await store.set(key, `${LARGE}1`, 60);
    expect(await store.setIfUnchanged?.(key, `${LARGE}2`, 60, seen?.version ?? '')).toBe(false);
    expect(await store.add?.(key, `${LARGE}3`, 60)).toBe(false);
    expect(new Set(names).size).toBe(3);
    expect(await store.get(key)).toBe(`${LARGE}1`);
  });

  it('is a miss when only its pointer is left, and an event', async () => {
    const { store: overflow, names } = noting();
    const store = create({ overflow });
    const key = randomUUID();
    await store.set(key, LARGE, 60);
    await overflow.del(names[0] ?? '');
    const gone = { code: 'CORRUPT', subject: key, message: expect.stringMatching(/is gone there/) };
    await expect(store.get(key)).rejects.toMatchObject(gone);
    expect(await store.has?.(key)).toBe(false);
    const read = await store.getVersioned?.(key);
    expect(read).toMatchObject({ value: undefined, error: { code: 'CORRUPT', subject: key } });
    expect(await store.setIfUnchanged?.(key, `${LARGE}2`, 60, read?.version ?? '')).toBe(true);
    expect(await store.get(key)).toBe(`${LARGE}2`);
  });

  it('leaves a pointer that a store without overflow takes for a miss', async () => {
    const key = randomUUID();
    await create({ overflow: noting().store }).set(key, LARGE, 60);
    const without = create({});
    expect(await without.has?.(key)).toBe(false);
    const { value, error } = (await without.getVersioned?.(key)) ?? {};
    expect(value).toBeUndefined();
    expect(error).toMatchObject({ code: 'CORRUPT', message: expect.stringMatching(/overflow/) });
  });

  it('that lost its value is a miss and an event of every read by a service', async () => {
    const { store: overflow, names } = noting();
    const events: CacheEvent[] = [];
    const keyPrefix = randomUUID();
    const config = { keyPrefix, clock, onEvent: (event: CacheEvent) => void events.push(event) };
    const cache = new CacheService(create({ overflow }), config);
    await cache.set('key', LARGE);
    await cache.set('small', 'small');
    for (const name of names) await overflow.del(name);
    const reads: readonly (() => Promise<unknown>)[] = [
      () => cache.get('key'),
      async () => (await cache.getMany(['key', 'small']))[0],
      () => cache.getEntry('key'),
    ];
    for (const read of reads) {
      events.length = 0;
      expect(await read()).toBeUndefined();
      expect(events).toContainEqual(expect.objectContaining({ type: 'corrupt', key: 'key' }));
    }
    expect(await cache.getMany(['key', 'small'])).toEqual([undefined, 'small']);
  });

  it('that lost its value is loaded again by a service', async () => {
    const { store: overflow, names } = noting();
    const events: CacheEvent[] = [];
    const keyPrefix = randomUUID();
    const config = { keyPrefix, clock, onEvent: (event: CacheEvent) => void events.push(event) };
    const cache = new CacheService(create({ overflow }), config);
    expect(await cache.wrap('key', 60, () => LARGE)).toBe(LARGE);
    expect(await cache.wrap('key', 60, () => 'not loaded')).toBe(LARGE);
    for (const name of names) await overflow.del(name);
    expect(await cache.wrap('key', 60, () => `${LARGE}2`)).toBe(`${LARGE}2`);
    expect(await cache.wrap('key', 60, () => 'not loaded')).toBe(`${LARGE}2`);
    expect(events.map(({ type }) => type)).toContain('corrupt');
  });

  it('without an overflow store is not cached, which an event explains, and its caller gets it', async () => {
    const events: CacheEvent[] = [];
    const keyPrefix = randomUUID();
    const config = { keyPrefix, clock, onEvent: (event: CacheEvent) => void events.push(event) };
    const cache = new CacheService(create({ most: 1_000 }), config);
    expect(await cache.wrap('key', 60, () => LARGE)).toBe(LARGE);
    expect(events).toContainEqual({
      ...{ type: 'store-error', operation: 'fill', key: 'key' },
      error: expect.objectContaining({
        code: 'VALUE_TOO_LARGE',
        message: expect.stringMatching(/: give the option overflow, .*, or compress it\.$/),
      }),
    });
    expect(await cache.get('key')).toBeUndefined();
  });

  it('that the overflow store does not take is not cached, and its caller gets it', async () => {
    const plan = scriptedFaults({ set: [{ kind: 'error' }] });
    const overflow = faultyStore(new MemoryCacheStore({ clock }), { plan });
    const events: CacheEvent[] = [];
    const keyPrefix = randomUUID();
    const config = { keyPrefix, clock, onEvent: (event: CacheEvent) => void events.push(event) };
    const cache = new CacheService(create({ overflow }), config);
    expect(await cache.wrap('key', 60, () => LARGE)).toBe(LARGE);
    expect(events).toContainEqual(expect.objectContaining({ type: 'store-error', key: 'key' }));
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.wrap('key', 60, () => LARGE)).toBe(LARGE);
    expect(await cache.get('key')).toBe(LARGE);
  });

  it('that cannot be read is a miss, and its caller gets what is loaded', async () => {
    const plan = scriptedFaults({ get: [{ kind: 'error' }] });
    const overflow = faultyStore(new MemoryCacheStore({ clock }), { plan });
    const config = { keyPrefix: randomUUID(), clock, onEvent: () => {} };
    const cache = new CacheService(create({ overflow }), config);
    await cache.set('key', LARGE, 60);
    expect(await cache.wrap('key', 60, () => 'loaded')).toBe('loaded');
  });

  it('keeps the bytes of a serializer, in every kind of overflow store', async () => {
    const bytes: Serializer = {
      name: 'bytes',
      serialize: (value) => Buffer.from(JSON.stringify(value)),
      deserialize: (raw) => JSON.parse(Buffer.from(raw as Uint8Array).toString()),
    };
    const credentials = async () => s3Credentials;
    const place = {
      bucket: 'overflow',
      prefix: randomUUID(),
      endpoint: s3.endpoint,
      region: 'us-east-1',
    };
    for (const overflow of [
      noting().store,
      new MemoryCacheStore({ clock }),
      new S3CacheStore({ ...place, credentials, clock }),
    ]) {
      const store = create({ overflow, serializer: bytes, most: 100 });
      const key = randomUUID();
      await store.set(key, { text: LARGE }, 60);
      expect(await store.get(key)).toEqual({ text: LARGE });
      expect(await store.get(key)).toEqual({ text: LARGE });
    }
    const [object] = [...bucket.objects].filter(([name]) => name.startsWith(place.prefix));
    // Neither JSON in JSON nor base64.
    expect(object?.[1].body.length).toBeLessThan(LARGE.length + 500);
  });

  it('is text in an overflow store that returns other bytes than it was given', async () => {
    const bytes: Serializer = {
      name: 'bytes',
      serialize: (value) => Buffer.from(String(value)),
      deserialize: (raw) => Buffer.from(raw as Uint8Array).toString(),
    };
    const { store, names } = noting();
    const overflow: CacheStore = { ...store, copy: <T>() => Uint8Array.of(1, 2, 3) as T };
    const own = create({ overflow, serializer: bytes, most: 100 });
    const key = randomUUID();
    await own.set(key, LARGE, 60);
    expect(await overflow.get(names[0] ?? '')).toBeTypeOf('string');
    expect(await own.get(key)).toBe(LARGE);
  });

  it.each([[null], [['text']], [5], ['x']])(
    'is corrupt where the overflow store returns %j',
    async (other) => {
      const overflow: CacheStore = { ...noting().store, get: async <T>() => other as T };
      const store = create({ overflow });
      const key = randomUUID();
      await store.set(key, LARGE, 60);
      await expect(store.get(key)).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringMatching(/returned something else/),
      });
    },
  );

  it('has an overflow store that is warmed, checked and closed with its own', async () => {
    const done: string[] = [];
    const overflow: CacheStore = {
      ...noting().store,
      warm: async () => void done.push('warm'),
      check: async (keyPrefix) => void done.push(`check ${keyPrefix}`),
      close: async () => void done.push('close'),
    };
    const store = create({ overflow });
    await store.warm?.();
    await store.check?.('app');
    await store.close?.();
    expect(done).toEqual(['warm', 'check app', 'close']);
  });

  it('has an overflow store whose failure fails the check, also where it has no check of its own', async () => {
    const set = async () => {
      throw new Error('the overflow store is full');
    };
    const store = create({ overflow: { ...noting().store, set } });
    await expect(store.check?.('app')).rejects.toThrow('the overflow store is full');
  });

  it('is deleted from the overflow store by clear', async () => {
    const { store: overflow, names } = noting();
    const store = create({ overflow, most: 100 });
    await store.set(randomUUID(), LARGE, 60);
    await store.clear?.();
    expect(await overflow.get(names[0] ?? '')).toBeUndefined();
  });

  it.each([null, {}, 'store', { get() {} }, { set() {} }, new NullCacheStore()])(
    'refuses %j as the overflow store',
    (overflow) => {
      expect(() => create({ overflow: overflow as unknown as CacheStore })).toThrow(
        /^overflow is .*: give a store such as S3CacheStore\.$/,
      );
    },
  );
}
