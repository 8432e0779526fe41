import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createFeatureFlags } from '../../examples/feature-flags/flags.js';
import { startDynalite } from '../servers/dynalite.js';
import { createCacheTable } from '../servers/table.js';
import { httpApiEvent, urlEvent } from './lambda-events.js';

const OFF = { newCheckout: false };
const ON = { newCheckout: true };

/** The flag service: answers with `flags`, or with status 503 while it is down. */
async function startFlagService() {
  const service = { flags: OFF as object | undefined, asked: 0, url: '' };
  const server = createServer((_, response) => {
    service.asked++;
    response.statusCode = service.flags ? 200 : 503;
    response.end(JSON.stringify(service.flags ?? {}));
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return service;
}

/** Two processes over one store. */
async function start() {
  const service = await startFlagService();
  const clock = createVirtualClock();
  const store = new MemoryCacheStore({ clock });
  const processes = [1, 2].map(() => {
    const cache = new CacheService(store, { clock, onEvent: () => {} });
    const flags = createFeatureFlags(cache, service.url);
    return { flags, settled: () => cache.settled() };
  });
  const [one, other] = processes;
  if (!one || !other) throw new Error('two processes');
  return { service, clock, one, other };
}

it('one request asks the flag service, for all processes', async () => {
  const { service, one, other } = await start();
  expect(await Promise.all([one.flags(), one.flags()])).toEqual([OFF, OFF]);
  expect(await other.flags()).toEqual(OFF);
  expect(service.asked).toBe(1);
});

it('flags are served for a minute, then refreshed in the background, and loaded after five', async () => {
  const { service, clock, one } = await start();
  await one.flags();
  service.flags = ON;
  clock.advance(59_000);
  expect(await one.flags()).toEqual(OFF);
  expect(service.asked).toBe(1);
  clock.advance(1_000);
  expect(await one.flags()).toEqual(OFF);
  await one.settled();
  expect(await one.flags()).toEqual(ON);
  expect(service.asked).toBe(2);
  service.flags = OFF;
  clock.advance(300_000);
  expect(await one.flags()).toEqual(OFF);
});

it('expire makes the flags stale in every process, and no request waits', async () => {
  const { service, one, other } = await start();
  await one.flags();
  service.flags = ON;
  await one.flags.expire();
  expect(await other.flags()).toEqual(OFF);
  await other.settled();
  expect(await one.flags()).toEqual(ON);
  expect(service.asked).toBe(2);
});

it('del makes them a miss', async () => {
  const { service, one, other } = await start();
  await one.flags();
  service.flags = ON;
  await one.flags.del();
  expect(await other.flags()).toEqual(ON);
});

it.each<[string, object | undefined]>([
  ['is down', undefined],
  ['answers what the schema refuses', { newCheckout: 'yes' }],
])(
  'the last good flags are served while the flag service %s, also when expired',
  async (_, flags) => {
    const { service, clock, one } = await start();
    await one.flags();
    service.flags = flags;
    await one.flags.expire();
    expect(await one.flags()).toEqual(OFF);
    await one.settled();
    clock.advance(600_000);
    expect(await one.flags()).toEqual(OFF);
    clock.advance(86_400_000);
    await expect(one.flags()).rejects.toThrow();
  },
);

it.each([
  ['an HTTP API', httpApiEvent],
  ['a function URL', urlEvent],
])('the handler answers by the flags behind %s, and takes the webhook', async (_, event) => {
  const [dynalite, service] = await Promise.all([startDynalite(), startFlagService()]);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await dynalite.stop();
  });
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynalite.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  vi.stubEnv('CACHE_TABLE', await createCacheTable(dynalite.endpoint));
  vi.stubEnv('FLAGS_URL', service.url);
  // It reads its variables when it is loaded.
  vi.resetModules();
  const { handler, cache } = await import('../../examples/feature-flags/handler.js');
  const send = async (method: string, body?: string) => {
    const response = await handler(event(method, '/', body) as never);
    await cache.settled();
    return response;
  };
  expect(await send('GET')).toEqual({ statusCode: 200, body: 'The old checkout' });
  service.flags = ON;
  expect(await send('GET')).toEqual({ statusCode: 200, body: 'The old checkout' });
  expect(await send('POST', '{}')).toEqual({ statusCode: 204 });
  expect(await send('GET')).toEqual({ statusCode: 200, body: 'The old checkout' });
  expect(await send('GET')).toEqual({ statusCode: 200, body: 'The new checkout' });
  expect(service.asked).toBe(2);
});
