import { inspect } from 'node:util';
import { afterEach, expect, it, vi } from 'vitest';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** `default` needs no password and may do anything: what is not refused as somebody else is done as `default`. */
async function startServer(): Promise<RedisProcess> {
  const server = await RedisProcess.start();
  closers.push(() => server.stop());
  await server.call('ACL', 'SETUSER', 'shop', 'on', '>secret', '~*', '&*', '+@all');
  return server;
}

function openStore(url: string, options: Record<string, unknown> = {}): RedisCacheStore {
  const store = new RedisCacheStore({ url, options });
  closers.push(() => store.close());
  return store;
}

const as = (server: RedisProcess, login: string) => server.url.replace('//', `//${login}@`);
const userOf = async (server: RedisProcess) => {
  const clients = String(await server.call('CLIENT', 'LIST'));
  return /cmd=(?:set|eval|evalsha) user=(\w+)/.exec(clients)?.[1];
};

describeWithRedis('a login to Redis', () => {
  it.each([
    ['a wrong password', 'shop:wrong', /WRONGPASS/],
    ['an unknown user', 'nobody:secret', /WRONGPASS/],
    ['a user without a password', 'shop', /WRONGPASS/],
    ['a password that `default` does not have', ':secret', /without any password/],
  ])('that is refused lets no command run as the user `default`: %s', async (_, login, said) => {
    const server = await startServer();
    const warn = vi.spyOn(console, 'warn');
    const store = openStore(as(server, login));
    const work = [store.set('key', 'value', 60), store.get('key'), store.delByPattern('*')];
    for (const one of work)
      await expect(one).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringMatching(said),
      });
    await expect(store.invalidations().publish('message')).rejects.toThrow(said);
    await expect(store.invalidations().sync()).rejects.toThrow(said);
    expect(await server.call('DBSIZE')).toBe(0);
    expect(await server.field('cmdstat_set', ['INFO', 'commandstats'])).toBeUndefined();
    expect(warn).not.toHaveBeenCalled();
  });

  it('counts the database as part of it: one that is refused is not database 0', async () => {
    const server = await startServer();
    await server.call('ACL', 'SETUSER', 'shop', '-select');
    await expect(openStore(`${as(server, 'shop:secret')}/1`).set('key', 1, 60)).rejects.toThrow(
      /NOPERM.*Use database 0, or allow/,
    );
    await expect(openStore(`${server.url}/99`).set('key', 1, 60)).rejects.toThrow(/out of range/);
    expect(await server.call('DBSIZE')).toBe(0);
    expect(await server.call('INFO', 'keyspace')).not.toContain('db1');
  });

  it('with options wins over that of the URL', async () => {
    const server = await startServer();
    const store = openStore(as(server, 'default:wrong'), { username: 'shop', password: 'secret' });
    await store.set('key', 'value', 60);
    expect(await userOf(server)).toBe('shop');
  });

  it('takes the user name from the URL and the password from a function', async () => {
    const server = await startServer();
    const password = vi.fn(async () => 'secret');
    const store = openStore(as(server, 'shop:wrong'), { password });
    await store.set('key', 'value', 60);
    expect(await userOf(server)).toBe('shop');
    expect(password).toHaveBeenCalledOnce();
  });

  it('takes the database from options', async () => {
    const server = await startServer();
    await openStore(`${server.url}/1`, { db: 2 }).set('key', 'value', 60);
    expect(String(await server.call('INFO', 'keyspace'))).toMatch(/db2:keys=1/);
  });

  it.each([undefined, null, 7, { token: 'hunter2' }])(
    'is not tried with a password function that gives %s',
    async (answer) => {
      const server = await startServer();
      const store = openStore(as(server, 'shop'), { password: async () => answer });
      const error = await store.set('key', 1, 60).catch((reason) => reason);
      expect(error).toMatchObject({ code: 'INVALID_OPTION', subject: 'options' });
      expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    },
  );

  it('keeps the name that a connection is given', async () => {
    const server = await RedisProcess.start({ password: 'secret' });
    closers.push(() => server.stop());
    const store = openStore(server.url, { connectionName: 'shop' });
    await store.set('key', 'value', 60);
    expect(String(await server.call('CLIENT', 'LIST'))).toContain(' name=shop ');
  });

  it('listens for invalidations as its user', async () => {
    const server = await RedisProcess.start({ password: 'secret' });
    closers.push(() => server.stop());
    const channel = openStore(`${server.url}/1`).invalidations();
    closers.push(() => channel.close());
    expect(await channel.sync()).toBe(1);
  });

  it('is the same over a socket', async () => {
    const path = `/tmp/redis-${crypto.randomUUID()}.sock`;
    const server = await RedisProcess.start({ config: [`unixsocket ${path}`], password: 'secret' });
    closers.push(() => server.stop());
    const store = openStore(`${path}?db=3`, { password: 'secret' });
    await store.set('key', 'value', 60);
    expect(String(await server.call('INFO', 'keyspace'))).toMatch(/db3:keys=1/);
  });

  it('is the same with valkey in the URL', async () => {
    const server = await startServer();
    const store = openStore(as(server, 'shop:secret').replace('redis:', 'valkey:'));
    await store.set('key', 'value', 60);
    expect(await store.get('key')).toBe('value');
  });
});
