import { CacheService } from '@glasswork/cache';
import fc from 'fast-check';
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { createClient as createClient5, createClientPool as createClientPool5 } from 'redis-5';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { isNodeRedis } from '../../../src/stores/redis/node-redis/adapter.js';
import { slotOf } from '../../../src/stores/redis/node-redis/slot.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { until } from '../../servers/until.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The error that the constructor throws. */
function refusalOf(client: unknown): Error & { code?: string; subject?: string } {
  try {
    // As from JavaScript, where nothing checks types.
    new RedisCacheStore({ client: client as never });
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('The client was taken');
}

describe('a client of node-redis that cannot work', () => {
  it.each([
    ['createClient', () => createClient({ keyPrefix: 'app:' })],
    ['createCluster', () => createCluster({ rootNodes: [], keyPrefix: 'app:' })],
    // Its type knows no such option, and neither does its version.
    ['createClient of version 5', () => createClient5({ keyPrefix: 'app:' } as object)],
    [
      'createSentinel',
      () => createSentinel({ name: 'a', sentinelRootNodes: [], keyPrefix: 'app:' }),
    ],
  ])('is refused for the keyPrefix of %s, with the remedy', (_, create) => {
    expect(refusalOf(create())).toMatchObject({
      code: 'INVALID_OPTION',
      subject: 'client',
      message: expect.stringMatching(/keyPrefix 'app:'.*give the store `prefix: 'app:'`/),
    });
  });

  it.each([
    ['6', () => createClientPool()],
    ['5', () => createClientPool5()],
  ])('is refused if it is a pool of version %s', (_, create) => {
    expect(refusalOf(create())).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/is a pool of node-redis: give one made by createClient/),
    });
  });

  it.each(['on', 'off', 'withTypeMapping', 'duplicate'])('is refused without %s()', (member) => {
    const client = Object.defineProperty(createClient(), member, { value: undefined });
    expect(refusalOf(client)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(`client has no ${member}(): `),
    });
  });

  it('is not taken for one of ioredis, nor the other way round', () => {
    const ioredis = [new Redis({ lazyConnect: true }), new Cluster(['a'], { lazyConnect: true })];
    expect(ioredis.map(isNodeRedis)).toEqual([false, false]);
    const clients = [createClient(), createCluster({ rootNodes: [] }), createClient5()];
    expect(clients.map(isNodeRedis)).toEqual([true, true, true]);
  });
});

describe('the slot of a key', () => {
  it('is that of the hash tag, by the examples of the specification', () => {
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('{user1000}.following')).toBe(slotOf('{user1000}.followers'));
    expect(slotOf('foo{}{bar}')).not.toBe(slotOf('bar'));
    expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'));
    expect(slotOf('foo{bar}{zap}')).toBe(slotOf('bar'));
  });
});

describeWithRedisCluster('the slot of a key on a server', ([node]) => {
  it('is the same', async () => {
    const server = new Redis({ ...node });
    closers.push(() => server.disconnect());
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{', '}', '{}', '{a}'));
    const key = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(key, async (text) => {
        expect(slotOf(text)).toBe(await server.cluster('KEYSLOT', text));
        expect(slotOf(Buffer.from(text))).toBe(slotOf(text));
      }),
    );
  });
});

describeWithRedis('a client of node-redis', () => {
  let server: RedisProcess;
  beforeEach(async () => {
    server = await RedisProcess.start();
    closers.push(() => server.stop());
  });

  const reconnect = { reconnectStrategy: 50 };
  const VERSIONS = [
    [
      '6',
      (url: string, commandOptions = {}, options = {}) =>
        createClient({ url, socket: reconnect, commandOptions, ...options }),
    ],
    [
      '5',
      (url: string, commandOptions = {}, options = {}) =>
        createClient5({ url, socket: reconnect, commandOptions, ...options }),
    ],
  ] as const;

  describe.each(VERSIONS)('of version %s', (_, create) => {
    function open() {
      const client = create(server.url);
      closers.push(() => client.isOpen && client.destroy());
      const store = new RedisCacheStore({ client });
      return { client, store };
    }

    it('that nobody has connected says so, and how', async () => {
      const { store } = open();
      await expect(store.get('key')).rejects.toThrow(/closed.*await client\.connect\(\)/);
      await expect(new CacheService(store).check()).rejects.toThrow(/await client\.connect\(\)/);
    });

    it('that is being connected is waited for', async () => {
      const { client, store } = open();
      const connected = client.connect();
      const [value] = await Promise.all([store.get('key'), store.set('other', 1, 60), connected]);
      expect(value).toBeUndefined();
      expect(await store.get('other')).toBe(1);
    });

    it('that loses its connection ends no process, and is said to have lost it', async () => {
      const { client, store } = open();
      await client.connect();
      await store.set('key', 'value', 60);
      // An error event that nobody listens for would end the process.
      expect(client.listenerCount('error')).toBe(1);
      await server.kill();
      await expect(store.get('key')).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(store.get('key')).rejects.toThrow(/Check the address/);
      await server.start();
      await until(
        async () => (await store.get('key').catch((error) => error)) === undefined,
        'the client to reconnect',
      );
    });

    it('sends no set that has been given up', async () => {
      const { client, store } = open();
      await client.connect();
      await server.kill();
      await expect(store.set('late', 'value', 60)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await server.start();
      await until(() => client.isReady, 'the client to reconnect');
      expect(await store.get('late')).toBeUndefined();
      expect(await server.call('DBSIZE')).toBe(0);
    });

    it('is listened to once, however many stores it has', async () => {
      const { client } = open();
      for (let i = 0; i < 20; i++) new RedisCacheStore({ client, prefix: `p${i}` });
      expect(client.listenerCount('error')).toBe(1);
    });

    it('sends commands in their order, whatever the options of its own commands', async () => {
      for (const commandOptions of [{ asap: true }, { chainId: Symbol('chain') }]) {
        const client = create(server.url, commandOptions);
        closers.push(() => client.destroy());
        await client.connect();
        const store = new RedisCacheStore({ client });
        // The server knows the script from now on, so that no command is sent a second time.
        await store.set('other', 1, 60);
        await Promise.all([store.set('key', 'old', 60), store.del('key')]);
        expect(await store.get('key')).toBeUndefined();
        await store.set('key', 'value', 60);
        expect(await store.delByPattern('*')).toBe(2);
      }
    });

    it('with too short a queue says so, and stays within its time', async () => {
      const client = create(server.url, {}, { commandsQueueMaxLength: 1 });
      closers.push(() => client.destroy());
      client.connect().catch(() => {});
      const cache = new CacheService(new RedisCacheStore({ client }), { onEvent() {} });
      const keys = Array.from({ length: 5 }, (_, i) => `${i}`);
      expect(await Promise.all(keys.map((key) => cache.wrap(key, 60, () => key)))).toEqual(keys);
      await expect(cache.check()).rejects.toThrow(/queue is full. Raise commandsQueueMaxLength/);
    });

    it('that listens to channels works with RESP3, and says so with RESP2', async () => {
      const publisher = create(server.url);
      closers.push(() => publisher.destroy());
      await publisher.connect();
      for (const RESP of [2, 3] as const) {
        const client = create(server.url, {}, { RESP });
        closers.push(() => client.destroy());
        await client.connect();
        const store = new RedisCacheStore({ client, prefix: `resp${RESP}` });
        await store.set('key', 'value', 60);
        const heard: string[] = [];
        await client.subscribe('news', (message) => heard.push(message));
        if (RESP === 3) await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST']);
        const messages = Array.from({ length: 50 }, (_, i) => `${i}`);
        const reads = messages.map(async (message) => {
          await publisher.publish('news', message);
          return store.get('key').catch((error) => error.message);
        });
        const answers = new Set(await Promise.all(reads));
        await until(() => heard.length === 50, 'all messages');
        if (RESP === 3) {
          expect([...answers]).toEqual(['value']);
          await store.set('key', 'other', 60);
          expect(await store.get('key')).toBe('other');
          expect(await store.delByPattern('*')).toBe(1);
        } else expect([...answers].join()).toMatch(/^[^,]+\(P\|S\)SUB.*give the store another\.$/);
      }
    });

    it('stays open when the store is closed', async () => {
      const { client, store } = open();
      await client.connect();
      await store.close();
      expect(client.isReady).toBe(true);
      expect(await store.get('key')).toBeUndefined();
    });

    it('shows the remedies of a server that refuses', async () => {
      await server.call(
        'ACL',
        'SETUSER',
        'guest',
        'on',
        '>pw',
        '~*',
        '&*',
        '+@all',
        '-eval',
        '-evalsha',
      );
      const guest = create(server.url.replace('//', '//guest:pw@'));
      closers.push(() => guest.destroy());
      await guest.connect();
      const error = await new RedisCacheStore({ client: guest }).check().catch((thrown) => thrown);
      expect(error.message).toMatch(/NOPERM.*Allow the user/);
    });
  });
});
