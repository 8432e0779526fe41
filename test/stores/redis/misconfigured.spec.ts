import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CacheError, CacheService, RedisCacheStore } from '@glasswork/cache';
import { Cluster, Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { createClient } from 'redis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { placeOfClient } from '../../../src/stores/redis/place.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';

// The console of a user without a listener: one line for each mistake, and none without a mistake.

const SECRET = 'hunter2';
const NO_SCRIPTS = 'a user who may run no scripts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<RedisProcess> {
  const server = await RedisProcess.start();
  closers.push(() => server.stop());
  return server;
}

async function toldOf(url: string) {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const store = new RedisCacheStore({ url });
  closers.push(() => store.close());
  const cache = new CacheService(store, { keyPrefix: 'shop', breaker: false });
  for (let i = 0; i < 3; i++) await cache.wrap(`user:${SECRET}`, 60, () => ({ password: SECRET }));
  const told = warn.mock.calls.map((line) => line.join(' '));
  const reason = (error: CacheError) => error;
  const check = await cache.check().then(() => undefined, reason);
  const del = await cache.del('user:1').then(() => undefined, reason);
  return { told, check, del };
}

/** A user who may do all but what the rules take away. */
async function asGuest(...rules: string[]): Promise<string> {
  const server = await start();
  const all = ['on', `>${SECRET}`, '~*', '&*', '+@all'];
  await server.call('ACL', 'SETUSER', 'guest', ...all, ...rules);
  return server.url.replace('//', `//guest:${SECRET}@`);
}

async function replica(): Promise<string> {
  const server = await start();
  await server.call('REPLICAOF', server.host, 1);
  return server.url;
}

async function website(): Promise<string> {
  const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await once(server, 'listening');
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function nobody(): Promise<string> {
  const server = await start();
  await server.kill();
  return server.url;
}

describeWithRedis('the one line of a Redis that is set up wrongly', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    ['a port where nobody listens', nobody, /ECONNREFUSED.*Check the address/],
    [
      'a wrong password',
      async () => (await start()).url.replace('//', '//:wrong-hunter2@'),
      /(WRONGPASS|AUTH).*(password|user)/,
    ],
    [NO_SCRIPTS, () => asGuest('-eval', '-evalsha'), /NOPERM.*Allow the user/],
    [
      'a user who may not use the keys',
      () => asGuest('resetkeys', '~other:*'),
      /key.*prefix of the store/,
    ],
    ['a replica', replica, /READONLY|MASTERDOWN/],
    ['a server of HTTP', website, /does not speak the Redis protocol: check the port/],
    [
      'TLS to a plain port',
      async () => (await start()).url.replace('redis://', 'rediss://'),
      /TLS|SSL|ssl/,
    ],
  ])('names %s and its remedy', async (mistake, make, line) => {
    const { told, check, del } = await toldOf(await make());
    expect(told, told.join('\n')).toHaveLength(1);
    expect(told[0]).toMatch(/^@glasswork\/cache: store "redis": /);
    // A user without scripts may delete all the same.
    const messages = [told[0], check?.message, ...(del ? [del.message] : [])];
    for (const message of messages) {
      expect(message).toMatch(line);
      expect(message).toMatch(/Redis: \w+ at 127\.0\.0\.1:\d+ failed: /);
      expect(message).not.toMatch(/\.\.|\. \.|try it again|report this/i);
      expect(message).not.toContain(SECRET);
    }
    expect(check).toBeInstanceOf(CacheError);
    expect(del?.code).toBe(mistake === NO_SCRIPTS ? undefined : 'NOT_CONFIRMED');
  });

  it('does not come for a server that is set up well', async () => {
    const { told, check, del } = await toldOf((await start()).url);
    expect({ told, check, del }).toEqual({ told: [], check: undefined, del: undefined });
  });
});

describe('the place in a message', () => {
  it('is that of a client, whatever made it', async () => {
    const url = `redis://guest:${SECRET}@cache.example.com:6380/1`;
    const lazy = { lazyConnect: true };
    const sentinels = { sentinels: [{ host: 'a', port: 26_379 }, { host: 'b' }], name: 'main' };
    const nodes = ['a', 'b', 'c', 'd'].map((host) => ({ host, port: 7_000 }));
    const cluster = new Cluster(nodes, { ...lazy, redisOptions: { password: SECRET } });
    const clients: [object, string][] = [
      [new Redis(url, lazy), ' at cache.example.com:6380'],
      [new Redis6(url, lazy), ' at cache.example.com:6380'],
      [new Redis({ ...lazy, path: '/run/redis.sock' }), ' at /run/redis.sock'],
      [new Redis({ ...lazy, host: '::1' }), ' at [::1]:6379'],
      [new Redis({ ...lazy, ...sentinels }), ' at a:26379, b:6379'],
      [createClient({ url }), ' at cache.example.com:6380'],
      [cluster, ' at a:7000, b:7000, c:7000, …'],
      [new Cluster([`redis://:${SECRET}@host:1`], lazy), ''],
      [{}, ''],
    ];
    expect(clients.map(([client]) => placeOfClient(client))).toEqual(
      clients.map(([, place]) => place),
    );
  });
});
