import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, expect, it } from 'vitest';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { TieredCacheStore } from '../../../src/stores/tiered/index.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { until } from '../../servers/until.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(): Promise<RedisProcess> {
  const server = await RedisProcess.start();
  closers.push(() => server.stop());
  return server;
}

/**
 * Two servers behind one name, as a primary endpoint: it leads new connections to another server after a failover, and
 * cuts no old ones.
 */
async function startEndpoint() {
  const [old, next] = [await startServer(), await startServer()];
  let { port } = old;
  const sockets = new Set<Socket>();
  const endpoint = createServer((socket) => {
    const upstream = connect(port, old.host);
    socket.pipe(upstream).pipe(socket);
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on('error', () => one.destroy());
    }
  }).listen(0, '127.0.0.1');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    endpoint.close();
  });
  await once(endpoint, 'listening');
  return {
    next,
    url: `redis://127.0.0.1:${(endpoint.address() as AddressInfo).port}`,
    /** The old master becomes a replica that hears nothing: of a server that is not there. */
    async failOver() {
      port = next.port;
      await old.call('REPLICAOF', old.host, 1);
    },
  };
}

const OWN = [
  ['ioredis', async (url: string) => withEnd(new Redis(url), (client) => client.disconnect())],
  [
    'node-redis',
    async (url: string) =>
      withEnd(await createClient({ url }).connect(), (client) => client.destroy()),
  ],
] as const;

function withEnd<C>(client: C, end: (client: C) => unknown): C {
  closers.push(() => end(client));
  return client;
}

describeWithRedis('a process that only reads, and whose master becomes a replica', () => {
  it('leaves it, and follows what others delete', async () => {
    const { url, next, failOver } = await startEndpoint();
    const reader = new RedisCacheStore({ url });
    closers.push(() => reader.close());
    await reader.set('key', 'old', 60);
    // From now on it only reads what it knows to be there: a plain GET, which a replica answers.
    expect(await reader.get('key')).toBe('old');
    await failOver();
    await new RedisCacheStore({ url: next.url }).set('key', 'new', 60);
    await until(async () => (await reader.get('key')) === 'new', 'the reader to leave');
    expect((await reader.getVersioned('key')).value).toBe('new');
    expect(await reader.has('key')).toBe(true);
  });

  it.each(OWN)('is given no value of the replica by a client of its own: %s', async (_, own) => {
    const { url, failOver } = await startEndpoint();
    const client = await own(url);
    const reader = new RedisCacheStore({ client });
    await reader.set('key', 'old', 60);
    expect(await reader.get('key')).toBe('old');
    await failOver();
    const refused = () =>
      reader.get('key').then(
        () => false,
        ({ message }) => /READONLY.*connect to the primary endpoint/.test(message),
      );
    await until(refused, 'the replica to be noticed');
    // From then on, each read.
    expect([await refused(), await refused()]).toEqual([true, true]);
    await expect(reader.has('key')).rejects.toThrow('READONLY');
    await expect(reader.warm()).rejects.toThrow('READONLY');
  });

  it.each(OWN)('gives none of many readers at once a value of the replica: %s', async (_, own) => {
    const { url, failOver } = await startEndpoint();
    const reader = new RedisCacheStore({ client: await own(url) });
    await reader.set('key', 'old', 60);
    await failOver();
    const readAll = async () => {
      const reads = Array.from({ length: 20 }, () => reader.get('key'));
      const settled = await Promise.allSettled(reads);
      return settled.filter(({ status }) => status === 'fulfilled').length;
    };
    await until(async () => (await readAll()) === 0, 'the replica to be noticed');
    expect([await readAll(), await readAll(), await readAll()]).toEqual([0, 0, 0]);
  });

  it('trusts no copy that the replica cannot invalidate', async () => {
    const { url, next, failOver } = await startEndpoint();
    const redis = new RedisCacheStore({ url });
    const channel = redis.invalidations();
    const store = new TieredCacheStore([new MemoryCacheStore(), redis], {
      upperTTL: '1h',
      channel,
    });
    closers.push(() => store.close());
    await store.set('key', 'old', 60);
    await until(async () => {
      await store.get('key');
      return store.getIfPresent?.('key') === 'old';
    }, 'a copy that is trusted');
    await failOver();
    await new RedisCacheStore({ url: next.url }).set('key', 'new', 60);
    await until(async () => (await store.get('key')) === 'new', 'the copy to be left');
  });

  it.each(OWN)('finds its channel lost with a client of its own: %s', async (_, own) => {
    const { url, failOver } = await startEndpoint();
    const client = await own(url);
    const channel = new RedisCacheStore({ client }).invalidations();
    closers.push(() => channel.close());
    expect(await channel.sync()).toBe(1);
    await failOver();
    await expect(channel.sync()).rejects.toThrow('READONLY');
  });
});
