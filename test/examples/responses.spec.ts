import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createApp } from '../../examples/responses/app.js';
import { Products } from '../../examples/responses/products.js';
import { DISTRIBUTION, startCloudFront } from '../servers/cloudfront.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable } from '../servers/table.js';
import { httpApiEvent, type LambdaResponse, restApiEvent, urlEvent } from './lambda-events.js';

const ALL = [
  { id: '1', name: 'Lamp' },
  { id: '2', name: 'Desk' },
];

/** A REST API takes lists of header values. */
interface RestResponse {
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
}

describe('the example of responses, on a server', () => {
  async function start() {
    const clock = createVirtualClock(Date.UTC(2030, 0, 1));
    const cache = new CacheService(new MemoryCacheStore({ clock }), { clock });
    const products = new Products();
    const list = vi.spyOn(products, 'list');
    const { fetch: answer } = createApp(cache, products);
    const port = await new Promise<number>((resolve) => {
      const options = { fetch: answer, hostname: '127.0.0.1', port: 0 };
      const server = serve(options, (info) => resolve(info.port));
      onTestFinished(() => void server.close());
    });
    const send = (path: string, init?: RequestInit) =>
      fetch(`http://127.0.0.1:${port}${path}`, init);
    return {
      clock,
      cache,
      send,
      queries: () => list.mock.calls.length,
      async get(path: string, headers: Record<string, string> = {}) {
        const response = await send(path, { headers });
        await cache.settled();
        const body: unknown = response.ok ? await response.json() : await response.text();
        return { response, body, status: response.headers.get('cache-status') };
      },
    };
  }

  it('answers the second request from the cache, with a cookie too, and keeps the tags inside', async () => {
    const { get, queries } = await start();
    const first = await get('/products');
    expect(first.body).toEqual(ALL);
    expect(first.status).toBe('glasswork; fwd=miss; stored; ttl=60');
    const second = await get('/products', { cookie: 'theme=dark' });
    expect(second.body).toEqual(ALL);
    expect(second.status).toBe('glasswork; hit; ttl=60');
    expect(second.response.headers.get('x-tags')).toBeNull();
    expect(queries()).toBe(1);
  });

  it('answers 304 to a client that has the response', async () => {
    const { get, queries } = await start();
    const { response } = await get('/products/1');
    const etag = response.headers.get('etag') ?? '';
    expect((await get('/products/1', { 'if-none-match': etag })).response.status).toBe(304);
    expect(queries()).toBe(1);
  });

  it('shows an update at once, in the product and in the list, and nowhere loads without need', async () => {
    const { get, send, queries } = await start();
    for (const path of ['/products', '/products/1', '/products/2']) await get(path);
    expect(queries()).toBe(3);
    expect((await send('/products/1', { method: 'PUT', body: 'Big lamp' })).status).toBe(204);
    const renamed = { id: '1', name: 'Big lamp' };
    expect((await get('/products/1')).body).toEqual(renamed);
    expect((await get('/products')).body).toEqual([renamed, ALL[1]]);
    expect((await get('/products/2')).status).toContain('hit');
    expect(queries()).toBe(5);
  });

  it('serves a stale response at once and refreshes it after the response', async () => {
    const { get, clock, queries } = await start();
    await get('/products');
    clock.advance(61_000);
    const stale = await get('/products');
    expect(stale.response.headers.get('cache-control')).toContain('s-maxage=0');
    expect(queries()).toBe(2);
    const fresh = await get('/products');
    expect(fresh.response.headers.get('age')).toBe('0');
    expect(queries()).toBe(2);
  });

  it('caches that there is no such product, until there is one', async () => {
    const { get, send } = await start();
    expect((await get('/products/3')).response.status).toBe(404);
    const again = await get('/products/3');
    expect(again.response.status).toBe(404);
    expect(again.status).toContain('hit');
    await send('/products/3', { method: 'PUT', body: 'Chair' });
    expect((await get('/products/3')).body).toEqual({ id: '3', name: 'Chair' });
  });
});

it('the example of responses starts by the command in its README', async () => {
  const { PATH, HOME } = process.env;
  const file = 'examples/responses/server.ts';
  const server = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH, HOME, PORT: '0' },
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  const [output] = await once(server.stdout, 'data');
  const [url = ''] = /http:\S+/.exec(String(output)) ?? [];
  expect(await (await fetch(url)).json()).toEqual(ALL);
  expect((await fetch(url)).headers.get('cache-status')).toContain('glasswork; hit');
});

describe('the example of responses, on Lambda', () => {
  let dynalite: Dynalite;
  beforeAll(async () => {
    dynalite = await startDynalite();
  });
  afterAll(() => dynalite?.stop());
  beforeEach(async () => {
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynalite.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('CACHE_TABLE', await createCacheTable(dynalite.endpoint));
    return () => void vi.unstubAllEnvs();
  });

  /** Loads the function as a new sandbox does: with its variables set, and with a database of its own. */
  async function sandbox() {
    vi.resetModules();
    const { handler, cache } = await import('../../examples/responses/lambda.js');
    return async (event: object): Promise<LambdaResponse> => {
      const response = (await handler(event as never)) as LambdaResponse & RestResponse;
      await cache.settled();
      const fields = Object.entries(response.multiValueHeaders ?? {});
      const headers = Object.fromEntries(fields.map(([name, values]) => [name, values.join()]));
      return { ...response, headers: response.headers ?? headers };
    };
  }

  it.each([
    ['an HTTP API', httpApiEvent],
    ['a function URL', urlEvent],
    ['a REST API', restApiEvent],
  ])('caches behind %s for all sandboxes, and an update in one invalidates', async (_, event) => {
    const [one, other] = [await sandbox(), await sandbox()];
    expect(await one(event('GET', '/products/1'))).toMatchObject({
      statusCode: 200,
      body: JSON.stringify(ALL[0]),
    });
    expect((await one(event('PUT', '/products/1', 'Big lamp'))).statusCode).toBe(204);
    const renamed = JSON.stringify({ id: '1', name: 'Big lamp' });
    expect((await one(event('GET', '/products/1'))).body).toBe(renamed);
    // The database of the other sandbox does not know the new name.
    expect(await other(event('GET', '/products/1'))).toMatchObject({
      body: renamed,
      headers: { 'cache-status': expect.stringContaining('glasswork; hit') },
    });
    await other(event('PUT', '/products/1', 'Small lamp'));
    const { headers } = await one(event('GET', '/products/1'));
    expect(headers['cache-status']).toContain('fwd=miss');
  });

  it('keeps the tags inside without a distribution', async () => {
    const { headers } = await (await sandbox())(httpApiEvent('GET', '/products/1'));
    expect(headers['cache-status']).toContain('stored');
    expect(headers).not.toHaveProperty('x-tags');
    expect(headers).not.toHaveProperty('cache-tag');
  });

  it('tells CloudFront the tags, and purges it with an update', async () => {
    const cloudFront = await startCloudFront();
    onTestFinished(cloudFront.stop);
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFRONT', cloudFront.endpoint);
    vi.stubEnv('DISTRIBUTION_ID', DISTRIBUTION);
    const send = await sandbox();
    const { headers } = await send(httpApiEvent('GET', '/products/1'));
    expect(headers['cache-tag']?.split(',')).toContain('product:1');
    await send(httpApiEvent('PUT', '/products/1', 'Big lamp'));
    const purged = cloudFront.accepted.flatMap(({ items }) => items);
    expect(purged).toEqual(expect.arrayContaining(['#product:1', '#products']));
  });
});
