import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { RedisClient } from '../../../src/stores/redis/client.js';
import { GivenConnection } from '../../../src/stores/redis/connection.js';
import { createVirtualClock } from '../../../src/testing/index.js';

// The user's own client, by a stand-in that notes what it is given.

class Stream {
  readonly calls: string[] = [];
  cork = () => void this.calls.push('cork');
  uncork = () => void this.calls.push('uncork');
}

class Listening extends EventEmitter {
  connect = vi.fn(async () => {});
  disconnect = vi.fn();
}

function world(members: object = {}) {
  const clock = createVirtualClock();
  const stream = new Stream();
  const listening = new Listening();
  const unlink = vi.fn(async (_key: string) => 0);
  const ping = vi.fn(async () => 'PONG');
  const client = Object.assign(new EventEmitter(), {
    ...{ stream, unlink, ping },
    defineCommand(this: Record<string, unknown>, name: string) {
      this[name] = this[`${name}Buffer`] = async () => {};
    },
    getBuffer: async () => null,
    getrange: async () => '',
    scanBuffer: async () => ['0', []],
    duplicate: () => listening,
    ...members,
  });
  const connection = new GivenConnection(client as unknown as RedisClient, 'unused', clock);
  const read = () => connection.send('get', 'key', (redis) => redis.getBuffer('key'), 'read');
  const write = () => connection.send('del', 'key', (redis) => redis.ping(), 'write');
  return { clock, client, connection, listening, ping, read, stream, unlink, write };
}

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe('the connection over the client of a user', () => {
  it('proves with a read, once a second, that it reads from a master', async () => {
    const { clock, read, unlink, write } = world();
    await write();
    expect(unlink).not.toHaveBeenCalled();
    await read();
    await read();
    await write();
    expect(unlink.mock.calls).toEqual([['unused']]);
    clock.advance(1_000);
    await write();
    expect(unlink).toHaveBeenCalledTimes(1);
    await read();
    expect(unlink).toHaveBeenCalledTimes(2);
  });

  it('rejects a read whose proof a replica refuses', async () => {
    const { read, unlink } = world();
    unlink.mockRejectedValueOnce(new Error('READONLY no writes'));
    await expect(read()).rejects.toThrow('READONLY');
    await read();
  });

  it('proves nothing in a Cluster, where a replica redirects', async () => {
    const { read, unlink } = world({ nodes: () => [], refreshSlotsCache() {} });
    await read();
    expect(unlink).not.toHaveBeenCalled();
  });

  it('holds a command back for others only if there are others, or a proof', async () => {
    const { read, stream, write } = world();
    await write();
    expect(stream.calls).toEqual([]);
    await read();
    await nextTick();
    expect(stream.calls).toEqual(['cork', 'uncork']);
    await read();
    expect(stream.calls).toHaveLength(2);
    await Promise.all([write(), write()]);
    await nextTick();
    expect(stream.calls).toHaveLength(4);
    await write();
    await nextTick();
    expect(stream.calls).toHaveLength(4);
  });

  it('listens on another connection, which may fail later without ending the process', async () => {
    const { connection, listening } = world();
    expect(await connection.subscriber()).toBe(listening);
    expect(listening.connect).toHaveBeenCalledTimes(1);
    expect(listening.disconnect).not.toHaveBeenCalled();
    expect(() => listening.emit('error', new Error('lost'))).not.toThrow();
  });

  it('closes a listening connection that cannot be opened', async () => {
    const { connection, listening } = world();
    listening.connect.mockRejectedValueOnce(new Error('refused'));
    await expect(connection.subscriber()).rejects.toThrow('refused');
    expect(listening.disconnect).toHaveBeenCalledTimes(1);
  });

  it('listens on any node of a Cluster, and asks for the nodes only if it knows none', async () => {
    const node = { duplicate: () => listening };
    const listening = new Listening();
    const nodes = vi.fn(() => [node]);
    const cluster = { nodes, refreshSlotsCache() {}, duplicate: () => new Listening() };
    const { connection, ping } = world(cluster);
    expect(await connection.subscriber()).toBe(listening);
    expect(ping).not.toHaveBeenCalled();
    nodes.mockReturnValueOnce([]);
    expect(await connection.subscriber()).toBe(listening);
    expect(ping).toHaveBeenCalledTimes(1);
    nodes.mockReturnValue([]);
    await expect(connection.subscriber()).rejects.toThrow('No node of the Cluster can be reached');
  });
});
