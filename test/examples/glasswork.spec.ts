import { type CacheService, type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { cacheModule } from '@glasswork/cache/glasswork';
import { createVirtualClock } from '@glasswork/cache/testing';
import { handle } from 'hono/aws-lambda';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { productModule } from '../../examples/glasswork/product.module.js';
import type { ProductService } from '../../examples/glasswork/product.service.js';
import { type App, bootstrap } from '../glasswork/container.js';
import { httpApiEvent, type LambdaResponse, urlEvent } from './lambda-events.js';

const LAMP = { id: '1', name: 'Lamp' };
const DESK = { id: '2', name: 'Desk' };

/** The application on a store, in virtual time. */
async function start(clock = createVirtualClock(Date.UTC(2030, 0, 1)), shared?: CacheStore) {
  const store = shared ?? new MemoryCacheStore({ clock });
  const cacheOf = cacheModule({ store, clock, keyPrefix: 'shop' });
  const application: App = bootstrap(
    productModule(cacheOf, (request) => application.app.fetch(request)),
  );
  await application.start();
  onTestFinished(() => application.stop());
  const { app, container } = application;
  const cache = container.resolve<CacheService>('cacheService');
  const list = vi.spyOn(container.resolve<ProductService>('productService'), 'list');
  return {
    ...{ app, cache, clock, store },
    /** How often a route has asked the service. */
    reads: () => list.mock.calls.length,
    async get(path: string, headers: Record<string, string> = {}) {
      const response = await app.request(`https://shop.test/api/products${path}`, { headers });
      const body: unknown = await response.json();
      return { status: response.status, body, cacheStatus: response.headers.get('cache-status') };
    },
    put: (path: string, body: string) =>
      app.request(`https://shop.test/api/products${path}`, { method: 'PUT', body }),
  };
}

describe('the example for Glasswork', () => {
  it('answers the second request from the cache, with a cookie too', async () => {
    const { get, reads } = await start();
    expect(await get('')).toMatchObject({ status: 200, body: [LAMP, DESK] });
    const hit = await get('', { cookie: 'theme=dark' });
    expect(hit).toMatchObject({ status: 200, body: [LAMP, DESK] });
    expect(hit.cacheStatus).toContain('glasswork; hit');
    expect(reads()).toBe(1);
    expect(await get('/9')).toMatchObject({ status: 404, body: null });
  });

  it('shows an update at once, in the product and in the list, and keeps the others', async () => {
    const { get, put, reads } = await start();
    for (const path of ['', '/1', '/2']) await get(path);
    expect((await put('/1', 'Big lamp')).status).toBe(204);
    const renamed = { id: '1', name: 'Big lamp' };
    expect((await get('')).body).toEqual([renamed, DESK]);
    expect((await get('/1')).body).toEqual(renamed);
    expect((await get('/2')).cacheStatus).toContain('hit');
    expect(reads()).toBe(5);
  });

  it('invalidates for all applications on the store, no matter which one calls the service', async () => {
    const one = await start();
    const other = await start(one.clock, one.store);
    await one.get('/1');
    expect((await other.get('/1')).cacheStatus).toContain('hit');
    await other.put('/2', 'Chair');
    expect((await one.get('/1')).cacheStatus).toContain('hit');
    await other.put('/1', 'Big lamp');
    expect((await one.get('/1')).cacheStatus).toContain('fwd=miss');
  });

  it('refreshes a stale response after the response, through the whole application', async () => {
    const { get, cache, clock, reads } = await start();
    await get('');
    clock.advance(61_000);
    expect((await get('')).cacheStatus).toBe('glasswork; hit; ttl=-1');
    await cache.settled();
    expect(reads()).toBe(2);
    const fresh = await get('');
    expect(fresh).toEqual({
      ...{ status: 200, body: [LAMP, DESK] },
      cacheStatus: 'glasswork; hit; ttl=60',
    });
    expect(reads()).toBe(2);
  });

  it.each([
    ['an HTTP API', httpApiEvent],
    ['a function URL', urlEvent],
  ])('runs behind %s', async (_, event) => {
    const { app, reads } = await start();
    const handler = handle(app);
    const send = async (method: string, path: string, body?: string) =>
      (await handler(event(method, `/api/products${path}`, body) as never)) as LambdaResponse;
    expect(JSON.parse((await send('GET', '/1')).body)).toEqual(LAMP);
    expect((await send('GET', '/1')).headers['cache-status']).toContain('glasswork; hit');
    expect(reads()).toBe(1);
    expect((await send('PUT', '/1', 'Big lamp')).statusCode).toBe(204);
    expect(JSON.parse((await send('GET', '/1')).body)).toEqual({ id: '1', name: 'Big lamp' });
  });
});
