import { CacheError } from '@glasswork/cache';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openClient, passwordOf } from '../../../src/stores/redis/own-client.js';
import { openCluster } from '../../../src/stores/redis/own-cluster.js';
import { OwnConnection } from '../../../src/stores/redis/own-connection.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { freePort } from '../../servers/free-port.js';
import { until } from '../../servers/until.js';
import { type Answer, answeringRedis } from './answering-redis.js';

// Our own client talks to a server whose every answer the test decides.

const PATIENT = { connectTimeout: 60_000 };
const host = '127.0.0.1';
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;

describe('the password of a client', () => {
  it('is a text, or what a function answers', async () => {
    expect(await passwordOf('text')).toBe('text');
    expect(await passwordOf(async () => 'token')).toBe('token');
    await expect(passwordOf(() => null)).rejects.toThrow('function returned null: it must');
    await expect(passwordOf(() => 7)).rejects.toThrow('returned a value of type number: it must');
  });

  it('fails with the reason of the function, or its own error of this package', async () => {
    const fails = (error: Error) =>
      passwordOf(() => {
        throw error;
      });
    await expect(fails(new Error('no'))).rejects.toThrow('The password function failed: no');
    const error = new CacheError('MISSING_PEER', 'none');
    await expect(fails(error)).rejects.toBe(error);
  });
});

describe('a client of our own', () => {
  it('that is refused its login leaves no connection behind', async () => {
    const server = await answeringRedis(() => '-WRONGPASS invalid\r\n');
    const settings = { host, port: server.port, password: 'wrong', ...PATIENT };
    await expect(openClient(settings)).rejects.toThrow('WRONGPASS');
    await until(
      () => server.sockets.every(({ destroyed }) => destroyed),
      'the connection to close',
    );
  });

  it('tells of errors of its connection, those before it is open among them', async () => {
    const onError = vi.fn();
    const refused = { host, port: await freePort(), ...PATIENT };
    await expect(openClient(refused, onError)).rejects.toThrow('ECONNREFUSED');
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ECONNREFUSED' }));
  });

  it('says that there is no TLS where a server without it hangs up, and only then', async () => {
    const server = await answeringRedis(() => 'close');
    const { port } = server;
    server.sockets.length = 0;
    const closing = { host, port, ...PATIENT };
    const plain = await openClient({ ...closing, password: 'x' }).catch((error) => error);
    expect(plain.message).not.toContain('TLS');
    const refused = { host, port: await freePort(), tls: {}, ...PATIENT };
    const nobody = await openClient(refused).catch((error) => error);
    expect(nobody.message).toMatch(/^connect ECONNREFUSED/);
    const opened = openClient({ ...closing, tls: {} }).catch((error) => error);
    await until(() => server.first.includes(22), 'the handshake');
    for (const socket of server.sockets) socket.resetAndDestroy();
    expect((await opened).message).toMatch(/^No TLS connection: .*(ECONNRESET|disconnected)/);
  });

  it.each([
    ['with TLS', { tls: {} }, 22],
    ['without', {}, '*'.charCodeAt(0)],
  ])('speaks to the master that Sentinels name %s', async (_, tls, firstByte) => {
    const master = await answeringRedis(() => '+OK\r\n');
    const sentinel = await answeringRedis(([name, part]) =>
      name === 'sentinel' && part === 'get-master-addr-by-name'
        ? `*2\r\n${bulk(host)}${bulk(String(master.port))}`
        : '*0\r\n',
    );
    const settings = {
      ...{ sentinels: [{ host, port: sentinel.port }], name: 'main', password: 'x' },
      ...tls,
    };
    const opened = openClient({ ...settings, ...PATIENT });
    onTestFinished(() => opened.then((client) => client.disconnect()).catch(() => {}));
    opened.catch(() => {});
    await until(() => master.first.length > 0, 'the master to hear something');
    expect(master.first).toEqual([firstByte]);
    for (const socket of master.sockets) socket.resetAndDestroy();
  });
});

describe('the connection of our own client', () => {
  async function world(
    answer: (command: string[]) => Answer = () => '+OK\r\n',
    options: { readonly longestMs?: number; readonly commandTimeout?: number } = {},
  ) {
    const server = await answeringRedis(answer);
    const { longestMs = Number.POSITIVE_INFINITY, commandTimeout = 60_000 } = options;
    const clock = createVirtualClock();
    const settings = { host, port: server.port, commandTimeout, ...PATIENT };
    const connection = new OwnConnection({ settings, longestMs }, 'unused', clock);
    onTestFinished(() => connection.close());
    const send = (kind: 'read' | 'write' | 'once') =>
      connection.send('ask', 'key', (client) => client.ping(), kind);
    return { server, clock, connection, send };
  }
  const count = (names: readonly unknown[], name: string) =>
    names.filter((one) => one === name).length;

  it('repeats after a lost connection whatever may come twice', async () => {
    let pings = 0;
    const lost = () => (++pings === 1 ? 'close' : '+OK\r\n');
    const write = await world(lost);
    expect(await write.send('write')).toBe('OK');
    expect(pings).toBe(2);
    pings = 0;
    const once = await world(lost);
    await expect(once.send('once')).rejects.toThrow('Connection is closed');
    expect(pings).toBe(1);
  });

  it('repeats no command that was answered', async () => {
    const { server, send } = await world(() => '-ERR no\r\n');
    await expect(send('write')).rejects.toThrow('ERR no');
    expect(server.names()).toEqual(['ping']);
  });

  it('says why it was lost, if that is known', async () => {
    const broken = await world(() => 'reset');
    await expect(broken.send('write')).rejects.toThrow('ECONNRESET');
    const closed = await world(() => 'close');
    await expect(closed.send('write')).rejects.toThrow('Connection is closed');
  });

  it('has the commandTimeout of its options', async () => {
    const { send } = await world(() => undefined, { commandTimeout: 30 });
    await expect(send('write')).rejects.toThrow('Command timed out after 30 ms');
  });

  it('is replaced when it has lived for its time, and ends after its commands', async () => {
    const { server, clock, send } = await world(undefined, { longestMs: 1_000 });
    await send('write');
    clock.advance(999);
    await send('write');
    expect(server.sockets).toHaveLength(1);
    clock.advance(1);
    await send('write');
    expect(server.sockets).toHaveLength(2);
    await until(() => server.names().includes('quit'), 'QUIT on the old connection');
  });

  it('takes no command while it closes', async () => {
    const { server, connection, send } = await world(([name]) =>
      name === 'quit' ? undefined : '+OK\r\n',
    );
    await send('write');
    const closing = connection.close();
    await expect(send('write')).rejects.toThrow('The store is closed');
    await closing;
    await until(() => server.sockets.every(({ destroyed }) => destroyed), 'it to be closed');
  });

  it('gets no command once nothing can be written to it, although it has not ended yet', async () => {
    const { server, connection, send } = await world();
    const streamOf = async (client: object) => Object(client).stream;
    const stream = await connection.send('ask', 'key', streamOf, 'write');
    stream.destroy();
    expect(await send('write')).toBe('OK');
    expect(server.sockets).toHaveLength(2);
  });

  it('sends a read and the proof of its master in one packet', async () => {
    const { server, clock, send } = await world();
    await send('write');
    const packets: string[] = [];
    server.sockets[0]?.on('data', (data) => packets.push(String(data)));
    await send('read');
    expect(packets).toHaveLength(1);
    expect(count(server.names(), 'unlink')).toBe(1);
    clock.advance(1_000);
    await send('write');
    expect(count(server.names(), 'unlink')).toBe(1);
  });

  it('is named by its server, or by the nodes of its Cluster', () => {
    const place = (target: object) =>
      new OwnConnection(
        { settings: { host: 'h', port: 1 }, longestMs: 1, ...target },
        'unused',
        createVirtualClock(),
      ).place;
    expect(place({})).toBe(' at h:1');
    expect(place({ nodes: [{ host: 'a', port: 2 }] })).toBe(' at a:2');
  });
});

describe('our own client of a Cluster', () => {
  const slots = (port: number) =>
    `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n${bulk(host)}:${port}\r\n${bulk('id')}`;

  async function world(password: string | (() => unknown), answer?: (name: string) => Answer) {
    const server = await answeringRedis(([name = ''], port) => {
      const said = answer?.(name.toLowerCase());
      if (said !== undefined) return said;
      return name.toLowerCase() === 'cluster' ? slots(port) : '+OK\r\n';
    });
    const onError = vi.fn();
    const nodes = [{ host, port: server.port }];
    const opened = openCluster(nodes, { username: 'shop', password, ...PATIENT }, onError);
    onTestFinished(() => opened.then((client) => client.disconnect()).catch(() => {}));
    return { server, opened, onError };
  }
  const logins = (commands: readonly string[][]) =>
    new Set(commands.filter(([name]) => name === 'auth').map((command) => command.slice(1).join()));

  it('logs in to its nodes with the password of its function, and asks for it every five minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    let asked = 0;
    const password = vi.fn(async () => `token ${++asked}`);
    const { server, opened } = await world(password);
    const client = await opened;
    expect(logins(server.commands)).toEqual(new Set(['shop,token 1']));
    const use = () => client.stream?.writable;
    expect(use()).toBe(true);
    vi.setSystemTime(Date.now() + 299_999);
    expect(use()).toBe(true);
    expect(password).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 1);
    expect(use()).toBe(true);
    expect(use()).toBe(true);
    expect(password).toHaveBeenCalledTimes(2);
    // The next try comes with the next command.
    password.mockRejectedValueOnce(new Error('no'));
    vi.setSystemTime(Date.now() + 300_000);
    use();
    await new Promise((resolve) => setImmediate(resolve));
    use();
    expect(password).toHaveBeenCalledTimes(4);
    client.disconnect();
    expect(use()).toBe(false);
  });

  it('keeps a password that is a text', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { server, opened } = await world('secret');
    const client = await opened;
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(client.stream?.writable).toBe(true);
    expect(await client.ping()).toBe('OK');
    expect(logins(server.commands)).toEqual(new Set(['shop,secret']));
  });

  it.each([
    ['is no Cluster', 'cluster', '-ERR This instance has cluster support disabled\r\n', /disabled/],
    ['refuses its login', 'auth', '-WRONGPASS invalid\r\n', /WRONGPASS/],
    ['denies the slots', 'cluster', '-NOPERM no permissions\r\n', /NOPERM/],
  ])(
    'tells the reason where a server %s, and leaves no connection',
    async (_, name, said, reason) => {
      const { server, opened, onError } = await world('pw', (one) =>
        one === name ? said : undefined,
      );
      await expect(opened).rejects.toThrow(reason);
      expect(onError).toHaveBeenCalled();
      await until(() => server.sockets.every(({ destroyed }) => destroyed), 'all to be closed');
    },
  );
});
