import { CacheService } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import type { ResponseCacheOptions } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { etag } from 'hono/etag';
import { afterEach, describe, expect, it } from 'vitest';
import { START } from './helpers.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function site(options: ResponseCacheOptions = { ttl: 60 }, fetch = true) {
  const clock = createVirtualClock(START);
  const events: { type: string; route?: string }[] = [];
  const onEvent = (event: { type: string }) => void events.push(event);
  const cache = new CacheService(new MemoryCacheStore({ clock }), { clock, onEvent });
  const app = new Hono();
  const calls: Record<string, string>[] = [];
  const cached = cacheResponses(cache, {
    ...options,
    ...(fetch && { fetch: (request: Request) => app.fetch(request) }),
  });
  return { app, cache, cached, calls, clock, events };
}

/** A real server on loopback, and a client of it. */
async function listen(app: Hono): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const port = await new Promise<number>((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, (info) => {
      resolve(info.port);
    });
    closing.push(() => server.close());
  });
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

const header = (response: Response | undefined, name: string) => response?.headers.get(name);

describe.each(['app.request', '@hono/node-server'])('the middleware for Hono by %s', (kind) => {
  const clientOf = async (app: Hono) =>
    kind === 'app.request'
      ? async (path: string, init?: RequestInit) => app.request(`http://a.test${path}`, init)
      : listen(app);

  it('caches a route, and tells the route in its events', async () => {
    const { app, cache, cached, events } = site();
    let calls = 0;
    app.get('/items/:id', cached, (c) => c.json({ id: c.req.param('id'), calls: ++calls }));
    const get = await clientOf(app);
    expect(await (await get('/items/1')).json()).toEqual({ id: '1', calls: 1 });
    await cache.settled();
    const hit = await get('/items/1');
    expect(await hit.json()).toEqual({ id: '1', calls: 1 });
    expect(header(hit, 'content-type')).toBe('application/json');
    expect(header(hit, 'cache-status')).toContain('glasswork; hit');
    expect(await (await get('/items/2')).json()).toEqual({ id: '2', calls: 2 });
    const routes = events.flatMap(({ type, route }) => (type === 'response' ? [route] : []));
    expect(routes).toEqual(['/items/:id', '/items/:id', '/items/:id']);
  });

  it('caches a whole app, with its other middleware outside and inside', async () => {
    const { app, cache, cached } = site();
    app.use(etag());
    app.use(cached);
    app.use(compress({ threshold: 1 }));
    app.get('/text', (c) => c.text('long '.repeat(500)));
    const get = await clientOf(app);
    const asking = { headers: { 'accept-encoding': 'gzip' } };
    const first = await get('/text', asking);
    const bytes = Buffer.from(await first.arrayBuffer());
    await cache.settled();
    const hit = await get('/text', asking);
    expect(header(hit, 'cache-status')).toContain('hit');
    expect(header(hit, 'content-encoding')).toBe('gzip');
    expect(Buffer.from(await hit.arrayBuffer())).toEqual(bytes);
    const plain = await get('/text', { headers: { 'accept-encoding': 'identity' } });
    expect(await plain.text()).toBe('long '.repeat(500));
    const tag = header(hit, 'etag') ?? '';
    const unchanged = await get('/text', { headers: { ...asking.headers, 'if-none-match': tag } });
    expect(unchanged.status).toBe(304);
  });

  it('serves stale responses at once and refreshes them through fetch, past its own cache', async () => {
    const { app, cache, cached, clock } = site({ ttl: 60, staleTTL: 10 });
    let calls = 0;
    app.use(cached);
    app.get('/a', (c) => c.text(`${++calls} ${c.req.header('x-glasswork-refresh')}`));
    const get = await clientOf(app);
    await get('/a');
    await cache.settled();
    clock.advance(11_000);
    const stale = await get('/a');
    expect(await stale.text()).toBe('1 undefined');
    expect(header(stale, 'cache-control')).toBe('max-age=0, s-maxage=0');
    await cache.settled();
    const refreshed = await get('/a');
    expect(await refreshed.text()).toBe('2 undefined');
    expect(header(refreshed, 'cache-status')).toContain('hit');
  });

  it('refreshes past two caches, one inside the other', async () => {
    const outer = site({ ttl: 60, staleTTL: 10 });
    const { app, cache, clock } = outer;
    let calls = 0;
    app.use(outer.cached);
    const inner = {
      ttl: 60,
      staleTTL: 10,
      key: () => 'inner',
      fetch: (r: Request) => app.fetch(r),
    };
    app.get('/a', cacheResponses(cache, inner), (c) => c.text(String(++calls)));
    const get = await clientOf(app);
    await get('/a');
    await cache.settled();
    clock.advance(11_000);
    await get('/a');
    await cache.settled();
    await get('/a');
    await cache.settled();
    expect(await (await get('/a')).text()).toBe('2');
  });

  it('loads stale responses while the client waits if it has no fetch', async () => {
    const { app, cache, cached, clock } = site({ ttl: 60, staleTTL: 10 }, false);
    let calls = 0;
    app.get('/a', cached, (c) => c.text(String(++calls)));
    const get = await clientOf(app);
    await get('/a');
    await cache.settled();
    clock.advance(11_000);
    expect(await (await get('/a')).text()).toBe('2');
    await cache.settled();
    expect(await (await get('/a')).text()).toBe('2');
    expect(calls).toBe(2);
  });

  it('serves fresh responses without a fetch although the requests may ask for others', async () => {
    const { app, cache, cached } = site({ ttl: 60, honourRequest: true }, false);
    let calls = 0;
    app.get('/a', cached, (c) => c.text(String(++calls)));
    const get = await clientOf(app);
    await get('/a');
    await cache.settled();
    expect(header(await get('/a'), 'cache-status')).toContain('hit');
    const own = await get('/a', { headers: { 'cache-control': 'no-cache' } });
    expect(await own.text()).toBe('2');
  });

  it('calls the handler once for a response with new tags if it has no fetch', async () => {
    const { app, cache, cached, events } = site({ ttl: 60, tagHeader: 'x-tags' }, false);
    await cache.invalidateTags(['a']);
    let calls = 0;
    app.get('/a', cached, (c) => c.text(String(++calls), 200, { 'x-tags': 'a' }));
    const get = await clientOf(app);
    expect(await (await get('/a')).text()).toBe('1');
    await cache.settled();
    expect(calls).toBe(1);
    expect(events.map(({ type }) => type)).not.toContain('load-error');
  });

  it('calls the handler once for an early hit if it has no fetch', async () => {
    const { app, cache, cached, clock } = site({ ttl: 60, earlyRefresh: Number.MAX_VALUE }, false);
    let calls = 0;
    app.get('/a', cached, (c) => {
      clock.advance(1);
      return c.text(String(++calls));
    });
    const get = await clientOf(app);
    for (let i = 0; i < 2; i++) {
      expect(await (await get('/a')).text()).toBe('1');
      await cache.settled();
    }
    expect(calls).toBe(1);
  });

  it('replaces the 500 of a handler that throws by the last good response', async () => {
    const { app, cache, cached, clock } = site({ ttl: 60, staleIfError: 600 });
    let calls = 0;
    app.use(cached);
    app.get('/a', (c) => {
      if (++calls > 1) throw new Error('broken');
      return c.text('good');
    });
    app.onError((_error, c) => c.text('failed', 500));
    const get = await clientOf(app);
    await get('/a');
    await cache.settled();
    clock.advance(61_000);
    const replaced = await get('/a');
    expect([replaced.status, await replaced.text()]).toEqual([200, 'good']);
    expect((await get('/never')).status).toBe(404);
  });

  describe('if a 304 is about another response than the stored one', () => {
    const changing = (options: ResponseCacheOptions, fetch?: boolean) => {
      const made = site(options, fetch);
      const origin = { isBroken: true, asked: 0 };
      made.app.use(made.cached);
      made.app.get('/a', (c) => {
        origin.asked++;
        if (origin.asked === 1) return c.text('old', 200, { etag: '"1"' });
        return c.req.header('if-none-match') && origin.isBroken
          ? c.body(null, 304, { etag: '"2"' })
          : c.text('new', 200, { etag: '"2"' });
      });
      return { ...made, origin };
    };

    it('serves the stored one as stale, and never as fresh', async () => {
      const { app, cache, clock, origin } = changing({ ttl: 60, staleIfError: 600 });
      const get = await clientOf(app);
      await get('/a');
      await cache.settled();
      clock.advance(61_000);
      const stale = await get('/a');
      expect([stale.status, await stale.text(), header(stale, 'etag')]).toEqual([
        200,
        'old',
        '"1"',
      ]);
      expect(header(stale, 'cache-control')).toBe('max-age=0, s-maxage=0');
      expect(header(stale, 'cache-status')).toContain('fwd=stale');
      await cache.settled();
      origin.isBroken = false;
      clock.advance(31_000);
      const next = await get('/a');
      expect([await next.text(), header(next, 'etag')]).toEqual(['new', '"2"']);
    });

    it('answers 502 once if the stored one may not be served any more, and drops it', async () => {
      const { app, cache, clock } = changing({ ttl: 60 });
      const get = await clientOf(app);
      await get('/a');
      await cache.settled();
      clock.advance(60_000);
      const failed = await get('/a');
      expect([failed.status, await failed.text()]).toEqual([502, '']);
      await cache.settled();
      for (const seconds of [0, 0, 11, 61]) {
        clock.advance(seconds * 1000);
        const next = await get('/a');
        expect([next.status, await next.text()]).toEqual([200, 'new']);
        await cache.settled();
      }
    });

    it('answers 502, too, if the stored one was invalidated meanwhile', async () => {
      const made = site({ ttl: 60, staleIfError: 600 });
      made.app.use(made.cached);
      let isFirst = true;
      made.app.get('/a', async (c) => {
        if (isFirst) {
          isFirst = false;
          return c.text('old', 200, { etag: '"1"' });
        }
        await made.cache.clear();
        return c.body(null, 304, { etag: '"2"' });
      });
      const get = await clientOf(made.app);
      await get('/a');
      await made.cache.settled();
      made.clock.advance(61_000);
      const failed = await get('/a');
      expect([failed.status, await failed.text()]).toEqual([502, '']);
    });

    it('asks again after the response, where it can', async () => {
      const { app, cache, clock, origin } = changing({ ttl: 60, staleTTL: 10 });
      const get = await clientOf(app);
      await get('/a');
      await cache.settled();
      clock.advance(11_000);
      expect(await (await get('/a')).text()).toBe('old');
      await cache.settled();
      const refreshed = await get('/a');
      expect([await refreshed.text(), header(refreshed, 'etag')]).toEqual(['new', '"2"']);
      expect(header(refreshed, 'cache-status')).toContain('hit');
      expect(origin.asked).toBe(3);
    });
  });

  it('keeps the fields of the cache and of the route apart from those that outer middleware sets', async () => {
    const { app, cache, cached } = site();
    app.use(async (c, next) => {
      await next();
      c.header('x-request', crypto.randomUUID());
    });
    app.use(cached);
    app.get('/a', (c) => c.text('a', 200, { 'x-a': '1' }));
    const get = await clientOf(app);
    const ids = [header(await get('/a'), 'x-request')];
    await cache.settled();
    const hit = await get('/a');
    ids.push(header(hit, 'x-request'));
    expect(new Set(ids).size).toBe(2);
    expect(header(hit, 'x-a')).toBe('1');
    expect(header(hit, 'age')).toBe('0');
  });

  it('keeps on a hit what outer middleware has set before it', async () => {
    const { app, cache, cached } = site();
    let requests = 0;
    app.use(async (c, next) => {
      c.res.headers.set('x-outer', String(++requests));
      await next();
    });
    app.use(cached);
    app.get('/a', (c) => c.text('a'));
    const get = await clientOf(app);
    await get('/a');
    await cache.settled();
    const hit = await get('/a');
    expect(header(hit, 'cache-status')).toContain('hit');
    expect(header(hit, 'x-outer')).toBe('2');
  });

  it.each(['/*', '*', undefined])('tells the path where its own pattern is %s', async (pattern) => {
    const { app, cached, events } = site();
    if (pattern === undefined) app.use(cached);
    else app.use(pattern, cached);
    app.get('/items/:id', (c) => c.text('a'));
    const get = await clientOf(app);
    await get('/items/1');
    const routes = events.flatMap(({ type, route }) => (type === 'response' ? [route] : []));
    expect(routes).toEqual(['/items/1']);
  });

  it('answers HEAD from the response to GET, and drops it after a POST', async () => {
    const { app, cache, cached } = site();
    let calls = 0;
    app.use(cached);
    app.get('/a', (c) => c.text(String(++calls)));
    app.post('/a', (c) => c.text('done'));
    const get = await clientOf(app);
    await get('/a');
    await cache.settled();
    const head = await get('/a', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(header(head, 'cache-status')).toContain('hit');
    await get('/a', { method: 'POST', body: 'x' });
    expect(await (await get('/a')).text()).toBe('2');
  });

  it('streams a body at once, and stores it after its end', async () => {
    const { app, cache, cached } = site();
    let close: () => void = () => {};
    app.get('/a', cached, () => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('one '));
          close = () => {
            controller.enqueue(new TextEncoder().encode('two'));
            controller.close();
          };
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/plain' } });
    });
    const get = await clientOf(app);
    const reader = (await get('/a')).body?.getReader();
    // The first part is there although the body has not ended.
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('one ');
    close();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('two');
    await reader?.read();
    await cache.settled();
    const hit = await get('/a');
    expect(await hit.text()).toBe('one two');
    expect(header(hit, 'cache-status')).toContain('hit');
  });
});
