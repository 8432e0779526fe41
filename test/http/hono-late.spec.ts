import { type CacheEvent, CacheService } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import type { ResponseCacheOptions } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { START, settle } from './helpers.js';

/** An app whose handler waits from its second call on, until the test lets it go. */
async function site(options: ResponseCacheOptions, answer = (calls: number) => `page ${calls}`) {
  const clock = createVirtualClock(START);
  const events: CacheEvent[] = [];
  const onEvent = (event: CacheEvent) => void events.push(event);
  const cache = new CacheService(new MemoryCacheStore({ clock }), { clock, onEvent });
  const app = new Hono();
  const [asked, open]: [Request[], (() => void)[]] = [[], []];
  const fetch = (request: Request) => app.fetch(request);
  let passes = 0;
  app.use(async (_c, next) => {
    passes++;
    await next();
  });
  app.use(cacheResponses(cache, { ttl: 60, fetch, ...options }));
  app.get('/', async (c) => {
    const calls = asked.push(c.req.raw);
    if (calls > 1) await new Promise<void>((resolve) => open.push(resolve));
    return c.text(answer(calls), 200, { vary: 'x-lang' });
  });
  app.onError((error, c) => c.text(`failed: ${error.message}`, 500));
  const get = async (headers = {}) => app.request('http://a.test/', { headers });
  // Twice, because the first response of a URL is stored before it is known by what it varies.
  for (let i = 0; i < 2; i++) {
    await (await get({ 'x-lang': 'de' })).text();
    await cache.settled();
  }
  return {
    ...{ cache, clock, events, asked, get },
    passes: () => passes,
    /** Lets the handler answer, and waits for everything. */
    async end() {
      await expect.poll(() => open.length, { timeout: 4_000 }).toBe(1);
      for (const resolve of open.splice(0)) resolve();
      await settle();
      await cache.settled();
    },
  };
}

it('the last good response after softTimeout is whole, and the late one is stored', async () => {
  const { get, clock, asked, end } = await site({ staleIfError: '1h', softTimeout: '20ms' });
  clock.advance(61_000);
  const standIn = await get({ 'x-lang': 'de' });
  await end();
  expect(await standIn.text()).toBe('page 1');
  const next = await get({ 'x-lang': 'de' });
  expect(next.headers.get('cache-status')).toContain('hit');
  expect(await next.text()).toBe('page 2');
  expect(
    asked.map(({ headers }) => [headers.get('x-lang'), headers.has('x-glasswork-refresh')]),
  ).toEqual([
    ['de', false],
    ['de', false],
  ]);
});

it('a load within softTimeout answers its own request', async () => {
  const { get, clock, end } = await site({ staleIfError: '1h', softTimeout: '10s' });
  clock.advance(61_000);
  const loading = get({ 'x-lang': 'de' });
  await end();
  expect(await (await loading).text()).toBe('page 2');
});

it('a load that nothing stands in for passes the other middleware once', async () => {
  const { passes, asked } = await site({ staleIfError: '1h', softTimeout: '10s' });
  expect([passes(), asked.length]).toEqual([2, 1]);
});

it('the response to a load after hardTimeout is whole, although the handler ends later', async () => {
  const { get, clock, end, events } = await site({ hardTimeout: '20ms' });
  clock.advance(61_000);
  const failed = await get({ 'x-lang': 'de' });
  await end();
  expect([failed.status, await failed.text()]).toEqual([500, expect.stringContaining('failed: ')]);
  expect(
    events.flatMap((event) => (event.type === 'load-error' ? [event.error] : [])),
  ).toHaveLength(1);
});
