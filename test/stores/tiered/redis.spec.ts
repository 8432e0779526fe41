import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Cluster, Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { Redis as Valkey } from 'iovalkey';
import { createClient, createCluster, createSentinel } from 'redis';
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createSentinel as createSentinel5,
} from 'redis-5';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { pause } from '../../../src/model/time.js';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import {
  type NodeRedisClient,
  RedisCacheStore,
  type RedisCacheStoreOptions,
} from '../../../src/stores/redis/index.js';
import { TieredCacheStore } from '../../../src/stores/tiered/index.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { startRedisSentinel } from '../../servers/redis-sentinel.js';
import { until } from '../../servers/until.js';

const opened: TieredCacheStore[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

/** Copies live for an hour: whatever goes sooner, another process has told of. */
function open(options: RedisCacheStoreOptions): TieredCacheStore {
  const redis = new RedisCacheStore(options);
  const channel = redis.invalidations();
  const store = new TieredCacheStore([new MemoryCacheStore(), redis], { upperTTL: '1h', channel });
  opened.push(store);
  return store;
}

const freshPrefix = () => `tiers-${crypto.randomUUID()}`;

/** Until it serves its copy without asking Redis. */
const untilTrusted = (store: TieredCacheStore, key: string) =>
  until(async () => {
    await store.get(key);
    return store.getIfPresent?.(key) !== undefined;
  }, `a copy of ${key} that is trusted`);

/** Until its copy is gone; a tier that is not trusted for a moment shows nothing, so it looks again. */
async function untilDropped(store: TieredCacheStore, key: string): Promise<void> {
  await until(async () => {
    await store.warm();
    return store.getIfPresent?.(key) === undefined;
  }, `the copy of ${key} to be dropped`);
}

type Change = (store: TieredCacheStore) => Promise<unknown>;
const CHANGES: readonly (readonly [string, Change])[] = [
  ['del', (store) => store.del('k')],
  ['delMany', (store) => store.delMany(['other', 'k'])],
  ['set', (store) => store.set('k', 'new', 3_600)],
  ['setMany', (store) => store.setMany([{ key: 'k', value: 'new', ttl: 3_600 }])],
  ['delByPattern', (store) => store.delByPattern('?')],
  ['clear', (store) => store.clear()],
];

const CLIENTS = [
  ['a url', (url: string) => ({ url })],
  ['ioredis 5', (url: string) => given(new Redis(url))],
  ['ioredis 5 that pipelines by itself', (url: string) => given(pipelining(url))],
  ['ioredis 6', (url: string) => given(new Redis6(url))],
  ['iovalkey', (url: string) => given(new Valkey(url))],
  ['node-redis 6', (url: string) => connected(createClient({ url }))],
  ['node-redis 6 by RESP2', (url: string) => connected(createClient({ url, RESP: 2 }))],
  ['node-redis 5', (url: string) => connected(createClient5({ url }))],
  ['node-redis 5 by RESP3', (url: string) => connected(createClient5({ url, RESP: 3 }))],
] as const;

type NodeRedis = NodeRedisClient & { connect(): Promise<unknown>; destroy(): unknown };

function connected<C extends NodeRedis>(client: C): { client: C } {
  onTestFinished(async () => void (await client.destroy()));
  client.connect().catch(() => {});
  return { client };
}

const pipelining = (url: string) => new Redis(url, { enableAutoPipelining: true });

function given<C extends { disconnect(): void }>(client: C): { client: C } {
  onTestFinished(() => client.disconnect());
  return { client };
}

describeWithRedis('tiers of several processes over Redis', (url) => {
  describe.each(CLIENTS)('by %s', (_, way) => {
    it.each(CHANGES)('drop what %s has changed', async (_, change) => {
      const prefix = freshPrefix();
      const [a, b] = [open({ ...way(url), prefix }), open({ ...way(url), prefix })];
      await a.set('k', 'old', 3_600);
      await a.set('kept', 'kept', 3_600);
      await untilTrusted(b, 'k');
      await change(a);
      await untilDropped(b, 'k');
      expect(await b.get('k')).toBe(await a.get('k'));
      expect(await b.get('k')).not.toBe('old');
    });
  });

  it('keep the copies that nothing has changed, and their own', async () => {
    const prefix = freshPrefix();
    const [a, b] = [open({ url, prefix }), open({ url, prefix })];
    await a.set('kept', 'kept', 3_600);
    await a.set('k', 'old', 3_600);
    for (const store of [a, b]) for (const key of ['kept', 'k']) await untilTrusted(store, key);
    await a.del('k');
    await a.set('k', 'new', 3_600);
    await untilTrusted(a, 'k');
    await untilDropped(b, 'k');
    for (const store of [a, b]) await store.warm();
    expect([a.getIfPresent?.('kept'), b.getIfPresent?.('kept'), a.getIfPresent?.('k')]).toEqual([
      'kept',
      'kept',
      'new',
    ]);
  });

  it('do not hear of other prefixes', async () => {
    const [a, b] = [open({ url, prefix: freshPrefix() }), open({ url, prefix: freshPrefix() })];
    await b.set('k', 'theirs', 3_600);
    await untilTrusted(b, 'k');
    await a.clear();
    await b.warm();
    expect(b.getIfPresent?.('k')).toBe('theirs');
  });

  it('copy nothing that was read before another process deleted it', async () => {
    const prefix = freshPrefix();
    const a = open({ url, prefix });
    const redis = new RedisCacheStore({ url, prefix });
    const memory = new MemoryCacheStore();
    let hasRead = () => {};
    const read = new Promise<void>((resolve) => {
      hasRead = resolve;
    });
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { getVersioned } = redis;
    Object.assign(redis, {
      async getVersioned(key: string) {
        const found = await getVersioned.call(redis, key);
        hasRead();
        await gate;
        return found;
      },
    });
    const channel = redis.invalidations();
    const b = new TieredCacheStore([memory, redis], { upperTTL: '1h', channel });
    opened.push(b);
    await a.set('k', 'old', 3_600);
    await b.warm();
    const reading = b.get('k');
    await read;
    await a.del('k');
    await b.warm();
    goOn();
    expect(await reading).toBe('old');
    expect(await memory.get('k')).toBeUndefined();
  });

  it('say what another process has done, which is one, and may be frozen', async () => {
    const prefix = freshPrefix();
    const here = open({ url, prefix });
    const there = await startProcess(url, prefix);
    await here.set('k', 'old', 3_600);
    const isCopied = async () => {
      await there.ask('get', 'k');
      return (await there.ask('getIfPresent', 'k')) === 'old';
    };
    await until(isCopied, 'a copy in the other process');
    for (let round = 0; round < 3; round++) {
      await there.freeze();
      await here.del('k');
      const asked = [there.ask('getIfPresent', 'k'), there.ask('get', 'k')];
      await pause(1_100);
      there.resume();
      expect(await Promise.all(asked)).toEqual([undefined, undefined]);
      await there.ask('set', 'k');
      expect(await here.get('k')).toBe('theirs');
      await untilTrusted(here, 'k');
      await there.ask('del', 'k');
      await untilDropped(here, 'k');
      await here.set('k', 'old', 3_600);
      await until(isCopied, 'a copy in the other process');
    }
  });

  it('keep no process alive', async () => {
    const module = (path: string) =>
      JSON.stringify(fileURLToPath(new URL(`../../../src/${path}`, import.meta.url)));
    const script = `
      import { MemoryCacheStore, RedisCacheStore, TieredCacheStore } from ${module('index.ts')};
      const redis = new RedisCacheStore({ url: ${JSON.stringify(url)} });
      const channel = redis.invalidations();
      const store = new TieredCacheStore([new MemoryCacheStore(), redis], { channel });
      await store.warm();
      console.log(await store.get('k'));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  });
});

describeWithRedisCluster('tiers of several processes over a Cluster', (addresses) => {
  const rootNodes = addresses.map((socket) => ({ socket }));
  const clusters = [
    ['ioredis', () => given(new Cluster([...addresses]))],
    ['node-redis 6', () => connected(createCluster({ rootNodes }))],
    ['node-redis 5', () => connected(createCluster5({ rootNodes }))],
  ] as const;

  describe.each(clusters)('with %s', (_, way) => {
    it('are warm, and their channel is open, with a client that has not connected yet', async () => {
      await open({ ...way(), prefix: freshPrefix() }).warm();
    });

    it('open their channel before anything else, where that is asked for first', async () => {
      const channel = new RedisCacheStore({ ...way(), prefix: freshPrefix() }).invalidations();
      onTestFinished(() => channel.close());
      expect(await channel.sync()).toBe(1);
    });

    it.each(CHANGES)('drop what %s has changed', async (_, change) => {
      const prefix = freshPrefix();
      const [a, b] = [open({ ...way(), prefix }), open({ ...way(), prefix })];
      await a.set('k', 'old', 3_600);
      await untilTrusted(b, 'k');
      await change(a);
      await untilDropped(b, 'k');
      expect(await b.get('k')).not.toBe('old');
    });
  });
});

describeWithRedis('tiers of several processes over a master that a Sentinel names', () => {
  it.each([
    ['node-redis 6', createSentinel],
    ['node-redis 5', createSentinel5],
  ])('drop what another has changed, also after a failover, with %s', async (_, create) => {
    const { name, sentinel, master, failedOver, stop } = await startRedisSentinel();
    onTestFinished(stop);
    const sentinelRootNodes = [{ host: sentinel.host, port: sentinel.port }];
    // Typed by hand: the overloads of two versions do not unite.
    const make = create as (options: object) => NodeRedis;
    const way = () => connected(make({ name, sentinelRootNodes }));
    const [a, b] = [open(way()), open(way())];
    await until(
      () =>
        a.warm().then(
          () => true,
          () => false,
        ),
      'a connection',
    );
    for (const round of ['before', 'after']) {
      if (round === 'after') {
        await master.kill();
        await failedOver();
      }
      await until(
        async () => (await a.set('k', round, 3_600).catch((error) => error)) === undefined,
        'a master that takes writes',
      );
      await untilTrusted(b, 'k').catch(() => untilTrusted(b, 'k'));
      await a.del('k');
      await untilDropped(b, 'k');
      expect(await b.get('k')).toBeUndefined();
    }
  });
});

describeWithRedis('tiers whose channel fails', () => {
  async function start() {
    const server = await RedisProcess.start();
    onTestFinished(() => server.stop());
    const { url } = server;
    const [a, b] = [open({ url }), open({ url })];
    await a.set('k', 'old', 3_600);
    await untilTrusted(b, 'k');
    return { server, a, b };
  }

  it('drop everything where messages were lost', async () => {
    const { server, a, b } = await start();
    await server.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await a.del('k');
    await untilDropped(b, 'k');
    expect(await b.get('k')).toBeUndefined();
    await a.set('k', 'new', 3_600);
    await untilTrusted(b, 'k');
    await a.del('k');
    await untilDropped(b, 'k');
  });

  it('serve no copy for longer than a second while the channel is silent, and again when it is back', async () => {
    const { server, a, b } = await start();
    server.pause();
    onTestFinished(() => server.resume());
    await pause(1_001);
    expect(b.getIfPresent?.('k')).toBeUndefined();
    await expect(b.get('k')).rejects.toMatchObject({ code: 'TIMEOUT' });
    server.resume();
    await until(
      () =>
        b.warm().then(
          () => true,
          () => false,
        ),
      'Redis to answer again',
    );
    await untilTrusted(b, 'k');
    await a.del('k');
    await untilDropped(b, 'k');
  });

  it('reject an invalidation that could not be told', async () => {
    const { server, a, b } = await start();
    await server.call('ACL', 'SETUSER', 'default', '-publish');
    await expect(a.del('k')).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/publish.*NOPERM.*\+publish/s),
    });
    // The deletion has happened; the others keep their copies as long as they may.
    expect(await a.get('k')).toBeUndefined();
    await server.call('ACL', 'SETUSER', 'default', '+publish');
    await a.del('k');
    await untilDropped(b, 'k');
  });

  it('open no connection any more when they are closed', async () => {
    const { server, a, b } = await start();
    await Promise.all([a.close(), b.close()]);
    await expect(b.warm()).rejects.toThrow(/closed/);
    const subscribers = () => server.call('CLIENT', 'LIST', 'TYPE', 'pubsub');
    await until(async () => (await subscribers()) === '', 'all subscribers to be gone');
  });
});

/** Another process, which can be frozen as Lambda does it. */
async function startProcess(url: string, prefix: string) {
  const program = fileURLToPath(new URL('./process.ts', import.meta.url));
  const child: ChildProcess = fork(program, [url, prefix], { execArgv: ['--import', 'tsx'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const waiting = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
  const ready = new Promise((resolve) => waiting.set(0, resolve));
  child.on('message', ([id, answer]: [number, object]) => waiting.get(id)?.(answer));
  await ready;
  let last = 0;
  return {
    async ask(method: 'getIfPresent' | 'get' | 'set' | 'del', key: string): Promise<unknown> {
      const id = ++last;
      const answered = new Promise<{ value?: unknown; error?: string }>((resolve) =>
        waiting.set(id, resolve),
      );
      child.send([id, method, key]);
      const { value, error } = await answered;
      if (error !== undefined) throw new Error(error);
      return value;
    },
    async freeze(): Promise<void> {
      child.kill('SIGSTOP');
      const state = () => String(execFileSync('ps', ['-o', 'state=', '-p', String(child.pid)]));
      await until(() => state().includes('T'), 'the process to stop');
    },
    resume: () => void child.kill('SIGCONT'),
  };
}
