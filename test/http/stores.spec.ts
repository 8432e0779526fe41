import { randomUUID } from 'node:crypto';
import {
  CacheService,
  type CacheStore,
  DynamoDBCacheStore,
  MemoryCacheStore,
  RedisCacheStore,
  S3CacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { type ResponseCacheOptions, responseCache, responseKey } from '@glasswork/cache/http';
import { Hono } from 'hono';
import { afterAll, describe, expect, it } from 'vitest';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { credentials as s3Credentials, startS3Endpoint } from '../servers/s3-endpoint.js';
import { createCacheTable, credentials, region } from '../servers/table.js';

const URL_1 = 'https://example.com/a';
const MB = 1024 * 1024;

const dynalite = await startDynalite();
const s3 = await startS3Endpoint();
const bucket = 'responses';
s3.createBucket(bucket);
afterAll(() => Promise.all([dynalite.stop(), s3.stop()]));

const tableName = await createCacheTable(dynalite.endpoint);
const large = () => new MemoryCacheStore({ maxBytes: 64 * MB });
const onDynamoDB = (overflow?: CacheStore) =>
  new DynamoDBCacheStore({
    ...{ tableName, region, overflow, endpoint: dynalite.endpoint },
    credentials: async () => credentials,
  });
const onS3 = (prefix: string) =>
  new S3CacheStore({
    ...{ bucket, region, prefix, endpoint: s3.endpoint },
    credentials: async () => s3Credentials,
  });
const before = (last: CacheStore, first = new MemoryCacheStore()) =>
  new TieredCacheStore([first, last]);

/** Makes what several processes share, and returns how each of them makes its store. */
type Share = () => () => CacheStore;
const inMemory: Share = () => {
  const store = new MemoryCacheStore();
  return () => store;
};
const inS3: Share = () => {
  const prefix = randomUUID();
  return () => onS3(prefix);
};
const inDynamoDB: Share = () => () => onDynamoDB();
const inTiers: Share = () => () => before(onDynamoDB());

/** `delByPattern` promises stored keys: the tiers of other processes keep their copies for a while. */
const withoutPatterns: ReadonlySet<Share> = new Set([inTiers]);

describe.each([
  ['memory', inMemory],
  ['DynamoDB', inDynamoDB],
  ['S3', inS3],
  ['memory before DynamoDB', inTiers],
] as const)('responses in %s', (_name, share) => describeResponses(share));

it('are found by their variant although a tier holds the first one, and its index', async () => {
  const { made, first, second, third } = fleet(() => {
    // The second and the third process share their first tier.
    const [one, other] = [before(onDynamoDB()), before(onDynamoDB())];
    const stores = [one, other, other];
    return () => stores.shift() as CacheStore;
  });
  made.answer = (request) => new Response(request.headers.get('x-v'), { headers: { vary: 'x-v' } });
  await first.get({ 'x-v': 'a' });
  await second.get({ 'x-v': 'a' });
  for (const v of ['b', 'c']) await first.get({ 'x-v': v });
  expect(made.asked).toBe(3);
  for (const v of ['c', 'b', 'a']) expect(await (await third.get({ 'x-v': v })).text()).toBe(v);
  expect(made.asked).toBe(3);
  await made.stop();
});

it('are loaded and kept if a tier holds one that may not be served any more', async () => {
  // Nobody can refresh after the response, so a stale response is loaded while the client waits.
  const store = before(new MemoryCacheStore());
  const cache = new CacheService(store, { onEvent: () => {} });
  const app = new Hono();
  let asked = 0;
  app.get('/a', cacheResponses(cache, { ttl: '1m', tags: ['all'] }), (c) => c.text(`${++asked}`));
  const get = async () => {
    const response = await app.request('/a');
    await cache.settled();
    return response.text();
  };
  await get();
  await get();
  await cache.expireTags(['all']);
  expect([await get(), await get(), await get()]).toEqual(['2', '2', '2']);
});

describe('large bodies', () => {
  it.each([
    ['in DynamoDB', inDynamoDB],
    ['in a tier before DynamoDB', inTiers],
  ] as const)('%s pass through above 192 KB', async (_name, share) => {
    await expectLimit(share, 196_608);
  });

  it.each([
    ['in DynamoDB with overflow to S3', () => () => onDynamoDB(onS3('overflow'))],
    ['in S3', inS3],
    ['in a tier before S3', () => () => before(onS3('large'), large())],
  ] as const)('%s are kept up to 5 MB', async (_name, share) => {
    await expectLimit(share, 5 * MB);
  });
});

describeWithRedis('responses in Redis', (url) => {
  const inRedis = (overflow?: CacheStore) => {
    const prefix = randomUUID();
    return () => new RedisCacheStore({ url, prefix, overflow });
  };
  describeResponses(inRedis);

  it('pass through above 192 KB, and with overflow are kept up to 5 MB', async () => {
    await expectLimit(inRedis, 196_608);
    await expectLimit(() => inRedis(large()), 5 * MB);
  });
});

/** Three processes that share a store, each with a response cache in front of the same origin. */
function fleet(share: Share, options: ResponseCacheOptions = { ttl: 60 }) {
  const create = share();
  // Versions are not remembered, so that both processes see each invalidation at once.
  const config = { keyPrefix: randomUUID(), versionTTL: 0, onEvent: () => {} } as const;
  const made = {
    asked: 0,
    answer: (request: Request): Response =>
      new Response(`${made.asked} ${request.headers.get('x-v') ?? ''}`),
    async stop() {
      await Promise.all(processes.map(({ cache }) => cache.close()));
    },
  };
  const processes = [1, 2, 3].map(() => {
    const cache = new CacheService(create(), config);
    const handle = responseCache(cache, options);
    return {
      cache,
      async get(headers: Record<string, string> = {}, url = URL_1) {
        const response = await handle(new Request(url, { headers }), (request) => {
          made.asked++;
          return made.answer(request);
        });
        await cache.settled();
        return response;
      },
    };
  });
  const [first, second, third] = processes;
  if (!first || !second || !third) throw new Error('three processes');
  return { made, first, second, third };
}

function describeResponses(share: Share): void {
  it('are shared by processes, with every byte of a binary body', async () => {
    const { made, first, second } = fleet(share);
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 256);
    made.answer = () => new Response(bytes, { headers: { 'content-type': 'image/x' } });
    await first.get();
    const hit = await second.get();
    expect(hit.headers.get('cache-status')).toMatch('glasswork; hit');
    expect(new Uint8Array(await hit.arrayBuffer())).toEqual(bytes);
    expect(made.asked).toBe(1);
    await made.stop();
  });

  it('are found by their variant', async () => {
    const { made, first, second } = fleet(share);
    made.answer = (request) =>
      new Response(request.headers.get('accept-language'), {
        headers: { vary: 'Accept-Language' },
      });
    for (const language of ['de', 'en', 'fr']) await first.get({ 'accept-language': language });
    for (const language of ['fr', 'de', 'en'])
      expect(await (await second.get({ 'accept-language': language })).text()).toBe(language);
    expect(made.asked).toBe(3);
    await made.stop();
  });

  const ways: [string, (cache: CacheService, key: string) => Promise<unknown>][] = [
    ['del', (cache, key) => cache.del(key)],
    ['delMany', (cache, key) => cache.delMany([key])],
    ['a tag', (cache) => cache.invalidateTags(['all'])],
    ['clear', (cache) => cache.clear()],
  ];
  if (!withoutPatterns.has(share))
    ways.push(['a pattern', (cache) => cache.delByPattern('http:https://example.com/*')]);

  it.each(ways)(
    'end with %s in the other process, all variants of them',
    async (_name, invalidate) => {
      const options = { ttl: 60, tags: ['all'] };
      const { made, first, second } = fleet(share, options);
      made.answer = (request) =>
        new Response(`${made.asked} ${request.headers.get('x-v')}`, { headers: { vary: 'x-v' } });
      for (const v of ['a', 'b']) await first.get({ 'x-v': v });
      for (const v of ['a', 'b']) await second.get({ 'x-v': v });
      expect(made.asked).toBe(2);
      await invalidate(first.cache, responseKey(new Request(URL_1)) ?? '');
      for (const [v, body] of Object.entries({ a: '3 a', b: '4 b' }))
        expect(await (await second.get({ 'x-v': v })).text()).toBe(body);
      await made.stop();
    },
  );

  it.each<[string, (cache: CacheService, key: string) => Promise<unknown>]>([
    ['expire', (cache, key) => cache.expire(key)],
    ['expireTags', (cache) => cache.expireTags(['all'])],
  ])('are stale in the other process after %s, and served as such once', async (_name, soften) => {
    const options = { ttl: 60, tags: ['all'], staleIfError: '1h' } as const;
    const { made, first, second } = fleet(share, options);
    await first.get();
    await second.get();
    await soften(first.cache, responseKey(new Request(URL_1)) ?? '');
    const stale = await second.get();
    const isStale = stale.headers.get('cache-control') === 'max-age=0, s-maxage=0';
    expect([await stale.text(), isStale]).toEqual(['1 ', true]);
    expect(await (await second.get()).text()).toBe('2 ');
    await made.stop();
  });
}

/** Bodies of so many bytes are stored, and of one byte more are not. */
async function expectLimit(share: Share, most: number): Promise<void> {
  const { made, first, second } = fleet(share);
  for (const [size, loads] of [
    [most, 1],
    [most + 1, 2],
  ] as const) {
    made.asked = 0;
    const bytes = Buffer.alloc(size, 'ä');
    made.answer = () => new Response(bytes);
    const url = `${URL_1}?${size}`;
    for (const process of [first, second]) {
      const body = Buffer.from(await (await process.get({}, url)).arrayBuffer());
      expect(body.equals(bytes)).toBe(true);
    }
    expect([size, made.asked]).toEqual([size, loads]);
  }
  await made.stop();
}
