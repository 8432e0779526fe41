import { CacheService } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { type ResponseCacheOptions, responseCache } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { START, URL_1 } from './helpers.js';

/** One response cache around another, both of one service and for one key. The origin counts. */
interface Nest {
  readonly cache: CacheService;
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly asked: Request[];
  readonly events: { readonly type: string; readonly reason?: string | undefined }[];
  get(): Promise<string>;
  header(name: string): string | null;
}

type Make = (
  cache: CacheService,
  options: readonly ResponseCacheOptions[],
  asked: Request[],
) => Ask;
type Ask = (request: Request) => Promise<Response>;

const answer = (request: Request, asked: Request[]) =>
  new Response(String(asked.push(request)), { headers: { 'x-tags': 'own' } });

/** Equal options are those of one cache that is used twice. */
const caches = <T>(
  options: readonly ResponseCacheOptions[],
  make: (each: ResponseCacheOptions) => T,
): T[] => {
  const made = new Map([...new Set(options)].map((each) => [each, make(each)]));
  return options.flatMap((each) => made.get(each) ?? []);
};

const functions: Make = (cache, options, asked) =>
  caches(options, (each) => responseCache(cache, each)).reduceRight<Ask>(
    (next, cached) => (request) => cached(request, next),
    async (request) => answer(request, asked),
  );

const hono: Make = (cache, options, asked) => {
  const app = new Hono();
  const fetch = (request: Request) => app.fetch(request);
  app.use(...caches(options, (each) => cacheResponses(cache, { fetch, ...each })));
  app.get('/a', (c) => answer(c.req.raw, asked));
  return async (request) => app.fetch(request);
};

function nest(make: Make, options: readonly ResponseCacheOptions[]): Nest {
  const clock = createVirtualClock(START);
  const events: Nest['events'][number][] = [];
  const cache = new CacheService(new MemoryCacheStore({ clock }), {
    clock,
    onEvent: (event) => void events.push(event),
  });
  const asked: Request[] = [];
  const ask = make(cache, options, asked);
  let last = new Response();
  return {
    ...{ cache, clock, asked, events },
    async get() {
      last = await ask(new Request(URL_1));
      const body = await last.text();
      await cache.settled();
      return body;
    },
    header: (name) => last.headers.get(name),
  };
}

describe.each([
  ['responseCache', functions],
  ['cacheResponses', hono],
])('%s inside another one for the same key', (_name, make) => {
  it('answers, and decides about the response', async () => {
    const made = nest(make, [{ ttl: 600 }, { ttl: 60, tags: ['route'], tagHeader: 'x-tags' }]);
    expect(await made.get()).toBe('1');
    expect(made.header('x-tags')).toBeNull();
    expect(made.events.flatMap(({ reason }) => reason ?? [])).toContain('nested');
    // Until then the record says that requests pass.
    made.clock.advance(11_000);
    expect([await made.get(), await made.get()]).toEqual(['2', '2']);
    expect(made.header('cache-status')).toBe('glasswork; hit; ttl=60');
    for (const tag of ['route', 'own']) {
      await made.cache.invalidateTags([tag]);
      const next = String(made.asked.length + 1);
      expect([await made.get(), await made.get(), await made.get()]).toContain(next);
      expect(made.header('cache-status')).toContain('hit');
    }
    const loaded = made.asked.length;
    made.clock.advance(60_000);
    expect(await made.get()).toBe(String(loaded + 1));
  });

  it('refreshes its stale responses', async () => {
    const made = nest(make, [{}, { ttl: 60, staleTTL: 10 }]);
    await made.get();
    made.clock.advance(11_000);
    expect([await made.get(), await made.get()]).toEqual(['2', '2']);
    made.clock.advance(11_000);
    expect([await made.get(), await made.get()]).toEqual(['2', '3']);
  });

  it('does nothing if it is the same one', async () => {
    const twice = { ttl: 60, staleTTL: 10, tagHeader: 'x-tags' };
    const made = nest(make, [twice, twice]);
    expect([await made.get(), await made.get()]).toEqual(['1', '1']);
    made.clock.advance(11_000);
    expect([await made.get(), await made.get()]).toEqual(['1', '2']);
    await made.cache.invalidateTags(['own']);
    expect(await made.get()).toBe('3');
  });

  it('waits for no load, with a third one for another key between them', async () => {
    const made = nest(make, [{ ttl: 60 }, { ttl: 60, key: () => 'other' }, { ttl: 60 }]);
    expect(await made.get()).toBe('1');
  });
});

it('two response caches of different services store apart', async () => {
  const clock = createVirtualClock(START);
  const [one, other] = [1, 2].map(() => {
    const cache = new CacheService(new MemoryCacheStore({ clock }), { clock });
    return responseCache(cache, { ttl: 60 });
  });
  let asked = 0;
  const origin = async () => new Response(String(++asked));
  const inner: Ask = async (request) => other?.(request, origin) ?? origin();
  const ask = async (headers = {}) => {
    const response = await one?.(new Request(URL_1, { headers }), inner);
    return [await response?.text(), response?.headers.get('cache-status')];
  };
  await ask();
  expect(await ask()).toEqual(['1', 'glasswork; fwd=miss; stored; ttl=60, glasswork; hit; ttl=60']);
});
