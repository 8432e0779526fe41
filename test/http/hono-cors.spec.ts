import { CacheService } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { expect, it } from 'vitest';
import { START } from './helpers.js';

const ORIGINS = ['https://a.test', 'https://b.test'];

/** An app that answers pages of two origins, and fails from its second call on. */
function site() {
  const clock = createVirtualClock(START);
  const cache = new CacheService(new MemoryCacheStore({ clock }), { clock, onEvent: () => {} });
  const app = new Hono();
  let calls = 0;
  app.use(cors({ origin: ORIGINS, credentials: true }));
  app.use(cacheResponses(cache, { ttl: 60, staleIfError: 600, fetch: app.fetch }));
  app.get('/', (c) => (++calls > 1 ? c.text('failed', 500) : c.text('good')));
  const get = async (headers: Record<string, string>) => {
    const response = await app.request('http://x.test/', { headers });
    await cache.settled();
    const allowed = response.headers.get('access-control-allow-origin');
    const [, how] = response.headers.get('cache-status')?.split('; ') ?? [];
    return [response.status, allowed, how];
  };
  return { clock, cache, app, get };
}

it('every origin may read its response, whichever origin it was stored for', async () => {
  const { clock, get } = site();
  const [a, b] = ORIGINS.map((origin) => ({ origin }));
  if (!a || !b) throw new Error('two origins');
  expect(await get(a)).toEqual([200, a.origin, 'fwd=miss']);
  expect(await get(b)).toEqual([200, b.origin, 'hit']);
  expect(await get({ ...b, 'if-none-match': '*' })).toEqual([304, b.origin, 'hit']);
  clock.advance(61_000);
  // Both stand in for a failed response.
  expect(await get(b)).toEqual([200, b.origin, 'fwd=stale']);
  expect(await get(a)).toEqual([200, a.origin, 'fwd=stale']);
});

it('a hit asks for no response before there is one, because Hono would make it', async () => {
  const { cache, app } = site();
  await app.request('http://x.test/');
  await cache.settled();
  const cached = cacheResponses(cache, { ttl: 60 });
  const context = {
    req: { raw: new Request('http://x.test/') },
    finalized: false,
    get res(): Response {
      throw new Error('asked too early');
    },
  };
  const response = await cached(context, async () => {});
  expect(await response?.text()).toBe('good');
});
