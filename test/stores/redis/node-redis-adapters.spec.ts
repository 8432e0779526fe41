import { EventEmitter } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type {
  NodeRedisCluster,
  NodeRedisSentinel,
  NodeRedisServer,
} from '../../../src/stores/redis/node-redis/client-types.js';
import { clusterAdapter } from '../../../src/stores/redis/node-redis/cluster.js';
import { sentinelAdapter } from '../../../src/stores/redis/node-redis/sentinel.js';
import { serverAdapter } from '../../../src/stores/redis/node-redis/server.js';
import { slotOf } from '../../../src/stores/redis/node-redis/slot.js';
import {
  duplicateOf,
  sentinelSubscriber,
} from '../../../src/stores/redis/node-redis/subscribers.js';

// What the store asks of the clients of node-redis, by stand-ins that note it.

const fakeTime = () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
};

class Server extends EventEmitter {
  isOpen = true;
  isReady = true;
  sendCommand = vi.fn(async (_args: readonly string[]): Promise<unknown> => 'OK');
  duplicate = vi.fn();
}

describe('a Cluster client of node-redis', () => {
  const KEY = 'key';

  /** Two masters: the second has the slot of `KEY`. */
  function world() {
    const servers = { a: new Server(), b: new Server() };
    const [a, b] = [
      { host: 'a', port: 1, client: servers.a },
      { host: 'b', port: 1, client: servers.b },
    ];
    const client = Object.assign(new EventEmitter(), {
      isOpen: true,
      isReady: true,
      masters: [a, b],
      slots: Array.from({ length: 16_384 }, (_, slot) => ({
        master: slot === slotOf(KEY) ? b : a,
      })),
      sendCommand: vi.fn(
        async (_key: string, _isReadOnly: boolean, _args: readonly string[]): Promise<unknown> =>
          'value',
      ),
      nodeClient: vi.fn(async (master: typeof a) => master.client),
    });
    const adapter = clusterAdapter(client as unknown as NodeRedisCluster, 'unused');
    if (!('nodes' in adapter)) throw new Error('The adapter is that of a Cluster');
    return { adapter, client, ...servers, masters: { a, b } };
  }

  it('is refused without nodeClient()', () => {
    const client = Object.assign(new EventEmitter(), { masters: [], sendCommand() {} });
    expect(() => clusterAdapter(client as unknown as NodeRedisCluster, 'unused')).toThrow(
      'client has no nodeClient()',
    );
  });

  it('is given a command with its key, and one without a key goes to a master that is ready', async () => {
    const { adapter, client, a, b } = world();
    expect(await adapter.getBuffer(KEY)).toBe('value');
    expect(client.sendCommand.mock.calls[0]?.slice(0, 3)).toEqual([KEY, false, ['GET', KEY]]);
    expect(client.nodeClient).not.toHaveBeenCalled();
    a.isReady = false;
    expect(await adapter.ping()).toBe('OK');
    expect(b.sendCommand.mock.calls[0]?.[0]).toEqual(['PING']);
    expect(a.sendCommand).not.toHaveBeenCalled();
    expect(client.sendCommand).toHaveBeenCalledTimes(1);
  });

  it('is given a command once the master of its key is ready, and the client itself', async () => {
    fakeTime();
    const { adapter, client, a, b } = world();
    b.isReady = false;
    const reply = adapter.getBuffer(KEY);
    await vi.advanceTimersByTimeAsync(100);
    expect(client.sendCommand).not.toHaveBeenCalled();
    b.isReady = true;
    await vi.advanceTimersByTimeAsync(20);
    expect(await reply).toBe('value');
    client.isReady = false;
    const later = adapter.getBuffer(KEY);
    await vi.advanceTimersByTimeAsync(100);
    expect(client.sendCommand).toHaveBeenCalledTimes(1);
    client.isReady = true;
    a.isReady = false;
    await vi.advanceTimersByTimeAsync(20);
    expect(await later).toBe('value');
  });

  it('opens the connection of a master that has none yet', async () => {
    const { adapter, client, masters } = world();
    Object.assign(masters.b, { client: undefined });
    expect(await adapter.getBuffer(KEY)).toBe('value');
    expect(client.sendCommand).toHaveBeenCalledTimes(1);
  });

  it.each(['error', 'node-error', 'node-disconnect', 'disconnect'])(
    'loses the position of a scan by %s',
    (event) => {
      const { adapter, client } = world();
      const lost = vi.fn();
      const [node] = adapter.nodes('master');
      client.on('error', () => {});
      node?.on('close', lost);
      client.emit(event, new Error('lost'));
      expect(lost).toHaveBeenCalledTimes(1);
      node?.off('close', lost);
      client.emit(event, new Error('lost'));
      expect(lost).toHaveBeenCalledTimes(1);
    },
  );

  it('learns each master that it does not know by a read of its first slot', async () => {
    const { adapter, client, a, b } = world();
    const ranges = (...masters: [unknown, number][]) =>
      masters.map((master, i) => [i * 100, i * 100 + 99, master, ['a replica', 1]]);
    const found = async (...masters: [unknown, number][]) => {
      client.sendCommand.mockClear();
      for (const server of [a, b]) server.sendCommand.mockResolvedValue(ranges(...masters));
      await new Promise<void>((resolve, reject) => {
        adapter.refreshSlotsCache((error) => (error ? reject(error) : resolve()));
      });
      return client.sendCommand.mock.calls.map(([key, , args]) => [slotOf(key), args.at(0)]);
    };
    expect(await found(['a', 1], ['b', 1])).toEqual([]);
    expect(await found(['a', 1], ['c', 1], ['b', 1], ['a', 2])).toEqual([
      [100, 'GETRANGE'],
      [300, 'GETRANGE'],
    ]);
    // A node that does not know its own name.
    expect(await found([null, 1], ['', 1], ['b', 1])).toEqual([]);
    for (const server of [a, b]) server.sendCommand = vi.fn().mockRejectedValue(new Error('down'));
    await expect(
      new Promise((resolve) => adapter.refreshSlotsCache(resolve)),
    ).resolves.toMatchObject({ message: 'down' });
  });
});

describe('a Sentinel client of node-redis', () => {
  function world() {
    const client = Object.assign(new EventEmitter(), {
      isOpen: true,
      isReady: true,
      sendCommand: vi.fn(async (): Promise<unknown> => 1),
      subscribe: vi.fn(async (_channels: string[], _listener: unknown) => {}),
      unsubscribe: vi.fn(async (_channels: string[], _listener: unknown) => {}),
    });
    const given = client as unknown as NodeRedisSentinel;
    return { client, given, adapter: sentinelAdapter(given, 'unused') };
  }

  it.each(['subscribe', 'unsubscribe'])('is refused without %s()', (member) => {
    const { client } = world();
    Object.assign(client, { [member]: undefined });
    expect(() => sentinelAdapter(client as unknown as NodeRedisSentinel, 'unused')).toThrow(
      `client has no ${member}()`,
    );
  });

  it('proves nothing if its master was replaced meanwhile', async () => {
    const { adapter, client } = world();
    const replaced = async () => {
      client.emit('topology-change', {});
      return 0;
    };
    expect(await adapter.unlink('unused')).toBe(1);
    client.sendCommand.mockImplementationOnce(replaced);
    await expect(adapter.unlink('unused')).rejects.toThrow('READONLY');
    // A deletion holds, whichever master carried it out.
    client.sendCommand.mockImplementationOnce(replaced);
    expect(await adapter.unlink('key')).toBe(0);
    client.sendCommand.mockRejectedValueOnce(new Error('down'));
    await expect(adapter.unlink('unused')).rejects.toThrow('down');
    expect(client.listenerCount('topology-change')).toBe(0);
  });

  it.each(['error', 'client-error', 'topology-change', 'end'])(
    'that listens ends by %s, because messages may have been lost',
    async (event) => {
      const { client, given } = world();
      const subscriber = sentinelSubscriber(given);
      const [ended, heard] = [vi.fn(), vi.fn()];
      subscriber.on('end', ended);
      subscriber.on('message', heard);
      await subscriber.subscribe('all', 'mine');
      const [channels, listener] = client.subscribe.mock.calls[0] ?? [];
      expect(channels).toEqual(['all', 'mine']);
      (listener as (message: string, channel: string) => void)('text', 'all');
      expect(heard.mock.calls).toEqual([['all', 'text']]);
      expect(ended).not.toHaveBeenCalled();
      client.emit(event, new Error('lost'));
      expect(ended).toHaveBeenCalledTimes(1);
      expect(heard).toHaveBeenCalledTimes(1);
      subscriber.disconnect();
      subscriber.disconnect();
      expect(client.unsubscribe.mock.calls).toEqual([[['all', 'mine'], listener]]);
      client.on('error', () => {});
      client.emit(event, new Error('lost'));
      expect(ended).toHaveBeenCalledTimes(1);
    },
  );

  it('that does not listen yet has nothing to end, and says what is refused', async () => {
    const { client, given } = world();
    sentinelSubscriber(given).disconnect();
    expect(client.unsubscribe).not.toHaveBeenCalled();
    client.subscribe.mockRejectedValueOnce(new Error('refused'));
    await expect(sentinelSubscriber(given).subscribe('all')).rejects.toThrow('refused');
    client.unsubscribe.mockRejectedValueOnce(new Error('closed'));
    const subscriber = sentinelSubscriber(given);
    await subscriber.subscribe('all');
    expect(() => subscriber.disconnect()).not.toThrow();
  });
});

describe('a client of node-redis for one server', () => {
  it.each(['error', 'client-error', 'topology-change', 'end'])(
    'loses the position of a scan by %s',
    (event) => {
      const client = new Server();
      const adapter = serverAdapter(client as unknown as NodeRedisServer);
      if (!('on' in adapter)) throw new Error('The adapter is that of one server');
      const lost = vi.fn();
      adapter.on('close', lost);
      client.emit(event, new Error('lost'));
      expect(lost).toHaveBeenCalledTimes(1);
      adapter.off('close', lost);
      client.emit(event, new Error('lost'));
      expect(lost).toHaveBeenCalledTimes(1);
    },
  );
});

describe('a connection of node-redis that listens', () => {
  class Listening extends EventEmitter {
    connect = vi.fn(async () => {});
    subscribe = vi.fn(async (_channels: string[], _listener: unknown) => {});
    destroy = vi.fn();
    unref = vi.fn();
  }

  function world() {
    const own = new Listening();
    const client = new Server();
    Object.assign(client, { options: { socket: { host: 'h' } } });
    client.duplicate.mockReturnValue(own);
    const subscriber = duplicateOf(async () => client as unknown as NodeRedisServer);
    return { client, own, subscriber };
  }

  it('has the settings of the client, and never reconnects', async () => {
    const { client, own, subscriber } = world();
    await subscriber.connect();
    expect(client.duplicate.mock.calls[0]?.[0]).toEqual({
      socket: { host: 'h', reconnectStrategy: false },
      clientSideCache: undefined,
      pingInterval: undefined,
    });
    subscriber.stream?.unref();
    expect(own.unref).toHaveBeenCalledTimes(1);
    own.connect.mockRejectedValueOnce(new Error('refused'));
    await expect(subscriber.connect()).rejects.toThrow('refused');
  });

  it.each(['error', 'end'])('brings messages until it ends by %s', async (event) => {
    const { own, subscriber } = world();
    const [ended, heard] = [vi.fn(), vi.fn()];
    subscriber.on('end', ended);
    subscriber.on('message', heard);
    await subscriber.connect();
    await subscriber.subscribe('all', 'mine');
    const [channels, listener] = own.subscribe.mock.calls[0] ?? [];
    expect(channels).toEqual(['all', 'mine']);
    (listener as (message: Buffer, channel: Buffer) => void)(
      Buffer.from('text'),
      Buffer.from('all'),
    );
    expect(heard.mock.calls).toEqual([['all', 'text']]);
    own.emit(event, new Error('lost'));
    expect(ended).toHaveBeenCalledTimes(1);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('is closed also if that was asked for while it opened, and need not be open', async () => {
    const { own, subscriber } = world();
    own.connect.mockImplementationOnce(async () => {
      own.destroy.mockClear();
    });
    const connected = subscriber.connect();
    subscriber.disconnect();
    await connected;
    expect(own.destroy).toHaveBeenCalledTimes(1);
    own.destroy.mockImplementation(() => {
      throw new Error('The client is closed');
    });
    expect(() => subscriber.disconnect()).not.toThrow();
    const other = world();
    await other.subscriber.connect();
    expect(other.own.destroy).not.toHaveBeenCalled();
  });
});
