import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_SUCH_HOST } from '../../servers/no-such-host.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { until } from '../../servers/until.js';
import {
  expectBroken,
  expectOutage,
  expectRecovery,
  Traffic,
  WRAP_LIMIT_MS,
  within,
} from './traffic.js';
import { WAYS, World } from './world.js';

const warnings: string[] = [];
const warn = ({ name }: Error) => void warnings.push(name);

describeWithRedis('faults of Redis', () => {
  beforeAll(() => void process.on('warning', warn));
  afterAll(() => {
    process.off('warning', warn);
    // Such as of listeners that pile up.
    expect(warnings).toEqual([]);
  });

  describe.concurrent.each(Object.entries(WAYS))('through %s', (_way, open) => {
    it('killed and restarted under load', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const processes = world.two(server.url);
      const traffic = new Traffic(processes, origin);
      traffic.start();
      await traffic.more(300);
      for (let round = 0; round < 3; round++) {
        await server.kill();
        await expectBroken(processes[0], origin);
        await traffic.more(40);
        await server.start();
        await traffic.more(300);
      }
      await traffic.stop();
      await expectRecovery(processes, origin);
    });

    it('gone, and back', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const processes = world.two(server.url);
      await expectRecovery(processes, origin);
      await server.kill();
      await expectOutage(processes, origin);
      await server.start();
      await expectRecovery(processes, origin);
    });

    it('not there yet at the start', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      await server.kill();
      const processes = world.two(server.url);
      await expectOutage(processes, origin);
      await server.start();
      await expectRecovery(processes, origin);
    });

    it('a peer that does not answer, as one that is frozen', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const processes = world.two(server.url);
      await expectRecovery(processes, origin);
      server.pause();
      await expectOutage(processes, origin);
      server.resume();
      await expectRecovery(processes, origin);
    });

    it('clients that are paused by CLIENT PAUSE', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const processes = world.two(server.url);
      await expectRecovery(processes, origin);
      await server.call('CLIENT', 'PAUSE', 600_000, 'ALL');
      await expectOutage(processes, origin);
      // It also holds back the command that would end it.
      await server.kill();
      await server.start();
      await expectRecovery(processes, origin);
    });

    it('a full memory', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const processes = world.two(server.url);
      const [{ cache }] = processes;
      await cache.wrap('full', '1h', () => origin.load('full'));
      await server.configure('maxmemory-policy', 'noeviction');
      await server.configure('maxmemory', 1);
      const row = await within(
        WRAP_LIMIT_MS,
        'wrap',
        cache.wrap('new', '1h', () => origin.load('new')),
      );
      expect(row).toEqual({ key: 'new', version: 0 });
      expect(await cache.set('new', 1)).toBe(false);
      expect(processes[0].errors.join()).toMatch(/OOM.*maxmemory-policy/);
      // Misses are no failures of the server: hits go on between them, however many there are.
      for (let i = 0; i < 12; i++) await cache.wrap(`new:${i}`, '1h', () => origin.load('new'));
      processes[0].events.length = 0;
      await cache.wrap('full', '1h', () => origin.load('full'));
      expect(processes[0].events.map(({ type }) => type)).toEqual(['hit']);
      expect(processes[0].breaker).toEqual([]);
      // A full Redis allows deletions, but refuses to write a new version.
      await cache.del('full');
      expect(await cache.get('full')).toBeUndefined();
      await expect(cache.invalidateTags(['tag'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      await expect(cache.clear()).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      await server.configure('maxmemory', 0);
      await expectRecovery(processes, origin);
    });

    it('a memory that is always full, so that records are evicted', async (context) => {
      const world = new World(open, context);
      const server = await world.server();
      const processes = world.two(server.url);
      const traffic = new Traffic(processes, world.origin, 300);
      await Promise.all(
        traffic.keys.map((key) => processes[0].cache.set(key, { key, version: 0 })),
      );
      await server.configure('maxmemory-policy', 'allkeys-random');
      traffic.start();
      for (let round = 0; round < 6; round++) {
        const used = Number(await server.field('used_memory'));
        await server.configure('maxmemory', used - 5_000);
        await traffic.more(200);
      }
      await traffic.stop();
      expect(Number(await server.field('evicted_keys'))).toBeGreaterThan(10);
      await server.configure('maxmemory', 0);
      await expectRecovery(processes, world.origin);
    });

    it('a wrong password', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server({ password: 'right' });
      const processes = world.two(server.url.replace('right', 'wrong'));
      await expectOutage(processes, origin);
      expect(processes[0].errors.join()).toMatch(/WRONGPASS|NOAUTH/);
      expect(processes[0].errors.join()).not.toContain('wrong');
    });

    it('a user who may not', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const rules = ['on', '>secret', '~*', '+ping', '+info', '+auth'];
      await server.call('ACL', 'SETUSER', 'guest', ...rules);
      const processes = world.two(server.url.replace('//', '//guest:secret@'));
      await expectOutage(processes, origin);
      expect(processes[0].errors.join()).toMatch(/NOPERM/);
      await server.call('ACL', 'SETUSER', 'guest', '+@all');
      await expectRecovery(processes, origin);
    });

    it('a server that has forgotten the scripts', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const processes = world.two(server.url);
      const traffic = new Traffic(processes, origin);
      traffic.start();
      for (let round = 0; round < 5; round++) {
        await traffic.more(100);
        await server.call('SCRIPT', 'FLUSH');
      }
      await traffic.stop();
      expect(processes.flatMap(({ errors }) => errors)).toEqual([]);
      expect(traffic.unconfirmed).toBe(0);
      await expectRecovery(processes, origin);
    });

    it('a master that becomes a replica, and a master again', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const [server, other] = [await world.server(), await world.server()];
      const processes = world.two(server.url);
      await expectRecovery(processes, origin);
      await server.call('REPLICAOF', other.host, other.port);
      await until(async () => (await server.field('master_link_status')) === 'up', 'the copy');
      await expectOutage(processes, origin);
      expect(processes[0].errors.join()).toMatch(/READONLY/);
      await server.call('REPLICAOF', 'NO', 'ONE');
      await expectRecovery(processes, origin);
    });

    it('a server that is loading its data', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const config = ['key-load-delay 500', 'loading-process-events-interval-bytes 1024'];
      const server = await world.server({ config });
      const processes = world.two(server.url);
      await expectRecovery(processes, origin);
      const script = `for i = 1, 10000 do redis.call('SET', 'filler:' .. i, 'x') end`;
      await server.call('EVAL', script, 0);
      await server.call('SAVE');
      await server.kill();
      const loaded = server.start();
      await until(async () => {
        const answer = await server.call('GET', 'filler:1').catch(String);
        return String(answer).includes('LOADING');
      }, 'the server to load');
      const [{ cache }] = processes;
      const row = await within(
        WRAP_LIMIT_MS,
        'wrap',
        cache.wrap('x', '1h', () => origin.load('x')),
      );
      expect(row).toEqual({ key: 'x', version: 0 });
      await loaded;
      await expectRecovery(processes, origin);
    });

    it('a name that does not resolve', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const process = world.process(`redis://${NO_SUCH_HOST}:6379`);
      await expectOutage([process], origin);
    });

    it('connections that the server closes', async (context) => {
      const world = new World(open, context);
      const { origin } = world;
      const server = await world.server();
      const processes = world.two(server.url);
      const traffic = new Traffic(processes, origin);
      traffic.start();
      for (let round = 0; round < 8; round++) {
        await traffic.more(60);
        await server.call('CLIENT', 'KILL', 'TYPE', 'normal');
      }
      await traffic.stop();
      await expectRecovery(processes, origin);
      // Nobody was asking while this one was closed.
      await server.call('CLIENT', 'KILL', 'TYPE', 'normal');
      await delay(50);
      for (const { cache, errors } of processes) {
        const known = errors.length;
        expect(await cache.get('recovery:0')).toEqual({ key: 'recovery:0', version: 0 });
        expect(errors).toHaveLength(known);
      }
    });
  });
});
