import { EventEmitter } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { isNodeRedis } from '../../../src/stores/redis/node-redis/adapter.js';
import type {
  NodeRedisClient,
  SendOptions,
} from '../../../src/stores/redis/node-redis/client-types.js';
import { commandsOver, type Form } from '../../../src/stores/redis/node-redis/commands.js';
import { outboxOf } from '../../../src/stores/redis/node-redis/outbox.js';
import { slotOf } from '../../../src/stores/redis/node-redis/slot.js';

it('a client of node-redis is told by its members', () => {
  const client = { isOpen: true, sendCommand() {} };
  expect(isNodeRedis(client)).toBe(true);
  for (const other of [
    { ...client, defineCommand() {} },
    { isOpen: true },
    { sendCommand() {} },
    null,
  ])
    expect(isNodeRedis(other)).toBe(false);
});

it.each<[string, number]>([
  // From the specification of Redis Cluster, and from CLUSTER KEYSLOT.
  ['123456789', 0x31c3],
  ['foo', 12_182],
  ['{foo}bar', 12_182],
  ['a{foo}{bar}', 12_182],
  ['', 0],
])('the slot of %j is %d', (key, slot) => {
  expect(slotOf(key)).toBe(slot);
  expect(slotOf(new TextEncoder().encode(key))).toBe(slot);
});

it('an empty or open hash tag does not count for the slot', () => {
  const slots = ['{}foo', '{foo', 'foo}', '}foo{'].map(slotOf);
  expect(slots).not.toContain(12_182);
  expect(new Set(slots).size).toBe(4);
});

describe('a script through node-redis', () => {
  function scripted(answer: (command: string) => unknown) {
    const sent: unknown[][] = [];
    const commands = commandsOver(async (_key, args, form) => {
      sent.push([form, ...args]);
      return answer(String(args[0]));
    });
    commands.defineCommand('run', { lua: 'return 1', numberOfKeys: 1 });
    const { run, runBuffer } = commands as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    return { sent, run, runBuffer };
  }

  it('goes by its hash, with arguments as text or bytes', async () => {
    const { sent, run, runBuffer } = scripted(() => 'done');
    const bytes = new Uint8Array([0, 1, 2]).subarray(1);
    expect(await run?.('key', 7, 'text', bytes, Buffer.from('b'))).toBe('done');
    await runBuffer?.('key');
    const [first, second] = sent;
    expect(first?.slice(0, 2)).toEqual(['write', 'EVALSHA']);
    expect(first?.slice(3)).toEqual([
      '1',
      'key',
      '7',
      'text',
      Buffer.from([1, 2]),
      Buffer.from('b'),
    ]);
    expect(second?.slice(0, 2)).toEqual(['bytes', 'EVALSHA']);
  });

  it('goes as text to a server that does not know it, and only then', async () => {
    const unknown = scripted((command) => {
      if (command === 'EVALSHA') throw new Error('NOSCRIPT No matching script');
      return 'done';
    });
    expect(await unknown.run?.('key')).toBe('done');
    expect(unknown.sent[1]).toEqual(['write', 'EVAL', 'return 1', '1', 'key']);
    for (const error of [new Error('OOM no'), 'NOSCRIPT']) {
      const failing = scripted(() => {
        throw error;
      });
      await expect(failing.run?.('key')).rejects.toBe(error);
      expect(failing.sent).toHaveLength(1);
    }
  });
});

describe('commands for a client of node-redis', () => {
  interface Peer {
    isReady: boolean;
  }
  function open(peer: Peer | undefined) {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const client = Object.assign(new EventEmitter(), { isOpen: true });
    const state = { peer };
    const handed: { options: SendOptions; resolve(value: unknown): void }[] = [];
    const handOver = vi.fn(
      (_key: unknown, _args: unknown, options: SendOptions) =>
        new Promise((resolve) => handed.push({ options, resolve })),
    );
    const peers = {
      of: () => state.peer,
      all: () => (state.peer ? [state.peer] : []),
      isReady: ({ isReady }: Peer) => isReady,
    };
    const given = client as unknown as NodeRedisClient;
    const send = outboxOf(given, peers, handOver);
    const command = (form: Form = 'text') => send('key', ['GET', 'key'], form);
    return {
      client,
      state,
      handed,
      handOver,
      command,
      send,
      again: () => outboxOf(given, peers, handOver),
    };
  }

  it('are handed over at once while it is connected', async () => {
    const { command, handed } = open({ isReady: true });
    const reply = command();
    handed[0]?.resolve('value');
    expect(await reply).toBe('value');
  });

  it('share one outbox, however many stores use the client', () => {
    const { send, again, client } = open({ isReady: true });
    expect(again()).toBe(send);
    expect(client.listenerCount('error')).toBe(1);
  });

  it('wait until it is connected', async () => {
    const { command, handed, handOver, state } = open(undefined);
    const reply = command();
    await vi.advanceTimersByTimeAsync(100);
    state.peer = { isReady: false };
    await vi.advanceTimersByTimeAsync(100);
    expect(handOver).not.toHaveBeenCalled();
    state.peer.isReady = true;
    await vi.advanceTimersByTimeAsync(20);
    handed[0]?.resolve('value');
    expect(await reply).toBe('value');
  });

  it('wait for two seconds at most', async () => {
    const { command, handOver } = open(undefined);
    const failed = expect(command()).rejects.toThrow('Connecting timed out after 2000 ms');
    await vi.advanceTimersByTimeAsync(2_000);
    await failed;
    expect(handOver).not.toHaveBeenCalled();
  });

  it('do not wait for one that was closed', async () => {
    const { client, command } = open(undefined);
    client.isOpen = false;
    await expect(command()).rejects.toThrow('The client is closed');
  });

  const error = new Error('down');
  it.each<[string, unknown, string]>([
    ['error', error, 'down'],
    ['client-error', { error }, 'down'],
    ['node-error', 'text', 'The client failed: text'],
    ['node-error', { code: 'ERR' }, 'The client failed: [object Object]'],
  ])('end their wait with the next failure: %s', async (event, failure, message) => {
    const { client, command } = open(undefined);
    client.emit('error', new Error('before the call'));
    const failed = expect(command()).rejects.toMatchObject({ message });
    await vi.advanceTimersByTimeAsync(40);
    client.emit(event, failure);
    await vi.advanceTimersByTimeAsync(20);
    await failed;
  });

  it('fail when their connection is lost, and writes are taken back', async () => {
    const { client, state, command, handed } = open({ isReady: true });
    const [read, write] = [command('text'), command('write')];
    const kept = handed.map(({ options }) => options.abortSignal);
    expect(kept[0]).toBeUndefined();
    client.emit('error', new Error('of another connection'));
    expect(kept[1]?.aborted).toBe(false);
    if (state.peer) state.peer.isReady = false;
    const failed = Promise.all(
      [read, write].map((reply) => expect(reply).rejects.toThrow('Connection is closed')),
    );
    client.emit('error', new Error('lost'));
    await failed;
    expect(kept[1]?.aborted).toBe(true);
    // The next connection begins anew.
    if (state.peer) state.peer.isReady = true;
    const reply = command('write');
    expect(handed.at(-1)?.options.abortSignal?.aborted).toBe(false);
    handed.at(-1)?.resolve('value');
    expect(await reply).toBe('value');
  });
});
