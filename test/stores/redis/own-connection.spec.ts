import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { redisError } from '../../../src/stores/redis/error.js';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { clientSettingsOf } from '../../../src/stores/redis/options.js';
import { OwnConnection } from '../../../src/stores/redis/own-connection.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { until } from '../../servers/until.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(password?: string): Promise<RedisProcess> {
  const server = await RedisProcess.start(password === undefined ? {} : { password });
  closers.push(() => server.stop());
  return server;
}

function openStore(url: string, options: Record<string, unknown> = {}): RedisCacheStore {
  const store = new RedisCacheStore({ url, options });
  closers.push(() => store.close());
  return store;
}

const kill = (server: RedisProcess) => server.call('CLIENT', 'KILL', 'TYPE', 'normal');
/** Excludes the connection that asks. */
const connections = async (server: RedisProcess) =>
  Number(await server.field('connected_clients')) - 1;
const connected = async (server: RedisProcess) =>
  Number(await server.field('total_connections_received'));

describeWithRedis('the connection of a store with a url', () => {
  it('is opened by the first command, once, and shared by all', async () => {
    const server = await startServer();
    const store = openStore(server.url);
    expect(await connections(server)).toBe(0);
    await Promise.all(['a', 'b', 'c'].map((key) => store.set(key, key, 60)));
    expect(await store.getMany(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    expect(await connections(server)).toBe(1);
  });

  it('holds back only what is not alone, whatever became of earlier commands', async () => {
    const server = await startServer();
    // Its clock stands still: a read needs no new proof that a master answers it.
    const settings = clientSettingsOf(server.url, {});
    const connection = new OwnConnection(
      { settings: settings, longestMs: Number.POSITIVE_INFINITY },
      'unused',
      createVirtualClock(),
    );
    closers.push(() => connection.close());
    const get = (key: string) =>
      connection.send('get', key, (client) => client.getBuffer(key), 'read');
    await get('key');
    await server.call('LPUSH', 'list', 'element');
    await expect(get('list')).rejects.toMatchObject({ code: 'CORRUPT' });
    await get('key');
    const cork = vi.spyOn(Socket.prototype, 'cork');
    await get('key');
    expect(cork).not.toHaveBeenCalled();
    await Promise.all(['key', 'other', 'another'].map(get));
    expect(cork).toHaveBeenCalledOnce();
  });

  it('leads to the database of its url, or nowhere', async () => {
    const server = await startServer();
    const store = openStore(`${server.url}/3`);
    await store.set('key', 'value', 60);
    expect(await openStore(server.url).get('key')).toBeUndefined();
    expect(await openStore(server.url, { db: 3 }).get('key')).toBe('value');
    await expect(openStore(`${server.url}/99`).get('key')).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('DB index is out of range'),
    });
  });

  it('is opened ahead of time by warm', async () => {
    const server = await startServer();
    const store = openStore(server.url);
    await store.warm();
    expect(await connections(server)).toBe(1);
  });

  it('is opened anew for a command that found it closed', async () => {
    const server = await startServer();
    const store = openStore(server.url);
    await store.set('key', 'value', 60);
    await kill(server);
    expect(await store.get('key')).toBe('value');
    await kill(server);
    await store.del('key');
    expect(await store.get('key')).toBeUndefined();
  });

  it('is opened anew after the server was away', async () => {
    const server = await startServer();
    const store = openStore(server.url);
    await store.set('key', 'value', 60);
    await server.kill();
    await expect(store.get('key')).rejects.toMatchObject({
      code: 'STORE_FAILED',
      subject: 'key',
      message: expect.stringContaining('Check the address'),
    });
    await server.start();
    expect(await store.get('key')).toBeUndefined();
  });

  it('leads away from a master that has become a replica', async () => {
    const [old, next] = [await startServer(), await startServer()];
    // As the name of a primary endpoint does, which leads to another server from then on.
    let { port } = old;
    const endpoint = createServer((socket) => {
      const upstream = connect(port, old.host);
      socket.pipe(upstream).pipe(socket);
      for (const one of [socket, upstream]) one.on('error', () => one.destroy());
    }).listen(0, '127.0.0.1');
    closers.push(async () => endpoint.close());
    await once(endpoint, 'listening');
    const store = openStore(`redis://127.0.0.1:${(endpoint.address() as AddressInfo).port}`);
    await store.set('key', 'old', 60);
    port = next.port;
    await old.call('REPLICAOF', next.host, next.port);
    await store.set('key', 'new', 60);
    expect(await store.get('key')).toBe('new');
    expect(Number(await next.call('EXISTS', 'cache:key'))).toBe(1);
  });

  it('leads away from a replica that says so as Redis 5 and 6 do in a script', async () => {
    const said =
      "ERR Error running script (call to f_1028a5dba704e1d8a01fd96efeba25bb78f62df2): @user_script:17: @user_script: 17: -READONLY You can't write against a read only replica.";
    let opened = 0;
    const server = createServer((socket) => {
      const answer = opened++ === 0 ? `-${said}\r\n` : ':1\r\n';
      socket.on('data', () => socket.write(answer));
      closers.push(async () => socket.destroy());
    }).listen(0, '127.0.0.1');
    closers.push(async () => server.close());
    await once(server, 'listening');
    const store = openStore(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await store.set('key', 'value', 60);
    expect(opened).toBe(2);
    const remedy = /: READONLY .*connect to the primary endpoint/;
    expect(redisError('set', 'key', new Error(said)).message).toMatch(remedy);
  });

  it('outlives what is still to come of the one before', async () => {
    const sockets: Socket[] = [];
    const heard: string[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const i = sockets.push(socket) - 1;
      socket.on('error', () => {});
      socket.on('data', (data) => {
        heard[i] = `${heard[i] ?? ''}${data}`;
        const [first, second] = heard;
        // The refusal of `b` comes when there is another connection already, which `a` is waiting on.
        if (i === 0 && first?.includes('cache:b')) socket.write('-READONLY a\r\n');
        if (i === 1 && second?.endsWith('cache:a\r\n')) sockets[0]?.end('-READONLY b\r\n');
        if (i === 1 && second?.includes('cache:b')) socket.write(':1\r\n:1\r\n');
      });
    }).listen(0, '127.0.0.1');
    closers.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await once(server, 'listening');
    const store = openStore(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await Promise.all([store.del('a'), store.del('b')]);
    expect(sockets).toHaveLength(2);
  });

  it('is not trusted after five minutes in which nothing was heard of it', async () => {
    const server = await startServer();
    const clock = createVirtualClock();
    const connection = new OwnConnection(
      { settings: clientSettingsOf(server.url, {}), longestMs: Number.POSITIVE_INFINITY },
      'unused',
      clock,
    );
    closers.push(() => connection.close());
    const id = () => connection.send('ping', undefined, (client) => client.ping(), 'read');
    await id();
    const before = await connected(server);
    clock.advance(299_999);
    await id();
    // The question itself is a connection too.
    expect(await connected(server)).toBe(before + 1);
    clock.advance(300_000);
    await id();
    expect(await connected(server)).toBe(before + 3);
    await until(async () => (await connections(server)) === 1, 'the old one to be closed');
  });

  it.each([
    ['TIMEOUT', { commandTimeout: 100 }],
    // The connection ends before the budget does, and so does the second one.
    ['TIMEOUT', { commandTimeout: 1_000, socketTimeout: 100 }],
  ])('rejects within its budget when nothing answers, with %s', async (code, options) => {
    const server = await startServer();
    const store = openStore(server.url, options);
    await store.set('key', 'value', 60);
    server.pause();
    await expect(store.get('key')).rejects.toMatchObject({ code });
    await expect(store.del('key')).rejects.toMatchObject({ code });
    server.resume();
    expect(await store.get('key')).toBeOneOf(['value', undefined]);
  });

  it.each([undefined, 300])(
    'is opened anew after a whole budget without a byte, with the commandTimeout %s',
    async (commandTimeout) => {
      const server = await startServer();
      // Each connection but the last is cut in the way that nobody hears of.
      const ways: Socket[] = [];
      const relay = createServer((socket) => {
        const upstream = connect(server.port, server.host);
        for (const one of [socket, upstream]) one.on('error', () => one.destroy());
        socket.on('close', () => upstream.destroy());
        socket.pipe(upstream).pipe(socket);
        ways.push(upstream);
      }).listen(0, '127.0.0.1');
      closers.push(async () => relay.close());
      await once(relay, 'listening');
      const url = `redis://127.0.0.1:${(relay.address() as AddressInfo).port}`;
      const store = openStore(url, commandTimeout ? { commandTimeout } : {});
      await store.set('key', 'value', 60);
      // No timer of an earlier command runs any more.
      await delay(100);
      ways[0]?.unpipe();
      await expect(store.get('key')).rejects.toMatchObject({ code: 'TIMEOUT' });
      expect(await store.get('key')).toBe('value');
      expect(ways).toHaveLength(2);
    },
  );

  it('closes, even when nothing answers', async () => {
    const server = await startServer();
    const store = openStore(server.url);
    await store.set('key', 'value', 60);
    server.pause();
    const late = store.get('key').catch((error) => error.code);
    await store.close();
    expect(await late).toBeOneOf(['TIMEOUT', 'STORE_FAILED']);
    server.resume();
    await until(async () => (await connections(server)) === 0, 'the connection to be closed');
  });

  it('is given its answers before it closes, and nothing more', async () => {
    const server = await startServer();
    const store = openStore(server.url);
    await store.set('key', 'value', 60);
    const reading = store.get('key');
    await store.close();
    expect(await reading).toBe('value');
    await expect(store.get('key')).rejects.toThrow('The store is closed');
    expect(await connections(server)).toBe(0);
  });

  it('is not left open when it was closed while it opened', async () => {
    const server = await startServer();
    const store = openStore(server.url);
    const reading = store.get('key').catch((error) => error.message);
    await store.close();
    expect(await reading).toContain('The store is closed');
    await until(async () => (await connections(server)) === 0, 'the connection to be closed');
  });

  it('names the remedy for a wrong password, and takes the right one', async () => {
    const server = await startServer('secret');
    const url = `redis://${server.host}:${server.port}`;
    for (const options of [{}, { password: 'wrong' }]) {
      await expect(openStore(url, options).get('key')).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringMatching(
          /NOAUTH.*Give user name and password|WRONGPASS.*Check the user name/,
        ),
      });
    }
    await openStore(url, { password: 'secret' }).set('key', 'value', 60);
    expect(await openStore(server.url).get('key')).toBe('value');
  });

  it('asks a password function for each connection', async () => {
    const server = await startServer('secret');
    let asked = 0;
    const password = async () => {
      asked++;
      return 'secret';
    };
    const store = openStore(`redis://${server.host}:${server.port}`, { password });
    await store.set('key', 'value', 60);
    await kill(server);
    expect(await store.get('key')).toBe('value');
    expect(asked).toBe(2);
  });

  it('waits for a password function no longer than for a server', async () => {
    const server = await startServer('secret');
    const url = `redis://${server.host}:${server.port}`;
    const store = openStore(url, { password: () => new Promise(() => {}) });
    const remedy = 'Check what the function waits for or calls.';
    await expect(store.get('key')).rejects.toMatchObject({
      ...{ code: 'TIMEOUT', subject: 'key' },
      message: expect.stringContaining(`timed out after 2000 ms. ${remedy}`),
    });
    const cause = new Error('no credentials');
    const throws = () => {
      throw cause;
    };
    for (const password of [() => Promise.reject(cause), throws])
      await expect(openStore(url, { password }).get('key')).rejects.toThrow(
        `The password function failed: no credentials. ${remedy}`,
      );
  });

  it('keeps no process alive that has nothing more to do', async () => {
    const server = await startServer();
    const entryPoint = fileURLToPath(
      new URL('../../../src/stores/redis/index.ts', import.meta.url),
    );
    const script = `import { RedisCacheStore } from ${JSON.stringify(entryPoint)};
      const store = new RedisCacheStore({ url: ${JSON.stringify(server.url)} });
      await store.set('key', 'value', 60);
      console.log(await store.get('key'));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    const [code] = await once(child, 'exit');
    expect(output).toBe('value\n');
    expect(code).toBe(0);
  });
});

describe('a server that is not there', () => {
  it('is an error that says what to check', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const store = openStore(`redis://127.0.0.1:${port}`);
    for (const work of [store.get('key'), store.set('key', 1, 60), store.delByPattern('*')]) {
      await expect(work).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/ECONNREFUSED.*Check the address/),
      });
    }
  });

  it('is an error within the budget when it takes connections and says nothing', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    closers.push(async () => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = openStore(`redis://127.0.0.1:${port}`, { commandTimeout: 100 });
    await expect(store.get('key')).rejects.toMatchObject({ code: 'TIMEOUT', subject: 'key' });
  });
});
