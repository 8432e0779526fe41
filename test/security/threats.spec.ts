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
  structuredSerializer,
} from '@glasswork/cache';
import { responseCache } from '@glasswork/cache/http';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
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
      for (const pattern of ['*', '../*', '*:tenant-2:*', '\\*', '#*', '*#tag*'])
        await one.delByPattern(pattern);
      expect(await one.get('a')).toBeUndefined();
      expect(await other.get('a')).toBe('kept');
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

describe('header injection', () => {
  const FORGED = 'a\r\nset-cookie: session=1';

  it('by a tag does not reach the tag header', async () => {
    const cache = new CacheService(new MemoryCacheStore(), { onEvent: () => {} });
    const cached = responseCache(cache, { ttl: '1m', tagHeader: 'cache-tag', tags: [FORGED] });
    const answer = () =>
      cached(new Request('https://shop.example.com/'), async () => new Response('ok'));
    for (const _ of [1, 2]) {
      const response = await answer();
      expect(response.headers.has('set-cookie')).toBe(false);
      expect(response.headers.get('cache-tag')).toContain('session');
      expect(response.headers.get('cache-tag')).not.toMatch(/[\r\n]/);
    }
  });

  it('by a header of a poisoned entry is a miss', async () => {
    let isPoisoned = false;
    const poisoning = {
      ...jsonSerializer,
      deserialize: (raw: string | Uint8Array, key: string) =>
        jsonSerializer.deserialize(
          isPoisoned ? String(raw).replaceAll('text/plain', 'a\\r\\nset-cookie: session=1') : raw,
          key,
        ),
    };
    const cache = new CacheService(new MemoryCacheStore({ serializer: poisoning }), {
      onEvent: () => {},
    });
    const cached = responseCache(cache, { ttl: '1m' });
    let loads = 0;
    const headers = { 'content-type': 'text/plain' };
    const answer = async () => {
      const response = await cached(
        new Request('https://shop.example.com/'),
        async () => new Response(`${++loads}`, { headers }),
      );
      return { response, text: await response.text() };
    };
    await answer();
    expect((await answer()).text).toBe('1');
    isPoisoned = true;
    const { response, text } = await answer();
    expect(text).toBe('2');
    expect(response.headers.has('set-cookie')).toBe(false);
  });
});
