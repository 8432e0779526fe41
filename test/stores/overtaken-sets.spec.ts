import { randomUUID } from 'node:crypto';
import {
  type CacheStore,
  DynamoDBCacheStore,
  MemoryCacheStore,
  RedisCacheStore,
  S3CacheStore,
  type Serializer,
} from '@glasswork/cache';
import { KeyvCacheStore } from '@glasswork/cache/keyv';
import Keyv from 'keyv';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { credentials as s3Credentials, startS3Endpoint } from '../servers/s3-endpoint.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { s3World } from './s3/world.js';

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** JSON, but the values 'held' and 'lost' wait until they are released. Then 'lost' fails. */
function heldSerializer() {
  const held = gate();
  const serializer: Serializer = {
    name: 'held',
    async serialize(value) {
      if (value === 'held' || value === 'lost') await held.opened;
      if (value === 'lost') throw new Error('lost');
      return JSON.stringify(value);
    },
    deserialize: (raw) => JSON.parse(String(raw)),
  };
  return { serializer, release: () => held.open() };
}

/** A store in memory whose writes wait until they are released. */
function heldOverflow() {
  const memory = new MemoryCacheStore({ maxBytes: 64 * 1024 * 1024 });
  const held = gate();
  const set: CacheStore['set'] = async (key, value, ttl) => {
    await held.opened;
    await memory.set(key, value, ttl);
  };
  const overflow: CacheStore = {
    name: 'held',
    ...{ set, get: (key) => memory.get(key), del: (key) => memory.del(key) },
  };
  return { overflow, release: () => held.open() };
}

type Open = (options: { serializer?: Serializer; overflow?: CacheStore }) => CacheStore;

function describeOvertaken(open: Open): void {
  function start() {
    const { serializer, release } = heldSerializer();
    const store = open({ serializer });
    const key = randomUUID();
    return { store, key, held: store.set(key, 'held', 60), release };
  }

  it.each<[string, (store: CacheStore, key: string) => Promise<unknown> | undefined]>([
    ['a del', (store, key) => store.del(key)],
    ['a delMany', (store, key) => store.delMany?.([key])],
    ['a delByPattern', (store, key) => store.delByPattern?.(`${key}*`)],
    ['a clear', (store) => store.clear?.()],
  ])('does not undo %s', async (_, invalidate) => {
    const { store, key, held, release } = start();
    const done = invalidate(store, key);
    await done;
    release();
    await held;
    // A store without the method has not been asked for anything.
    expect(await store.get(key)).toBe(done ? undefined : 'held');
  });

  it('does not undo a later set, in whose place no other key or failed set counts', async () => {
    const { store, key, held, release } = start();
    await store.set(key, 'later', 60);
    const other = randomUUID();
    const otherHeld = store.set(other, 'held', 60);
    const lost = store.set(other, 'lost', 60);
    await store.del(randomUUID());
    release();
    await Promise.all([held, otherHeld, expect(lost).rejects.toThrow(/lost/)]);
    expect([await store.get(key), await store.get(other)]).toEqual(['later', 'held']);
  });

  it('does not undo a del although another set of its key has failed meanwhile', async () => {
    const { store, key, held, release } = start();
    const circular: unknown[] = [];
    circular.push(circular);
    await expect(store.set(key, circular, 60)).rejects.toThrow();
    await store.del(key);
    release();
    await held;
    expect(await store.get(key)).toBeUndefined();
  });

  it('is written if it began after an invalidation', async () => {
    const { store, key, held, release } = start();
    await store.del(key);
    const again = store.set(key, 'held', 60);
    release();
    await Promise.all([held, again]);
    expect(await store.get(key)).toBe('held');
  });
}

function describeOverflowing(open: Open): void {
  it('waits for its overflow store, and does not undo a del', async () => {
    const { overflow, release } = heldOverflow();
    const store = open({ overflow });
    const key = randomUUID();
    const held = store.set(key, 'x'.repeat(360 * 1024), 60);
    await store.del(key);
    release();
    await held;
    expect(await store.get(key)).toBeUndefined();
  });
}

describe('a set that waits, on DynamoDB', async () => {
  const { endpoint, stop } = await startDynalite();
  afterAll(stop);
  const tableName = await createCacheTable(endpoint);
  const open: Open = (options) =>
    new DynamoDBCacheStore({
      ...{ tableName, endpoint, region, credentials: async () => credentials },
      ...options,
    });
  describeOvertaken(open);
  describeOverflowing(open);
});

describeWithRedis('a set that waits, on Redis', (url) => {
  const open: Open = (options) => {
    const store = new RedisCacheStore({ url, prefix: randomUUID(), ...options });
    onTestFinished(() => store.close());
    return store;
  };
  describeOvertaken(open);
  describeOverflowing(open);
});

describe('a set that waits, on S3', async () => {
  const server = await startS3Endpoint();
  server.createBucket('cache-bucket', 'us-east-1');
  afterAll(() => server.stop());
  describeOvertaken(
    (options) =>
      new S3CacheStore({
        ...{ bucket: 'cache-bucket', region: 'us-east-1', endpoint: server.endpoint },
        ...{ prefix: randomUUID(), credentials: async () => s3Credentials, ...options },
      }),
  );

  it('for the answer to its first request does not undo a del', async () => {
    const { server: slow, open } = await s3World();
    const store = open();
    const arrived = gate();
    const released = gate();
    slow.intercept = async (_, answer) => {
      slow.intercept = undefined;
      arrived.open();
      await released.opened;
      return answer();
    };
    const held = store.set('key', 'held', 60);
    await arrived.opened;
    await store.del('key');
    released.open();
    await held;
    expect(await store.get('key')).toBeUndefined();
  });
});

describe('a set that waits, on Keyv', () => {
  describeOvertaken((options) => new KeyvCacheStore(new Keyv(), options));
});
