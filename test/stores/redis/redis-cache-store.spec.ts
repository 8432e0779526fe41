import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { CacheService } from '../../../src/cache-service.js';
import type { Serializer } from '../../../src/serializers/serializer.js';
import type { RedisNode } from '../../../src/stores/redis/client.js';
import { RedisCacheStore, type RedisClient } from '../../../src/stores/redis/index.js';
import { withScripts } from '../../../src/stores/redis/scripts.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';

const unused = () => {
  const client = new Redis({ lazyConnect: true });
  client.on('error', () => {});
  return client;
};

describe('the options of a Redis store', () => {
  it.each<[string, () => Redis | Cluster]>([
    ['a client', () => new Redis({ lazyConnect: true, keyPrefix: 'app:' })],
    ['a Cluster', () => new Cluster(['127.0.0.1'], { lazyConnect: true, keyPrefix: 'app:' })],
    [
      'the nodes of a Cluster',
      () => new Cluster(['127.0.0.1'], { lazyConnect: true, redisOptions: { keyPrefix: 'app:' } }),
    ],
  ])('refuse a keyPrefix of %s, with the remedy', (_, open) => {
    const client = open();
    expect(() => new RedisCacheStore({ client })).toThrow(
      expect.objectContaining({
        name: 'CacheError',
        code: 'INVALID_OPTION',
        message: expect.stringContaining("prefix: 'app:'"),
      }),
    );
    client.disconnect();
  });

  it('refuse a keyPrefix for the client of a url', () => {
    const options = { url: 'redis://127.0.0.1', options: { keyPrefix: 'app:' } };
    expect(() => new RedisCacheStore(options)).toThrow("prefix: 'app:'");
  });

  it.each(
    [
      ['defineCommand', 'getBuffer', 'getrange', 'unlink', 'ping'],
      ['scanBuffer', 'on', 'off'],
    ].flat(),
  )('name %s where it is what a client lacks', (member) => {
    const client = unused();
    const lacking = new Proxy(client, {
      get: (target, name) => (name === member ? undefined : Reflect.get(target, name, target)),
    });
    expect(() => new RedisCacheStore({ client: lacking })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        subject: 'client',
        message: expect.stringMatching(new RegExp(`client has no ${member}\\(\\):`)),
      }),
    );
  });

  it.each(['publish', 'duplicate'])('name %s where invalidations() needs it', (member) => {
    const client = new Proxy(unused(), {
      get: (target, name) => (name === member ? undefined : Reflect.get(target, name, target)),
    });
    expect(() => new RedisCacheStore({ client }).invalidations()).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(member) }),
    );
  });

  it('name what a Cluster lacks, and what defineCommand has not added', () => {
    const nothing = async () => null;
    const commands = { getBuffer: nothing, getrange: nothing, unlink: nothing, ping: nothing };
    const partial = { ...commands, defineCommand() {} };
    const create = (client: object) => () =>
      new RedisCacheStore({ client: client as unknown as RedisClient });
    expect(create({ ...partial, nodes: () => [] })).toThrow(/no refreshSlotsCache\(\)/);
    const node = { scanBuffer: nothing, duplicate: nothing, on() {}, off() {} };
    expect(create({ ...partial, ...node })).toThrow(/no glassworkCacheReadBuffer\(\), /);
  });

  it('are closed by `await using`', async () => {
    const client = unused();
    const store = new RedisCacheStore({ url: 'redis://127.0.0.1:1' });
    await store[Symbol.asyncDispose]();
    await expect(store.get('key')).rejects.toThrow('The store is closed');
    const given = new RedisCacheStore({ client });
    await given[Symbol.asyncDispose]();
    expect(client.status).toBe('wait');
  });

  it.each([
    ['no way to Redis', {}],
    ['two ways to Redis', { url: 'redis://127.0.0.1', client: unused() }],
    ['a client without members', { client: { get() {} } }],
    ['a client that is null', { client: null }],
    ['a client that is text', { client: 'redis://127.0.0.1' }],
    ['an empty prefix', { client: unused(), prefix: '' }],
  ])('refuse %s', (_, options) => {
    const create = () => new RedisCacheStore(options as { client: RedisClient });
    expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});

describeWithRedis('a Redis store', (url) => {
  const client = new Redis(url);
  const prefix = `store-${crypto.randomUUID()}`;
  const store = new RedisCacheStore({ client, prefix });
  afterAll(() => client.disconnect());
  const fresh = () => crypto.randomUUID();
  const inRedis = (key: string) => `${prefix}:${key}`;

  it.each([
    [0.25, 250],
    [1.5, 1_500],
    [1.001, 1_001],
    [60, 60_000],
  ])('gives a value to Redis for %d s, %d ms by its clock', async (ttl, ms) => {
    const key = fresh();
    const before = await serverMs(client);
    await store.set(key, 'value', ttl);
    const end = await client.pexpiretime(inRedis(key));
    const after = await serverMs(client);
    expect(end).toBeGreaterThanOrEqual(before + ms);
    expect(end).toBeLessThanOrEqual(after + ms);
    // Redis may look at its clock twice, before and after the turn of a millisecond.
    expect(Math.abs(Number((await store.getVersioned(key)).expiresAt) - end)).toBeLessThanOrEqual(
      1,
    );
  });

  it('keeps the token of a miss for a quarter of an hour, as long as a load may fill', async () => {
    const key = fresh();
    expect((await store.getVersioned(key)).expiresAt).toBeUndefined();
    const left = await client.pttl(inRedis(key));
    expect(left).toBeLessThanOrEqual(900_000);
    expect(left).toBeGreaterThan(890_000);
  });

  it('keeps bytes as they are, with text beside them', async () => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
    const bytes: Serializer = {
      name: 'bytes',
      serialize: (value) => (typeof value === 'string' ? value : (value as Uint8Array)),
      deserialize: (raw) => (typeof raw === 'string' ? `text ${raw}` : Uint8Array.from(raw)),
    };
    const binary = new RedisCacheStore({ client, prefix, serializer: bytes });
    const key = fresh();
    await binary.set(key, everyByte, 60);
    expect(await binary.get(key)).toEqual(everyByte);
    expect((await binary.getVersioned(key)).value).toEqual(everyByte);
    await binary.set(key, 'ünïcode', 60);
    expect(await binary.get(key)).toBe('text ünïcode');
    await binary.set(key, new Uint8Array(), 60);
    expect(await binary.get(key)).toEqual(new Uint8Array());
  });

  it('holds a value of 5 MB', async () => {
    const key = fresh();
    const value = 'ü'.repeat(2_500_000);
    await store.set(key, value, 60);
    expect(await store.get(key)).toBe(value);
    await store.del(key);
  });

  it('takes one command for a hit, for a miss and for a fill', async () => {
    const [held, absent] = [fresh(), fresh()];
    await store.set(held, 1, 60);
    const another = new RedisCacheStore({ client, prefix });
    // The first of each script on a connection brings it along.
    await another.setIfUnchanged(fresh(), 1, 60, (await another.getVersioned(fresh())).version);
    const sent = vi.spyOn(client, 'sendCommand');
    // But for the proofs that a master answers, of which a slow machine sees more.
    const names = () =>
      sent.mock.calls
        .splice(0)
        .filter(([{ args }]) => args[0] !== `${prefix}:\0`)
        .map(([{ name }]) => name);
    await another.getVersioned(held);
    expect(names()).toEqual(['evalsha']);
    // Known to hold something: the cheaper command.
    await another.getVersioned(held);
    expect(names()).toEqual(['get']);
    const { version } = await another.getVersioned(absent);
    await another.setIfUnchanged(absent, 1, 60, version);
    expect(names()).toEqual(['evalsha', 'evalsha']);
    // The store never expects a key that it deleted itself; it discovers a deletion by another.
    await another.del(absent);
    await another.getVersioned(absent);
    expect(names()).toEqual(['unlink', 'evalsha']);
    await store.del(held);
    names();
    const missed = await another.getVersioned(held);
    expect(names()).toEqual(['get', 'evalsha']);
    expect(await another.setIfUnchanged(held, 'filled', 60, missed.version)).toBe(true);
    sent.mockRestore();
  });

  it('sends the commands issued in the same tick together', async () => {
    await store.warm();
    const stream = client.stream as Socket & { _writev(): void };
    const writes = vi.spyOn(stream, '_writev');
    const ones = vi.spyOn(stream, '_write');
    const keys = Array.from({ length: 100 }, fresh);
    expect(await store.getMany(keys)).toEqual(keys.map(() => undefined));
    expect(writes).toHaveBeenCalledTimes(1);
    // The first leaves by itself, but where a proof goes with it.
    expect(ones.mock.calls.length).toBeLessThanOrEqual(1);
    expect(stream.writableCorked).toBe(0);
    writes.mockRestore();
    ones.mockRestore();
  });

  it('reads what another program wrote as corrupt, and lets a fill replace it', async () => {
    const key = fresh();
    await client.set(inRedis(key), 'from elsewhere');
    await expect(store.get(key)).rejects.toMatchObject({ code: 'CORRUPT', subject: key });
    const { value, version, error } = await store.getVersioned(key);
    expect(value).toBeUndefined();
    expect(error).toMatchObject({ code: 'CORRUPT' });
    expect(await store.add(key, 'added', 60)).toBe(false);
    expect(await store.setIfUnchanged(key, 'filled', 60, version)).toBe(true);
    expect(await store.get(key)).toBe('filled');
    expect(await store.setIfUnchanged(key, 'again', 60, version)).toBe(false);
    await store.del(key);
    expect(await store.setIfUnchanged(key, 'late', 60, version)).toBe(false);
  });

  it('says what to do about a key of another kind', async () => {
    const key = fresh();
    await client.lpush(inRedis(key), 'element');
    await expect(store.get(key)).rejects.toThrow(/WRONGTYPE.*give the store its own/);
    await store.set(key, 'value', 60);
    expect(await store.get(key)).toBe('value');
  });

  it('deletes a key of another kind by its pattern, and does not count it', async () => {
    const key = fresh();
    await client.lpush(inRedis(`${key}:list`), 'element');
    await store.set(`${key}:value`, 'value', 60);
    expect(await store.delByPattern(`${key}:*`)).toBe(1);
    expect(await client.exists(inRedis(`${key}:list`), inRedis(`${key}:value`))).toBe(0);
  });

  it('fails for no other key because of one of another kind', async () => {
    const cache = new CacheService(store, { breaker: { failures: 1 }, onEvent: () => {} });
    const [key, other] = [fresh(), fresh()];
    await cache.set(other, 'value', 60);
    await client.lpush(inRedis(key), 'element');
    for (let read = 0; read < 2; read++) {
      expect(await cache.wrap(key, 60, () => 'loaded')).toBe('loaded');
      expect(await cache.getMany([key, other])).toEqual([undefined, 'value']);
    }
    await cache.del(key);
    await cache.wrap(key, 60, () => 'loaded');
    expect(await cache.get(key)).toBe('loaded');
  });

  it('leaves what lies outside its prefix', async () => {
    const outside = [`${prefix}`, `${prefix}2:key`, `${prefix.toUpperCase()}:key`];
    await Promise.all(outside.map((key) => client.set(key, 'theirs', 'EX', 60)));
    await store.set('key', 'ours', 60);
    await store.delByPattern('*');
    await store.clear();
    expect(await client.mget(...outside)).toEqual(outside.map(() => 'theirs'));
    expect(await store.get('key')).toBeUndefined();
  });

  it('clears tokens and keys that are not text', async () => {
    const own = new RedisCacheStore({ client, prefix: `${prefix}-clear` });
    await own.getVersioned('missed');
    await client.set(Buffer.concat([Buffer.from(`${prefix}-clear:`), Buffer.from([0xff])]), 1);
    await own.clear();
    expect(await client.keys(`${prefix}-clear:*`)).toEqual([]);
  });

  it('goes on after the server has forgotten its scripts', async () => {
    const server = await RedisProcess.start();
    const own = new RedisCacheStore({ url: server.url });
    try {
      await own.set('key', 'value', 60);
      await server.call('SCRIPT', 'FLUSH');
      const keys = ['key', 'a', 'b'];
      const reads = await Promise.all(keys.map((key) => own.getVersioned(key)));
      expect(reads.map(({ value }) => value)).toEqual(['value', undefined, undefined]);
    } finally {
      await own.close();
      await server.stop();
    }
  });

  it('reads from a full server, and fills nothing that it could leave no token for', async () => {
    const server = await RedisProcess.start();
    const own = new RedisCacheStore({ url: server.url });
    try {
      await own.set('held', 'value', 60);
      await server.configure('maxmemory', 1);
      expect((await own.getVersioned('held')).value).toBe('value');
      const { value, version } = await own.getVersioned('absent');
      expect(value).toBeUndefined();
      const fill = () => own.setIfUnchanged('absent', 'late', 60, version);
      await expect(fill()).rejects.toThrow(/OOM.*maxmemory-policy/);
      // Nor later, when there is room: nobody knows what came in between.
      await server.configure('maxmemory', 0);
      await expect(fill()).rejects.toThrow('OOM');
      expect(await own.get('absent')).toBeUndefined();
      const again = await own.getVersioned('absent');
      expect(await own.setIfUnchanged('absent', 'filled', 60, again.version)).toBe(true);
    } finally {
      await own.close();
      await server.stop();
    }
  });

  it('leaves the client that it was given open', async () => {
    const own = new RedisCacheStore({ client, prefix });
    await own.close();
    expect(await client.ping()).toBe('PONG');
  });

  it('does not confirm a pattern whose connection was lost during the scan', async () => {
    const server = await RedisProcess.start();
    const theirs = new Redis(server.url);
    theirs.on('error', () => {});
    const own = new RedisCacheStore({ client: theirs });
    try {
      const keys = Array.from({ length: 3_000 }, (_, i) => `${i}`);
      await own.setMany(keys.map((key) => ({ key, value: 1, ttl: 60 })));
      const scanBuffer = theirs.scanBuffer.bind(theirs) as RedisNode['scanBuffer'];
      const breakAfterwards: RedisNode['scanBuffer'] = async (...args) => {
        const page = await scanBuffer(...args);
        const closed = once(theirs, 'close');
        await server.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await closed;
        return page;
      };
      Object.assign(theirs, { scanBuffer: breakAfterwards });
      await expect(own.delByPattern('*')).rejects.toMatchObject({ code: 'STORE_FAILED' });
      Object.assign(theirs, { scanBuffer });
      await own.delByPattern('*');
      expect(await theirs.dbsize()).toBe(0);
    } finally {
      theirs.disconnect();
      await server.stop();
    }
  });
});

/**
 * A client may send a command again when the connection broke before its reply came, long after it was carried out.
 * The copy has the same arguments: it is sent here as the client would send it.
 */
describeWithRedis('a command that is carried out twice', (url) => {
  const client = new Redis(url);
  const scripts = withScripts(client);
  const prefix = `twice-${crypto.randomUUID()}`;
  const store = new RedisCacheStore({ client, prefix });
  afterAll(() => client.disconnect());
  const id = () => crypto.randomUUID();

  it('issues no token that was removed', async () => {
    const args = [`${prefix}:key`, id(), 60_000] as const;
    await scripts.glassworkCacheReadBuffer(...args);
    const { version } = await store.getVersioned('key');
    await store.del('key');
    await scripts.glassworkCacheReadBuffer(...args);
    expect(await store.setIfUnchanged('key', 'late', 60, version)).toBe(false);
  });

  it('fills once, and knows its own fill', async () => {
    const { version } = await store.getVersioned('fill');
    const args = [`${prefix}:fill`, id(), 60_000, 's', '"filled"', version] as const;
    expect(await scripts.glassworkCacheWrite(...args)).toBe(1);
    const filled = await store.getVersioned('fill');
    expect(await scripts.glassworkCacheWrite(...args)).toBe(1);
    expect(await store.getVersioned('fill')).toEqual(filled);
    await store.del('fill');
    expect(await scripts.glassworkCacheWrite(...args)).toBe(0);
    expect(await store.get('fill')).toBeUndefined();
  });

  it('adds once, and knows what it added', async () => {
    const args = [`${prefix}:add`, id(), 60_000, 's', '"added"', 'add'] as const;
    expect(await scripts.glassworkCacheWrite(...args)).toBe(1);
    expect(await scripts.glassworkCacheWrite(...args)).toBe(1);
    const other = [`${prefix}:add`, id(), 60_000, 's', '"other"', 'add'] as const;
    expect(await scripts.glassworkCacheWrite(...other)).toBe(0);
    expect(await store.get('add')).toBe('added');
  });

  it('brings back no version that was seen when it sets', async () => {
    const args = [`${prefix}:set`, id(), 60_000, 's', '"set"', 'set'] as const;
    await scripts.glassworkCacheWrite(...args);
    const { version } = await store.getVersioned('set');
    await store.del('set');
    await scripts.glassworkCacheWrite(...args);
    expect(await store.setIfUnchanged('set', 'late', 60, version)).toBe(false);
  });
});

async function serverMs(client: Redis): Promise<number> {
  const [seconds, microseconds] = await client.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
