import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock, faultyStore } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { storeLike, watched } from '../cache-service/helpers.js';
import { counting, START, URL_1, world } from './helpers.js';

const send = (made: ReturnType<typeof world>, method: string, url = URL_1) =>
  made.send(new Request(url, { method }));

describe('an unsafe request', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s invalidates its own URL', async (method) => {
    const made = world({ ttl: 60 });
    made.origin = counting();
    await made.get();
    await made.get({}, `${URL_1}?other`);
    await send(made, method);
    expect(await (await made.get()).text()).toBe('4');
    expect(await (await made.get({}, `${URL_1}?other`)).text()).toBe('2');
  });

  it('that has no final response does not', async () => {
    const made = world({ ttl: 60 });
    await made.get();
    made.origin = () => Response.error();
    expect((await send(made, 'POST')).type).toBe('error');
    made.origin = () => new Response('new');
    expect(await (await made.get()).text()).toBe('body');
  });

  it.each([
    [200, 'does'],
    [204, 'does'],
    [302, 'does'],
    [400, 'does not'],
    [404, 'does not'],
    [500, 'does not'],
  ])('with status %i %s', async (status, does) => {
    const made = world({ ttl: 60 });
    await made.get();
    made.origin = () => new Response(null, { status });
    await send(made, 'POST');
    made.origin = () => new Response('new');
    expect(await (await made.get()).text()).toBe(does === 'does' ? 'new' : 'body');
  });

  it.each(['OPTIONS', 'QUERY'])('is not %s', async (method) => {
    const made = world({ ttl: 60 });
    await made.get();
    await send(made, method);
    await made.get();
    expect(made.asked.map((each) => each.method)).toEqual(['GET', method]);
  });

  it.each(['location', 'content-location'])('leaves the URL in %s alone', async (name) => {
    const made = world({ ttl: 60 });
    await made.get();
    made.origin = () => new Response('new', { headers: { [name]: URL_1 } });
    await send(made, 'POST', `${URL_1}/b`);
    expect(await (await made.get()).text()).toBe('body');
  });

  it('writes nothing for a URL that is not cached, and calls no onInvalidate', async () => {
    const clock = createVirtualClock(START);
    const writes: string[] = [];
    const store = faultyStore(new MemoryCacheStore({ clock }), {
      pause: ({ method, keys }, point) => {
        if (/^(set|del|add)/.test(method) && point === 'request') writes.push(...keys);
      },
    });
    const purged: unknown[] = [];
    const made = world(
      { ttl: 60 },
      { onInvalidate: (what) => void purged.push(what) },
      { clock, store },
    );
    await send(made, 'POST');
    await made.cache.settled();
    expect(writes.filter((key) => key.includes('example'))).toEqual([]);
    await made.get();
    await send(made, 'POST');
    expect(writes).toContain(`#tag::http:${URL_1}`);
    expect(purged).toEqual([]);
  });

  it('writes nothing either in a store that keeps the record of an earlier invalidation', async () => {
    const clock = createVirtualClock(START);
    const { store, calls } = watched(
      storeLike(new MemoryCacheStore({ clock }), { durable: true, getIfPresent: undefined }),
    );
    const made = world({ ttl: 60 }, {}, { clock, store });
    await made.get();
    await send(made, 'POST');
    calls.length = 0;
    await send(world({ ttl: 60 }, {}, made), 'POST');
    expect(calls.filter(({ operation }) => /^(set|del|add)/.test(operation))).toEqual([]);
  });

  it('invalidates what this process knows, although the store cannot be read', async () => {
    const clock = createVirtualClock(START);
    let isDown = false;
    const plan = ({ method }: { method: string }) =>
      isDown && method.startsWith('get') ? ({ kind: 'error' } as const) : undefined;
    const store = faultyStore(new MemoryCacheStore({ clock }), { plan });
    const made = world({ ttl: 60 }, {}, { clock, store });
    await made.get();
    isDown = true;
    await send(made, 'POST');
    isDown = false;
    made.origin = () => new Response('new');
    expect(await (await made.get()).text()).toBe('new');
  });

  it('invalidates what another process has stored', async () => {
    const made = world({ ttl: 60 });
    await made.get();
    await send(world({ ttl: 60 }, {}, made), 'POST');
    made.origin = () => new Response('new');
    expect(await (await made.get()).text()).toBe('new');
  });

  it('keeps its sandbox awake until the invalidation has ended', async () => {
    const kept: unknown[] = [];
    const waitUntil = (work: Promise<unknown>) => void kept.push(work);
    const made = world({ ttl: 60 }, { waitUntil });
    await made.get();
    kept.length = 0;
    await send(made, 'POST');
    expect(kept.length).toBeGreaterThan(0);
  });

  it('invalidates a first load that runs in this process', async () => {
    const made = world({ ttl: 60 });
    let answer: (response: Response) => void = () => {};
    made.origin = ({ method }) =>
      method === 'POST' ? new Response('done') : new Promise((resolve) => (answer = resolve));
    const old = made.send(new Request(URL_1));
    await expect.poll(() => made.asked.length, { timeout: 4_000 }).toBe(1);
    await send(made, 'POST');
    answer(new Response('old'));
    expect(await (await old).text()).toBe('old');
    await made.cache.settled();
    made.origin = () => new Response('new');
    expect(await (await made.get()).text()).toBe('new');
  });

  it('invalidates a first load although a thousand other URLs were asked for since', async () => {
    const made = world({ ttl: 60 });
    let answer: (response: Response) => void = () => {};
    made.origin = ({ method, url }) =>
      method === 'GET' && url === URL_1
        ? new Promise((resolve) => (answer = resolve))
        : new Response('done');
    const old = made.send(new Request(URL_1));
    await expect.poll(() => made.asked.length, { timeout: 4_000 }).toBe(1);
    for (let i = 0; i <= 1_000; i++) await made.send(new Request(`${URL_1}?${i}`));
    await send(made, 'POST');
    answer(new Response('old'));
    await old;
    await made.cache.settled();
    made.origin = () => new Response('new');
    expect(await (await made.get()).text()).toBe('new');
  });

  it('invalidates, in any process, a response that is kept only for the failure of its origin', async () => {
    const first = world();
    first.origin = () =>
      new Response('old', { headers: { 'cache-control': 'max-age=10, stale-if-error=600' } });
    await first.get();
    first.clock.advance(20_000);
    const second = world({}, {}, first);
    second.origin = () => new Response('done');
    await send(second, 'POST');
    second.origin = () => new Response('failed', { status: 503 });
    expect(await (await second.get()).text()).toBe('failed');
  });

  it('succeeds although the store fails, which is an event', async () => {
    const clock = createVirtualClock(START);
    const plan = ({ method }: { method: string }) =>
      method === 'set' ? ({ kind: 'error' } as const) : undefined;
    const store = faultyStore(new MemoryCacheStore({ clock }), { plan });
    const made = world({ ttl: 60 }, {}, { clock, store });
    await made.get();
    expect((await send(made, 'POST')).status).toBe(200);
    expect(made.events.some(({ type }) => type === 'store-error')).toBe(true);
  });
});
