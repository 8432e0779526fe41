import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisCacheStore, type RedisCacheStoreOptions } from '@glasswork/cache';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRedis } from '../../servers/redis-available.js';
import { startRedisCluster } from '../../servers/redis-cluster.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';
import { until } from '../../servers/until.js';
import { expectOutage, expectRecovery, Origin, Process, Traffic } from './traffic.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function open(options: RedisCacheStoreOptions): RedisCacheStore {
  const store = new RedisCacheStore(options);
  closers.push(() => store.close());
  return store;
}

describe('the description of a Cluster', () => {
  const url = 'redis://127.0.0.1:7000';
  it.each<[string, object, RegExp]>([
    ['no node', { nodes: [] }, /one at least/],
    ['both url and nodes', { url, nodes: [url] }, /Both url and nodes/],
    ['nodes that are of no Cluster', { nodes: [url], cluster: false }, /cluster is false/],
    ['text that says no', { url, cluster: 'false' as never }, /cluster is not true or false/],
    ['a database', { url: `${url}/3`, cluster: true }, /database 0 only/],
    ['a database in options', { url, cluster: true, options: { db: 3 } }, /database 0 only/],
    ['a socket', { url: '/run/redis.sock', cluster: true }, /no socket/],
    [
      'Sentinels',
      { url, cluster: true, options: { sentinels: [{ host: 'a', port: 26379 }], name: 'main' } },
      /no Sentinels/,
    ],
    ['no Sentinel', { url, cluster: true, options: { sentinels: [] } }, /one at least/],
    ['nodes that differ in TLS', { nodes: [url, 'rediss://a'] }, /differ in more than host/],
    ['nodes that differ in the login', { nodes: ['redis://a:pw@a', url] }, /differ in more/],
    ['a client and nodes', { nodes: [url], client: {} }, /make your own client/],
    ['a client and cluster', { cluster: true, client: {} }, /make your own client/],
    ['a wrong URL', { nodes: [url, 'http://a'] }, /no scheme of Redis/],
    ['cluster alone', { cluster: true }, /Neither url/],
  ])('is refused with %s', (_, options, message) => {
    expect(() => new RedisCacheStore(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });
});

/** Passes everything on to a port of this machine, after it has held each connection back for a while. */
async function startSlowProxy(to: number, holdMs: number) {
  const sockets = new Set<Socket>();
  const server = createServer(async (socket) => {
    sockets.add(socket.on('error', () => {}));
    await delay(holdMs);
    if (socket.destroyed) return;
    const onward = connect(to, '127.0.0.1').on('error', () => socket.destroy());
    sockets.add(onward);
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describeWithRedisCluster('a Cluster by its URL', (addresses) => {
  const urls = addresses.map(({ host, port }) => `redis://${host}:${port}`);

  it('passes its check', async () => {
    await open({ url: String(urls[0]), cluster: true, prefix: 'by-url' }).check();
    await open({ nodes: urls, prefix: 'by-nodes' }).check();
  });

  it('is opened by the first command, and once for all', async () => {
    const store = open({ nodes: ['redis://127.0.0.1:1', ...urls], prefix: 'one-of-many' });
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    expect(await Promise.all(keys.map((key) => store.get(key)))).toEqual(keys.map(() => undefined));
  });

  it('has the whole connectTimeout to answer, also more than two seconds', async () => {
    const slow = await startSlowProxy(Number(addresses[0]?.port), 2_300);
    closers.push(slow.stop);
    const options = { connectTimeout: 20_000 };
    const store = open({ url: slow.url, cluster: true, prefix: 'slow', options });
    expect(await store.get('key')).toBeUndefined();
  });

  it('tells of invalidations', async () => {
    const options = { nodes: urls, prefix: `channel-${crypto.randomUUID()}` };
    const [here, there] = [open(options).invalidations(), open(options).invalidations()];
    closers.push(
      () => here.close(),
      () => there.close(),
    );
    const heard: string[] = [];
    there.listen((message) => void heard.push(message));
    expect(await there.sync()).toBe(1);
    await here.publish('message');
    await until(() => heard.length > 0, 'the message');
    expect(heard).toEqual(['message']);
  });
});

describeWithRedis('a Cluster of our own client', () => {
  it('keeps its promises while a master fails, and without any', async () => {
    const cluster = await startRedisCluster({ replicas: true });
    closers.push(cluster.stop);
    const nodes = cluster.addresses.map(({ host, port }) => `redis://${host}:${port}`);
    const origin = new Origin();
    const processes = [new Process(open({ nodes })), new Process(open({ nodes }))];
    const traffic = new Traffic(processes, origin, 60);
    traffic.start();
    await traffic.more(300);
    const [master] = cluster.masters;
    const [replica] = cluster.replicas;
    await traffic.lose(async () => {
      await master?.kill();
      await until(async () => (await replica?.field('role')) === 'master', 'the replica to lead');
    });
    await traffic.more(300);
    await traffic.stop();
    await expectRecovery(processes, origin);
    for (const node of [...cluster.masters, ...cluster.replicas]) await node.kill();
    await expectOutage(processes, origin);
  });

  it('says what is wrong', async () => {
    const nodes = ['redis://127.0.0.1:1', 'redis://127.0.0.1:2'];
    await expect(open({ nodes }).get('key')).rejects.toThrow(/ECONNREFUSED.*Check the address/);
    await expect(open({ nodes }).check()).rejects.toThrow(/read failed: .*Check the address/);
  });
});
