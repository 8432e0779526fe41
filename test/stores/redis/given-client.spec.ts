import { EventEmitter, errorMonitor } from 'node:events';
import { CacheService, RedisCacheStore } from '@glasswork/cache';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6';
import { Redis as Valkey } from 'iovalkey';
import { createClient } from 'redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectingOf } from '../../../src/stores/redis/connecting.js';
import { freePort } from '../../servers/free-port.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { startRedisSentinel } from '../../servers/redis-sentinel.js';
import { prepareTLS } from '../../servers/redis-tls.js';

// A client of the user's own, which would try for ever to connect.

const SECRET = 'hunter2';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<RedisProcess> {
  const server = await RedisProcess.start();
  closers.push(() => server.stop());
  return server;
}

interface Given extends EventEmitter {
  disconnect(): void;
}

async function expectErrors(clients: readonly Given[], said: RegExp): Promise<void> {
  closers.push(...clients.map((client) => () => client.disconnect()));
  const checks = clients.map(async (client) => {
    const cache = new CacheService(new RedisCacheStore({ client: client as Redis }));
    return cache.check().catch((error) => error);
  });
  for (const error of await Promise.all(checks)) {
    expect(error.code).toBe('TIMEOUT');
    expect(error.message).toMatch(said);
    expect(error.message).not.toMatch(/\.\.|\. \.|Retrying/);
    expect(JSON.stringify(error)).not.toContain(SECRET);
  }
}

const withListener = <C extends Given>(client: C): C => client.on('error', () => {});

describeWithRedis('a client of ioredis or iovalkey that never connects', () => {
  // ioredis prints errors without a listener.
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));

  it('has a wrong name of the Sentinels', async () => {
    const { sentinel, stop } = await startRedisSentinel();
    closers.push(stop);
    const options = { sentinels: [{ host: sentinel.host, port: sentinel.port }], name: 'wrong' };
    const clients = [new Redis(options), new Redis6(options), new Valkey(options)];
    await expectErrors(
      [...clients, withListener(new Redis(options))],
      /No such master with that name \(timed out after 2300 ms\)\. Set options\.name/,
    );
  });

  it('has a wrong password of the Sentinels', async () => {
    const { sentinel, name, stop } = await startRedisSentinel();
    closers.push(stop);
    await sentinel.call('ACL', 'SETUSER', 'default', 'resetpass', `>${SECRET}`);
    const sentinels = [{ host: sentinel.host, port: sentinel.port }];
    const wrong = { sentinels, name, sentinelPassword: `no-${SECRET}` };
    await expectErrors(
      [new Redis(wrong), new Valkey(wrong), withListener(new Redis6(wrong))],
      /(WRONGPASS|NOAUTH) .* Set sentinelUsername and sentinelPassword/,
    );
  });

  it('is one of a Cluster at a single server', async () => {
    const { host, port } = await start();
    const nodes = [{ host, port }];
    await expectErrors(
      [new Cluster(nodes), new Cluster6(nodes), withListener(new Cluster(nodes))],
      /cluster support disabled .* This server is no Cluster/,
    );
  });

  it('lacks its certificate, or a server', async () => {
    const { ca, config, remove } = await prepareTLS('yes');
    closers.push(remove);
    const port = await freePort();
    const server = await RedisProcess.start({ config: config(port) });
    closers.push(() => server.stop());
    const noKey = { host: '127.0.0.1', port, tls: { ca, cert: ca } };
    await expectErrors(
      [new Redis(noKey), new Valkey(noKey), new Redis(await freePort(), '127.0.0.1')],
      /tells no reason .* listen for the client's error event/,
    );
    await expectErrors(
      [withListener(new Redis(noKey)), withListener(new Redis6(noKey))],
      /(ECONNRESET|EPIPE|alert).*client certificate/,
    );
  });

  it('keeps its own rules for an error without a listener', async () => {
    const client = new Redis({ lazyConnect: true });
    const before = client.eventNames();
    const warned = vi.fn();
    process.on('warning', warned);
    closers.push(() => process.off('warning', warned));
    const stores = Array.from({ length: 30 }, () => new RedisCacheStore({ client }));
    expect(client.listenerCount('error')).toBe(0);
    expect(client.listenerCount(errorMonitor)).toBe(1);
    expect(() => client.emit('error', new Error('as before'))).toThrow('as before');
    for (const store of stores.slice(1)) await store.close();
    await stores[1]?.close();
    expect(client.listenerCount(errorMonitor)).toBe(1);
    await stores[0]?.close();
    expect(client.eventNames()).toEqual(before);
    // A warning of too many listeners is emitted in the next tick.
    await new Promise(setImmediate);
    expect(warned).not.toHaveBeenCalled();
  });
});

describeWithRedis('a client of node-redis that never connects', () => {
  it.each([
    [{ readonly: true }, /cluster support disabled\. .*readonly/],
    [{ commandsQueueMaxLength: 1 }, /queue is full\. .*commandsQueueMaxLength/],
  ])('for its options %j', async (options, said) => {
    const client = createClient({ url: (await start()).url, ...options });
    client.on('error', () => {});
    closers.push(() => client.destroy());
    client.connect().catch(() => {});
    const store = new RedisCacheStore({ client });
    await expect(store.check()).rejects.toThrow(said);
  });
});

describe('the wait for a client that is not connected', () => {
  class Client extends EventEmitter {
    status = 'connecting';
  }
  const forever = new Promise<string>(() => {});
  const told = (outcome: Promise<unknown>) => {
    const seen: unknown[] = [];
    outcome.then(
      (value) => seen.push(value),
      (error: Error) => seen.push(error.message),
    );
    return seen;
  };

  function open() {
    vi.useFakeTimers();
    closers.push(() => vi.useRealTimers());
    const client = new Client();
    const connecting = connectingOf(client);
    if (!connecting) throw new Error('The client tells whether it is connected');
    return { client, connecting };
  }

  it('ends with the last error, and leaves an invalidation more time after a first connection', async () => {
    const { client, connecting } = open();
    client.emit('sentinelError', new Error('first'));
    const first = told(connecting.limit(forever, 'write'));
    await vi.advanceTimersByTimeAsync(2_300);
    expect(first).toEqual(['first (timed out after 2300 ms)']);
    client.status = 'ready';
    expect(connecting.limit(forever, 'write')).toBe(forever);
    client.status = 'reconnecting';
    const [read, write] = [connecting.limit(forever, 'read'), connecting.limit(forever, 'write')];
    const seen = [told(read), told(write)];
    await vi.advanceTimersByTimeAsync(2_300);
    const unknown = 'The client is not connected and tells no reason (timed out after 2300 ms)';
    expect(seen).toEqual([[unknown], []]);
    client.on('error', () => {});
    client.emit('error', new Error('second'));
    client.emit('error', new Error('All sentinels are unreachable'));
    await vi.advanceTimersByTimeAsync(2_500);
    expect(seen[1]).toEqual(['second (timed out after 4800 ms)']);
  });

  it.each([
    [['first', 'second'], 'second'],
    [['All sentinels are unreachable'], 'All sentinels are unreachable'],
    [['wrong name', 'All sentinels are unreachable'], 'wrong name'],
    [['wrong name', 'Failed to refresh slots cache.'], 'wrong name'],
  ])('tells after the errors %j that of the reason', async (errors, reason) => {
    const { client, connecting } = open();
    for (const error of errors) client.emit('sentinelError', new Error(error));
    const seen = told(connecting.limit(forever, 'read'));
    await vi.advanceTimersByTimeAsync(2_300);
    expect(seen).toEqual([`${reason} (timed out after 2300 ms)`]);
  });

  it('counts a command that was answered as a first connection', async () => {
    const { client, connecting } = open();
    expect(await connecting.limit(Promise.resolve('value'), 'read')).toBe('value');
    expect(client.status).toBe('connecting');
    const seen = told(connecting.limit(forever, 'write'));
    await vi.advanceTimersByTimeAsync(2_400);
    expect(seen).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_400);
    expect(seen).toEqual([expect.stringContaining('timed out after 4800 ms')]);
  });

  it('does not limit a command once the client is connected', async () => {
    const { client, connecting } = open();
    let answer = (_: string) => {};
    const command = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const seen = told(connecting.limit(command, 'read'));
    await vi.advanceTimersByTimeAsync(2_200);
    client.status = 'ready';
    await vi.advanceTimersByTimeAsync(10_000);
    expect(seen).toEqual([]);
    answer('value');
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(['value']);
  });

  it('ends with the error of the command itself', async () => {
    const { connecting } = open();
    const seen = told(connecting.limit(Promise.reject(new Error('its own')), 'once'));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(['its own']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not limited for a client that does not tell its state', () => {
    expect(connectingOf({ on() {}, off() {} })).toBeUndefined();
    expect(connectingOf({ status: 'ready' })).toBeUndefined();
    expect(connectingOf({ status: 'ready', on() {} })).toBeUndefined();
    expect(connectingOf({ status: 'ready', off() {} })).toBeUndefined();
  });
});
