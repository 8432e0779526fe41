import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Cluster, Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeWithRedis } from './redis-available.js';
import { startRedisCluster } from './redis-cluster.js';
import { describeWithRedisCluster } from './redis-cluster-available.js';
import { RedisProcess } from './redis-process.js';
import { startRedisSentinel } from './redis-sentinel.js';
import { until } from './until.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  stops.push(() => server.stop());
  return server;
}

describeWithRedis('a Redis server of the tests', (url) => {
  it('is shared', async () => {
    const client = new Redis(url);
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  it('comes back empty on its own port', async () => {
    const server = await started(RedisProcess.start({ password: 'secret' }));
    const { url } = server;
    expect(await server.call('SET', 'key', 'value')).toBe('OK');
    await server.kill();
    await expect(server.call('PING')).rejects.toThrow();
    await server.start();
    expect(server.url).toBe(url);
    expect(await server.call('GET', 'key')).toBeNull();
  });

  it('has a port of its own, also where two start in the same moment', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValueOnce(0.5).mockReturnValueOnce(0.5);
    const servers = await Promise.all([1, 2].map(() => started(RedisProcess.start())));
    random.mockRestore();
    const ids = await Promise.all(servers.map((server) => server.field('run_id')));
    expect(ids).toEqual([expect.any(String), expect.any(String)]);
    expect(new Set(ids).size).toBe(2);
  });

  it('takes no other password', async () => {
    const server = await started(RedisProcess.start({ password: 'secret' }));
    const client = new Redis(server.port, { password: 'wrong', lazyConnect: true });
    client.on('error', () => {});
    await client.connect().catch(() => {});
    await expect(client.ping()).rejects.toThrow(/NOAUTH|WRONGPASS/);
    client.disconnect();
  });

  it('keeps its connections and answers nothing while it is paused', async () => {
    const server = await started(RedisProcess.start());
    const client = new Redis(server.port);
    await client.ping();
    server.pause();
    let answered = false;
    const ping = client.ping().then(() => {
      answered = true;
    });
    const late = connect(server.port, server.host);
    await once(late, 'connect');
    late.destroy();
    expect(answered).toBe(false);
    server.resume();
    await ping;
    client.disconnect();
  });

  it('ends with the process that started it, even one that is killed', async () => {
    const module = fileURLToPath(new URL('redis-process.ts', import.meta.url));
    const script = `import { RedisProcess } from ${JSON.stringify(module)};
      const server = await RedisProcess.start();
      console.log(server.port);
      setInterval(() => {}, 1_000);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(createInterface(child.stdout), 'line');
    expect(await accepts(Number(port))).toBe(true);
    child.kill('SIGKILL');
    await until(async () => !(await accepts(Number(port))), 'the server to end');
  });

  it('is failed over by a Sentinel', async () => {
    const { master, failedOver } = await started(startRedisSentinel());
    await master.kill();
    await failedOver();
  });
});

describeWithRedisCluster('a Redis Cluster of the tests', (nodes) => {
  it('is shared', async () => {
    expect(nodes).toHaveLength(3);
    const cluster = new Cluster([...nodes]);
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => cluster.set(`servers:${key}`, key)));
    expect(await cluster.get('servers:b')).toBe('b');
    cluster.disconnect();
  });

  it('makes a replica the master of one that fails', async () => {
    const { masters, replicas } = await started(startRedisCluster({ replicas: true }));
    await masters[0]?.kill();
    const role = async () => await replicas[0]?.field('role');
    await until(async () => (await role()) === 'master', 'the replica to take over');
  });
});

describe('until', () => {
  it('says what it waited for', async () => {
    await expect(until(() => false, 'a miracle', 30)).rejects.toThrow('Waited 30 ms for a miracle');
  });
});

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
