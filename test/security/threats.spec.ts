import { gzipSync } from 'node:zlib';
import {
  type CacheEvent,
  CacheService,
  type CacheStore,
  compressed,
  createCacheKey,
  DynamoDBCacheStore,
  jsonSerializer,
  MemoryCacheStore,
  RedisCacheStore,
  S3CacheStore,
  structuredSerializer,
} from '@glasswork/cache';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import {
  type S3Endpoint,
  credentials as s3Credentials,
  startS3Endpoint,
} from '../servers/s3-endpoint.js';
import { createCacheTable, credentials, region } from '../servers/table.js';

// The threats that docs/security.md names, each tried on the stores that hold what somebody else may have written.

const HOSTILE = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then'] as const;

describe('on memory', () => threats(() => new MemoryCacheStore()));

describe('on DynamoDB', () => {
  let dynalite: Dynalite;
  let tableName: string;
  beforeAll(async () => {
    dynalite = await startDynalite();
    tableName = await createCacheTable(dynalite.endpoint);
  });
  afterAll(() => dynalite?.stop());
  const endpoint = () => ({ endpoint: dynalite.endpoint, region });
  threats(
    () =>
      new DynamoDBCacheStore({ tableName, ...endpoint(), credentials: async () => credentials }),
  );
});

describeWithRedis('on Redis', (url) => {
  const stores: RedisCacheStore[] = [];
  afterAll(() => Promise.all(stores.map((store) => store.close())));
  threats(() => {
    const store = new RedisCacheStore({ url, prefix: `threats-${crypto.randomUUID()}` });
    stores.push(store);
    return store;
  });
});

describe('on S3', () => {
  let s3: S3Endpoint;
  beforeAll(async () => {
    s3 = await startS3Endpoint();
    s3.createBucket('threats', region);
  });
  afterAll(() => s3?.stop());
  threats(() => {
    const { endpoint } = s3;
    const where = {
      bucket: 'threats',
      prefix: crypto.randomUUID(),
      region,
      endpoint,
      pathStyle: true,
    };
    return new S3CacheStore({ ...where, credentials: async () => s3Credentials });
  });
});

function threats(open: () => CacheStore) {
  describe('prototype pollution', () => {
    it('a value with __proto__ keeps it as a field, and changes no other object', async () => {
      const cache = new CacheService(open());
      const value: unknown = JSON.parse('{"__proto__":{"isAdmin":true},"a":1}');
      await cache.set('user', value);
      const found = await cache.get<object>('user');
      expect(JSON.stringify(found)).toBe('{"__proto__":{"isAdmin":true},"a":1}');
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
      expect('isAdmin' in {}).toBe(false);
    });

    it.each(HOSTILE)('%s is a key and a tag like any other', async (name) => {
      const cache = new CacheService(open());
      expect(await cache.get(name)).toBeUndefined();
      expect(await cache.wrap(name, { ttl: '1m', tags: [name] }, async () => [name])).toEqual([
        name,
      ]);
      expect(await cache.get(name)).toEqual([name]);
      expect(await cache.getMany([name, 'other'])).toEqual([[name], undefined]);
      await cache.invalidateTags([name]);
      expect(await cache.get(name)).toBeUndefined();
    });
  });

  describe('injection by a key', () => {
    it.each([
      ['a wildcard', '*'],
      ['any character', '?'],
      ['an escape', '\\'],
      ['the end of a command', 'x\r\nFLUSHALL\r\n'],
      ['a zero byte', 'x\0y'],
      ['a set of characters', '[a-z]ed'],
      ['alternatives', '{red,blue}'],
      ['a negation', '[^x]ed'],
      ['the slot of another key', '{red}:x'],
      ['the folder above', '../red'],
      ['the same, encoded', '%2e%2e%2fred'],
      ['a query', 'x?versionId=1&delete'],
      ['the end of an attribute', 'x"},"ver":{"S":"1'],
      ['half a character', 'x\ud800'],
      ['a right-to-left mark', '\u202eder'],
      ['far too much', 'x'.repeat(5_000)],
      ['the name of a tag’s record', '#tag::red'],
      ['the name of the prefix’s record', '#prefix::'],
    ])('%s in a key names that key alone', async (_, hostile) => {
      const cache = new CacheService(open());
      await cache.wrap('red', { ttl: '1m', tags: ['red'] }, async () => 'kept');
      await cache.set(hostile, 'hostile');
      await cache.del(hostile);
      expect(await cache.get(hostile)).toBeUndefined();
      expect(await cache.get('red')).toBe('kept');
    });

    it('a pattern of one prefix matches no key of another, nor of the service itself', async () => {
      const store = open();
      const one = new CacheService(store, { keyPrefix: 'tenant-1' });
      const other = new CacheService(store, { keyPrefix: 'tenant-2' });
      await other.wrap('a', { ttl: '1m', tags: ['t'] }, async () => 'kept');
      await one.set('a', 'gone');
      for (const pattern of ['*', '../*', '*:tenant-2:*', '\\*', '#*', '*#tag*', '[a-z]*', '{a,b}'])
        await one.delByPattern(pattern);
      expect(await one.get('a')).toBeUndefined();
      expect(await other.get('a')).toBe('kept');
    });

    it('a pattern knows no sets, ranges or alternatives', async () => {
      const cache = new CacheService(open(), { keyPrefix: 'shop' });
      const keys = ['user:[ab]', 'user:a', 'user:b', 'user:{a,b}', 'user:^a'];
      for (const key of keys) await cache.set(key, key);
      await cache.delByPattern('user:[ab]');
      await cache.delByPattern('user:{a,b}');
      await cache.delByPattern('user:[^x]');
      const kept = await cache.getMany(keys);
      expect(kept).toEqual([undefined, 'user:a', 'user:b', undefined, 'user:^a']);
    });

    it('an id with wildcards, escaped as the page says, deletes its own keys alone', async () => {
      const cache = new CacheService(open(), { keyPrefix: 'shop' });
      for (const key of ['user:*:name', 'user:1:name']) await cache.set(key, 'Ada');
      const escaped = '*'.replace(/[*?\\]/g, '\\$&');
      await cache.delByPattern(`user:${escaped}:*`);
      expect(await cache.getMany(['user:*:name', 'user:1:name'])).toEqual([undefined, 'Ada']);
    });
  });

  describe('a poisoned entry', () => {
    const userKey = createCacheKey('user', (id: string) => `user:${id}`, {
      schema: v.object({ id: v.string(), isAdmin: v.literal(false) }),
    });

    it.each([
      ['another shape', { id: '1', isAdmin: true }],
      ['another type', 'root'],
      ['a prototype', JSON.parse('{"__proto__":{"id":"1","isAdmin":false}}')],
    ])('with %s is a miss and an event under a schema, never an answer', async (_, poison) => {
      const store = open();
      await new CacheService(store).set('user:1', poison);
      const events: CacheEvent[] = [];
      const cache = new CacheService(store, { onEvent: (event) => events.push(event) });
      expect(await cache.get(userKey('1'))).toBeUndefined();
      expect(events.map(({ type }) => type)).toContain('corrupt');
      const good = { id: '1', isAdmin: false } as const;
      expect(await cache.wrap(userKey('1'), '1m', async () => good)).toEqual(good);
      expect(await cache.get(userKey('1'))).toEqual(good);
    });
  });
}

describe('a decompression bomb', () => {
  const zeros = Buffer.alloc(50_000_000);
  const bomb = gzipSync(zeros);

  it.each([
    ['claims its size', zeros.length],
    ['claims less', 1_000],
  ])('that %s is a miss, and is not unpacked', async (_, claimed) => {
    const events: CacheEvent[] = [];
    const serializer = compressed(jsonSerializer, { maxBytes: 100_000 });
    const honest = Buffer.from(compressed(jsonSerializer).serialize('x'.repeat(9_000), 'k'));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(claimed);
    const payload = Buffer.concat([honest.subarray(0, 2), size, bomb]);
    const poisoned = { ...serializer, serialize: () => payload };
    const store = new MemoryCacheStore({ serializer: poisoned });
    const cache = new CacheService(store, { onEvent: (event) => events.push(event) });
    await cache.set('bomb', 1);
    const before = process.memoryUsage().arrayBuffers;
    expect(await cache.get('bomb')).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
    expect(events.map(({ type }) => type)).toContain('corrupt');
  });
});

describe('a value that was forged', () => {
  it.each([
    ['JSON', jsonSerializer],
    ['structured', structuredSerializer],
  ])('runs no code and pollutes nothing (%s)', (_, serializer) => {
    const forged = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}';
    for (const raw of [forged, `[${forged},"$",{"$":"__proto__"}]`, 'process.exit(1)']) {
      try {
        serializer.deserialize(raw, 'key');
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT' });
      }
      expect('isAdmin' in {}).toBe(false);
    }
  });
});
