import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Connection } from '../../../src/stores/redis/connection.js';
import { RedisInvalidations } from '../../../src/stores/redis/invalidations.js';

/** A listening connection, to which a test delivers messages. */
class Listening {
  readonly channels: string[] = [];
  isDisconnected = false;
  unrefs = 0;
  readonly stream = { unref: () => void this.unrefs++ };
  readonly #listeners = new Map<string, (...values: string[]) => void>();

  on(event: string, listener: (...values: string[]) => void): void {
    this.#listeners.set(event, listener);
  }
  emit(event: string, ...values: string[]): void {
    this.#listeners.get(event)?.(...values);
  }
  subscribe = async (...channels: string[]): Promise<void> => void this.channels.push(...channels);
  disconnect(): void {
    this.isDisconnected = true;
  }
}

function world() {
  const listening: Listening[] = [];
  const unlinked: string[] = [];
  const state = { isMute: false, isBroken: false, open: async () => new Listening() };
  const client = {
    async publish(channel: string, message: string) {
      if (state.isMute) return;
      for (const one of listening)
        if (!one.isDisconnected && one.channels.includes(channel))
          one.emit('message', channel, message);
    },
    unlink: async (key: string) => void unlinked.push(key),
  };
  const connection = {
    place: ' at h:1',
    async send(_operation: string, _key: undefined, command: (it: typeof client) => unknown) {
      if (state.isBroken) throw new Error('down');
      return command(client);
    },
    async subscriber() {
      const one = await state.open();
      listening.push(one);
      return one;
    },
  } as unknown as Connection;
  const open = () => new RedisInvalidations(connection, 'channel', 'unused');
  return { open, listening, unlinked, state };
}

const fakeTime = () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
};

describe('the channel of invalidations', () => {
  it('proves by a message to itself and a write that a session is alive, and which', async () => {
    const { open, listening, unlinked } = world();
    const channel = open();
    expect([await channel.sync(), await channel.sync()]).toEqual([1, 1]);
    expect(unlinked).toEqual(['unused', 'unused']);
    expect(listening).toHaveLength(1);
    expect(listening[0]).toMatchObject({ unrefs: 1, isDisconnected: false });
  });

  it('brings messages to all processes, but not the proofs of one', async () => {
    const { open } = world();
    const [one, other] = [open(), open()];
    const heard: string[] = [];
    one.listen((message) => heard.push(`one ${message}`));
    other.listen((message) => heard.push(`other ${message}`));
    await Promise.all([one.sync(), other.sync()]);
    await one.publish('changed');
    expect(heard).toEqual(['one changed', 'other changed']);
  });

  it('begins another session when the connection has ended, and only then', async () => {
    const { open, listening } = world();
    const channel = open();
    await channel.sync();
    listening[0]?.emit('end');
    expect(await channel.sync()).toBe(2);
    // The first connection may say so once more.
    listening[0]?.emit('end');
    expect(await channel.sync()).toBe(2);
    expect(listening.map(({ isDisconnected }) => isDisconnected)).toEqual([true, false]);
  });

  it('begins another session when a proof gets no echo', async () => {
    fakeTime();
    const { open, listening, state } = world();
    const channel = open();
    await channel.sync();
    state.isMute = true;
    const proof = channel.sync();
    const failed = expect(proof).rejects.toMatchObject({
      ...{ code: 'TIMEOUT', message: expect.stringMatching(/^No echo from Redis within 1000 ms/) },
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await failed;
    expect(listening[0]?.isDisconnected).toBe(true);
    state.isMute = false;
    expect(await channel.sync()).toBe(2);
  });

  it('gives up a connection on which the subscription hangs or fails', async () => {
    fakeTime();
    const { open, listening, state } = world();
    state.open = async () =>
      Object.assign(new Listening(), { subscribe: () => new Promise<never>(() => {}) });
    const hanging = expect(open().sync()).rejects.toThrow(
      'No subscription in Redis within 1000 ms',
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await hanging;
    state.open = async () =>
      Object.assign(new Listening(), { subscribe: () => Promise.reject(new Error('NOPERM no')) });
    await expect(open().sync()).rejects.toThrow('Redis: subscribe at h:1 failed: NOPERM no');
    expect(listening.map(({ isDisconnected }) => isDisconnected)).toEqual([true, true]);
  });

  it('says where no connection can be opened, and tries again at the next call', async () => {
    const { open, state } = world();
    const channel = open();
    const { open: works } = state;
    state.open = () => Promise.reject(new Error('down'));
    await expect(channel.sync()).rejects.toThrow('Redis: subscribe at h:1 failed: down');
    state.open = works;
    expect(await channel.sync()).toBe(1);
  });

  it('rejects what cannot be published', async () => {
    const { open, state } = world();
    state.isBroken = true;
    await expect(open().publish('changed')).rejects.toThrow('down');
  });

  it('ends its connection when it is closed, also one that is still being opened', async () => {
    const { open, listening } = world();
    const [channel, opening] = [open(), open()];
    await channel.sync();
    await channel.close();
    await expect(channel.sync()).rejects.toThrow('The channel is closed');
    const proof = expect(opening.sync()).rejects.toThrow('The channel is closed');
    await opening.close();
    await proof;
    expect(listening.map(({ isDisconnected }) => isDisconnected)).toEqual([true, true]);
    await open().close();
  });
});
