import { MemoryCacheStore } from '@glasswork/cache';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { adaptNodeRedis } from '../../src/stores/redis/node-redis/adapter.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { RedisProcess } from '../servers/redis-process.js';
import { checkModel } from './check-model.js';
import { redis } from './redis-subject.js';
import { findCounterexample, schedules, seed, shrinkRuns } from './settings.js';
import { shared } from './subject.js';

describeWithRedis('the model over Redis', () => {
  let server: RedisProcess;
  let client: Redis;
  beforeAll(async () => {
    server = await RedisProcess.start();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  it(`keeps the promise (MODEL_SEED=${seed})`, async () => {
    const found = await checkModel({
      createSubject: redis(client),
      schedules: schedules(800),
      seed,
      shrinkRuns,
      faults: ['error', 'hang', 'lost-reply', 'replay', 'evict'],
    });
    expect(found?.report).toBeUndefined();
  });

  it(`keeps it through node-redis (MODEL_SEED=${seed})`, async () => {
    const nodeRedis = createClient({ url: server.url });
    const through = adaptNodeRedis(nodeRedis, 'unused');
    await nodeRedis.connect();
    onTestFinished(() => nodeRedis.destroy());
    const found = await checkModel({
      createSubject: redis(client, undefined, undefined, through),
      schedules: schedules(400),
      seed,
      shrinkRuns,
      faults: ['error', 'hang', 'lost-reply', 'replay', 'evict'],
    });
    expect(found?.report).toBeUndefined();
  });

  it(`keeps the promise with an overflow store (MODEL_SEED=${seed})`, async () => {
    const inMemory = shared((clock) => new MemoryCacheStore({ clock }));
    const found = await checkModel({
      createSubject: redis(client, undefined, inMemory),
      schedules: schedules(300),
      seed,
      shrinkRuns,
      faults: ['error', 'hang', 'lost-reply', 'replay', 'evict'],
    });
    expect(found?.report).toBeUndefined();
  });

  it('finds a version that a command which is sent twice brings back', async () => {
    const found = await findCounterexample({
      createSubject: redis(client, (lua) =>
        lua.replace("redis.call('TIME')", "{'1000000000', '0'}"),
      ),
      faults: ['replay'],
    });
    expect(found?.violation).toMatch(/whose load by p\d began/);
  });

  it('finds a fill that needs no token', async () => {
    const found = await findCounterexample({
      createSubject: redis(client, (lua) => lua.replace("header == '' or", "header ~= '' and")),
      faults: [],
    });
    expect(found?.violation).toMatch(/whose load by p\d began/);
  });
});
