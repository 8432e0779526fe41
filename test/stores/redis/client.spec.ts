import {
  type CacheStore,
  MemoryCacheStore,
  RedisCacheStore,
  type RedisCacheStoreOptions,
} from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  checkChannelClient,
  masters,
  type RedisClient,
  readsMasters,
} from '../../../src/stores/redis/client.js';
import { CommandBatch } from '../../../src/stores/redis/command-batch.js';
import { redisKeys } from '../../../src/stores/redis/keys.js';
import { clientSettingsOf, valueLimit } from '../../../src/stores/redis/options.js';

const url = 'redis://h';
const overflow: CacheStore = new MemoryCacheStore();

describe('what a Redis store connects to', () => {
  it.each<[object | undefined, string, RegExp]>([
    [undefined, 'options', /^options is/],
    [{}, 'url', /^Neither url, nodes nor client is given/],
    [{ url, nodes: [url] }, 'url', /^Both url and nodes are given/],
    [{ url, client: {} }, 'url', /^Both url and client are given/],
    [{ client: {}, nodes: [url] }, 'url', /^nodes: for the client of a url/],
    [{ client: {}, cluster: true, options: {} }, 'url', /^cluster, options: for the client/],
    [{ url, cluster: 'false' }, 'cluster', /^cluster is not true or false/],
    [{ nodes: [url], cluster: false }, 'cluster', /^nodes are of a Cluster, and cluster is false/],
    [{ nodes: [] }, 'nodes', /^nodes is not a list of URLs/],
    [{ nodes: url }, 'nodes', /^nodes is not a list of URLs/],
    [{ nodes: ['/run/redis.sock'] }, 'cluster', /give no socket and no Sentinels/],
    [
      { nodes: [url], options: { sentinels: [{ host: 'h' }], name: 'm' } },
      'cluster',
      /give no socket and no Sentinels/,
    ],
    [
      { url, cluster: true, options: { path: '/run/redis.sock' } },
      'cluster',
      /give no socket and no Sentinels/,
    ],
    [{ url: `${url}/3`, cluster: true }, 'cluster', /^A Cluster has database 0 only/],
    [{ nodes: [url, 'rediss://i'] }, 'nodes', /^nodes differ in more than host and port/],
    [{ nodes: [url, 'redis://user@i'] }, 'nodes', /^nodes differ in more than host and port/],
    [{ url, prefix: '' }, 'prefix', /^prefix is/],
    [{ url, prefix: 5 }, 'prefix', /^prefix is/],
    [{ url, prefix: '\ud800' }, 'prefix', /^prefix is/],
  ])('is not %j', (options, subject, message) => {
    const create = () => new RedisCacheStore(options as unknown as RedisCacheStoreOptions);
    expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject }));
    expect(create).toThrow(message);
  });

  it.each<RedisCacheStoreOptions>([
    { url },
    { url, cluster: false },
    { url: `${url}/0`, cluster: true },
    { nodes: [url, 'redis://i:7000'] },
    { nodes: [url], cluster: true },
  ])('may be %j', async (options) => {
    const store = new RedisCacheStore(options);
    expect(store.keepsLarge).toBe(false);
    await store.close();
  });

  it('is a socket unless an option names a host, a port or Sentinels', () => {
    const socket = '/run/redis.sock';
    expect(clientSettingsOf(socket, { db: 1 })).toEqual({ path: socket, db: 1 });
    for (const elsewhere of [{ host: 'h' }, { port: 1 }, { sentinels: [{ host: 'h' }], name: 'm' }])
      expect(clientSettingsOf(socket, elsewhere)).toEqual(elsewhere);
  });

  it('takes values of any size, and with an overflow store up to 350 KB', () => {
    expect(valueLimit({ url })).toBe(Number.POSITIVE_INFINITY);
    expect(valueLimit({ url, overflow })).toBe(350 * 1024);
    expect(valueLimit({ url, overflow, maxValueBytes: 1 })).toBe(1);
    for (const maxValueBytes of [0, -1, Number.NaN])
      expect(() => valueLimit({ url, maxValueBytes })).toThrow(/^maxValueBytes is/);
  });
});

it('a Cluster client publishes, and only a client of one server is duplicated', () => {
  const publish = () => {};
  const check = (client: object) => () => checkChannelClient(client as RedisClient);
  expect(check({ publish, nodes: () => [] })).not.toThrow();
  expect(check({ publish, duplicate() {} })).not.toThrow();
  expect(check({ publish })).toThrow('client has no duplicate()');
  expect(check({ nodes: () => [] })).toThrow('client has no publish()');
});

describe('a client of Redis', () => {
  const commands = Object.fromEntries(
    ['defineCommand', 'getBuffer', 'getrange', 'unlink', 'ping', 'publish'].map((name) => [
      name,
      () => {},
    ]),
  );
  const cluster = (refresh: (callback: (error?: unknown) => void) => void, nodes: unknown[] = []) =>
    ({ ...commands, nodes: () => nodes, refreshSlotsCache: refresh }) as unknown as RedisClient;

  it('reads from masters unless it is told otherwise', () => {
    expect(readsMasters({})).toBe(true);
    expect(readsMasters({ options: { scaleReads: 'master' } })).toBe(true);
    expect(readsMasters({ options: { scaleReads: 'slave' } })).toBe(false);
  });

  it('has one master, itself, or those of its Cluster', async () => {
    const one = { ...commands } as unknown as RedisClient;
    expect(await masters(one)).toEqual([one]);
    const node = {};
    expect(await masters(cluster((done) => done(), [node]))).toEqual([node]);
    await expect(masters(cluster((done) => done(new Error('down')), [node]))).rejects.toThrow(
      'down',
    );
    await expect(masters(cluster((done) => done()))).rejects.toThrow('No master of the Cluster');
  });
});

describe('commands issued in the same tick', () => {
  const stream = (log: string[], name = '') => ({
    cork: () => void log.push(`${name}cork`),
    uncork: () => void log.push(`${name}uncork`),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('are held back once, and sent together after it', async () => {
    const log: string[] = [];
    const batch = new CommandBatch();
    const client = { stream: stream(log) } as unknown as RedisClient;
    for (let command = 0; command < 3; command++) batch.gather(client);
    expect(log).toEqual(['cork']);
    await turn();
    expect(log).toEqual(['cork', 'uncork']);
    batch.gather(client);
    await turn();
    expect(log).toEqual(['cork', 'uncork', 'cork', 'uncork']);
  });

  it('are held back on each node of a Cluster that has a connection', async () => {
    const log: string[] = [];
    const nodes = [{ stream: stream(log, 'a ') }, {}, { stream: stream(log, 'b ') }];
    new CommandBatch().gather({ nodes: () => nodes } as unknown as RedisClient);
    await turn();
    expect(log).toEqual(['a cork', 'b cork', 'a uncork', 'b uncork']);
  });
});

it('a key in Redis matches a glob only below the prefix of the store', () => {
  const matches = redisKeys('shop').matcher('a*');
  const bytes = (text: string) => new TextEncoder().encode(text);
  expect(['shop:ab', 'shop:b', 'other:a', 'ab'].map((key) => matches(bytes(key)))).toEqual([
    ...[true, false, false, false],
  ]);
});
