import { type CacheEvent, CacheService } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { type Context, Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { START } from './helpers.js';

const PRIVATE = { 'cache-control': 'private' };

/**
 * Two processes, whose apps have no `fetch`. The first has noted in the store that the response may not be stored, and has
 * invalidated the note softly.
 */
async function expiredNote(
  invalidate: (cache: CacheService) => Promise<void>,
  answer: (c: Context) => Response,
) {
  const clock = createVirtualClock(START);
  const store = new MemoryCacheStore({ clock });
  const make = (handler: (c: Context) => Response) => {
    const events: CacheEvent[] = [];
    const cache = new CacheService(store, { clock, onEvent: (event) => void events.push(event) });
    const app = new Hono();
    app.use(cacheResponses(cache, { ttl: 60, tags: ['t'] }));
    app.get('/', handler);
    return { cache, events, get: async () => app.request('http://a.test/') };
  };
  const first = make((c) => c.text('theirs', 200, PRIVATE));
  await (await first.get()).text();
  await first.cache.settled();
  await invalidate(first.cache);
  return make(answer);
}

describe.each<[string, (cache: CacheService) => Promise<void>]>([
  ['its tag', (cache) => cache.expireTags(['t'])],
  ['its URL', (cache) => cache.expire('http:http://a.test/')],
])('a note that a response may not be stored, after a soft invalidation of %s', (_, invalidate) => {
  it('is replaced while the client waits, where a handler can be called only once', async () => {
    const { cache, events, get } = await expiredNote(invalidate, (c) =>
      c.text('mine', 200, PRIVATE),
    );
    expect(await (await get()).text()).toBe('mine');
    await cache.settled();
    expect(events.filter(({ type }) => type === 'load-error')).toEqual([]);
    expect(events.filter(({ type }) => type === 'load')).toHaveLength(1);
  });

  it('is no answer to a failed load, whose client gets the failure', async () => {
    const { cache, get } = await expiredNote(invalidate, (c) => c.text('broken', 503));
    const failed = await get();
    expect([failed.status, await failed.text()]).toEqual([503, 'broken']);
    await cache.settled();
  });
});
