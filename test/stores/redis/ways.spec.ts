import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { RedisCacheStore, type RedisCacheStoreOptions } from '../../../src/stores/redis/index.js';
import { freePort } from '../../servers/free-port.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { startRedisSentinel } from '../../servers/redis-sentinel.js';
import { prepareTLS } from '../../servers/redis-tls.js';
import { until } from '../../servers/until.js';

/** A key takes its time on a busy machine. */
const timeout = 120_000;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function openStore(options: RedisCacheStoreOptions): RedisCacheStore {
  const store = new RedisCacheStore(options);
  closers.push(() => store.close());
  return store;
}

/** That it reads, fills and fences. */
async function check(store: RedisCacheStore): Promise<void> {
  const { version } = await store.getVersioned('key');
  expect(await store.setIfUnchanged('key', 'filled', 60, version)).toBe(true);
  expect(await store.get('key')).toBe('filled');
  await store.del('key');
  expect(await store.setIfUnchanged('key', 'late', 60, version)).toBe(false);
  await store.set('key', 'value', 60);
  expect(await store.delByPattern('k*')).toBe(1);
}

/** A server with a port for TLS, and the certificate that it shows there. */
async function startWithTLS() {
  const tls = await prepareTLS();
  closers.push(tls.remove);
  const port = await freePort();
  const server = await RedisProcess.start({ config: tls.config(port) });
  closers.push(() => server.stop());
  return { server, port, ca: tls.ca };
}

describeWithRedis('a Redis store over TLS', () => {
  it('trusts what it is told to trust, and nothing else', { timeout }, async () => {
    const { server, port, ca } = await startWithTLS();
    const url = `rediss://${server.host}:${port}`;
    await check(openStore({ url, options: { tls: { ca } } }));
    await expect(openStore({ url }).get('key')).rejects.toThrow(/self-signed certificate/);
    const plain = openStore({ url: server.url.replace(String(server.port), String(port)) });
    await expect(plain.get('key')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('speaks it to the master that a Sentinel names, too', { timeout }, async () => {
    const { server, port, ca } = await startWithTLS();
    // It cannot reach the master, which wants TLS, and names it all the same.
    const config = [`sentinel monitor cache ${server.host} ${port} 1`];
    const sentinel = await RedisProcess.start({ config, sentinel: true });
    closers.push(() => sentinel.stop());
    const sentinels = [{ host: sentinel.host, port: sentinel.port }];
    const options = { sentinels, name: 'cache', tls: { ca } };
    await check(openStore({ url: 'rediss://by-name', options }));
  });
});

describeWithRedis('a Redis store by Sentinel', () => {
  it.each([
    ['a url whose options name the Sentinels', false],
    ['a client', true],
  ])('finds the master, and the next one, with %s', async (_, given) => {
    const { name, sentinel, master, replica, stop } = await startRedisSentinel();
    closers.push(stop);
    const options = { sentinels: [{ host: sentinel.host, port: sentinel.port }], name };
    const client = given ? new Redis({ ...options, maxRetriesPerRequest: 1 }) : undefined;
    client?.on('error', () => {});
    closers.push(async () => client?.disconnect());
    const store = openStore(client ? { client } : { url: 'redis://unused.invalid', options });
    await check(store);
    await master.kill();
    await until(
      async () => (await store.set('key', 'value', 60).catch((error) => error)) === undefined,
      'a master that takes writes',
    );
    expect(await replica.field('role')).toBe('master');
    await check(store);
  });
});
