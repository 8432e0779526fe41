import { CacheService, type CacheStore } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { bareStore, deferred, storeLike } from '../cache-service/helpers.js';
import { counting, gated, START, settle, URL_1, world } from './helpers.js';

const SOON = { timeout: 4_000 };
const PRIVATE = { headers: { 'cache-control': 'private' } };
const privately = (n: number) => new Response(`user ${n}`, PRIVATE);
const request = (headers: Record<string, string> = {}, url = URL_1) =>
  new Request(url, { headers });
const texts = (responses: readonly Promise<Response>[]) =>
  Promise.all(responses.map(async (each) => (await each).text()));

describe('a response that may not be stored', () => {
  it('leaves as soon as its headers are there, and so do the requests that waited, although the store hangs', async () => {
    const inner = new MemoryCacheStore();
    const setIfUnchanged = () => new Promise<boolean>(() => {});
    const store = storeLike(inner, { setIfUnchanged, getIfPresent: undefined });
    const made = world({ ttl: 60 }, {}, { store, clock: createVirtualClock(START) });
    const origin = gated(made, privately);
    const all = Array.from({ length: 50 }, () => made.send(request()));
    await expect.poll(() => origin.waiting.length, SOON).toBe(1);
    await origin.open();
    await all[0];
    expect(origin.waiting.length).toBe(49);
    await origin.open();
    expect(new Set(await texts(all)).size).toBe(50);
  });

  it('has a body that nobody waits for: the others have theirs while the first one is still sent', async () => {
    const made = world({ ttl: 60 });
    const body = deferred<void>();
    const slow = new ReadableStream({
      async pull(controller) {
        await body.promise;
        controller.close();
      },
    });
    made.origin = () => (made.asked.length === 1 ? new Response(slow, PRIVATE) : privately(2));
    const first = made.send(request());
    expect(await (await made.send(request())).text()).toBe('user 2');
    body.resolve();
    expect(await (await first).text()).toBe('');
  });

  it('is waited for once: as long as its like come, no request waits for another', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting(() => PRIVATE);
    await made.get();
    for (let i = 0; i < 9; i++) {
      made.clock.advance(6_000);
      await made.get();
    }
    made.clock.advance(6_000);
    const origin = gated(made, privately);
    const all = Array.from({ length: 20 }, () => made.send(request()));
    await settle();
    expect(origin.waiting.length).toBe(20);
    await origin.open();
    await texts(all);
  });

  it('is stored once it may be', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting((n) => (n <= 2 ? PRIVATE : {}));
    for (let i = 0; i < 3; i++) {
      await made.get();
      made.clock.advance(6_000);
    }
    // The third has passed, and said that the next one is worth a load.
    const again = [await made.get(), await made.get()];
    expect(await texts(again.map(async (each) => each))).toEqual(['4', '4']);
  });

  it('says nothing about the others if a user was the reason', async () => {
    const made = world({ ttl: 60 });
    const user = { cookie: 'user=1' };
    made.origin = (asked) => (asked.headers.has('cookie') ? privately(1) : new Response('all'));
    await made.get(user);
    const origin = gated(made, () => new Response('all'));
    const all = Array.from({ length: 5 }, () => made.send(request()));
    await settle();
    expect(origin.waiting.length).toBe(1);
    await origin.open();
    expect(await texts(all)).toEqual(Array(5).fill('all'));
  });

  it('says so to the others if it is the refresh of what was for all', async () => {
    const made = world();
    const all60 = 'public, max-age=60, stale-while-revalidate=600';
    made.origin = () => new Response('all', { headers: { 'cache-control': all60 } });
    await made.get();
    made.clock.advance(61_000);
    made.origin = () => privately(1);
    expect(await (await made.get({ cookie: 'user=1' })).text()).toBe('all');
    const origin = gated(made, privately);
    const all = Array.from({ length: 3 }, () => made.send(request()));
    await settle();
    expect(origin.waiting.length).toBe(3);
    await origin.open();
    await texts(all);
  });
});

describe('a route whose responses could not be stored', () => {
  it('answers a cold URL within one time of its origin', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting(() => PRIVATE);
    await made.get({}, `${URL_1}/1`);
    const origin = gated(made, privately);
    const all = Array.from({ length: 50 }, () => made.send(request({}, `${URL_1}/2`)));
    await settle();
    expect(origin.waiting.length).toBe(50);
    await origin.open();
    expect(new Set(await texts(all)).size).toBe(50);
    expect(made.reasons().filter((reason) => reason === 'passing')).toHaveLength(49);
  });

  it('learns that from each of them', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting(() => PRIVATE);
    for (const path of ['1', '2']) {
      await made.get({}, `${URL_1}/${path}`);
      made.clock.advance(6_000);
    }
    const origin = gated(made, privately);
    const all = Array.from({ length: 3 }, () => made.send(request({}, `${URL_1}/3`)));
    await settle();
    expect(origin.waiting.length).toBe(3);
    await origin.open();
    await texts(all);
  });

  it('still finds what another process has stored', async () => {
    const clock = createVirtualClock(START);
    const shared = { clock, store: new MemoryCacheStore({ clock }) };
    const [first, second] = [world({ ttl: 60 }, {}, shared), world({ ttl: 60 }, {}, shared)];
    await second.get({}, `${URL_1}/2`);
    first.origin = counting(() => PRIVATE);
    await first.get({}, `${URL_1}/1`);
    const all = Array.from({ length: 5 }, () => first.send(request({}, `${URL_1}/2`)));
    expect(await texts(all)).toEqual(Array(5).fill('body'));
    expect(first.asked.length).toBe(1);
    // So that the next one is worth the wait again.
    const origin = gated(first, () => new Response('new'));
    const next = Array.from({ length: 5 }, () => first.send(request({}, `${URL_1}/3`)));
    await settle();
    expect(origin.waiting.length).toBe(1);
    await origin.open();
    expect(await texts(next)).toEqual(Array(5).fill('new'));
  });

  it('shares loads again once one of its responses was stored', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting((n) => (n === 1 ? PRIVATE : {}));
    await made.get({}, `${URL_1}/1`);
    await made.get({}, `${URL_1}/2`);
    const origin = gated(made, (n) => new Response(`body ${n}`));
    const all = Array.from({ length: 5 }, () => made.send(request({}, `${URL_1}/3`)));
    await settle();
    expect(origin.waiting.length).toBe(1);
    await origin.open();
    expect(new Set(await texts(all)).size).toBe(1);
  });
});

it('processes with leases do not load an unstorable variant one after the other', async () => {
  const clock = createVirtualClock(START);
  const shared = { clock, store: new MemoryCacheStore({ clock }) };
  const options = { ttl: 60, lease: { ttl: '30s', wait: '60s' } } as const;
  const processes = Array.from({ length: 12 }, () => world(options, {}, shared));
  const [one] = processes;
  if (!one) throw new Error('processes');
  one.origin = () => new Response('de', { headers: { vary: 'x-v' } });
  await one.get({ 'x-v': 'de' });
  const origins = processes.map((made) =>
    gated(made, () => new Response(crypto.randomUUID(), PRIVATE)),
  );
  const all = processes.map((made) => made.send(request({ 'x-v': 'new' })));
  const asked = () => origins.reduce((sum, { waiting }) => sum + waiting.length, 0);
  await expect.poll(asked, SOON).toBe(1);
  await origins.find(({ waiting }) => waiting.length > 0)?.open();
  await expect.poll(asked, SOON).toBe(11);
  await Promise.all(origins.map(({ open }) => open()));
  expect(new Set(await texts(all)).size).toBe(12);
});

it('requests with credentials wait for no lease', async () => {
  const clock = createVirtualClock(START);
  const shared = { clock, store: new MemoryCacheStore({ clock }) };
  const options = { ttl: 60, lease: { ttl: '30s', wait: '60s' } } as const;
  const processes = [world(options, {}, shared), world(options, {}, shared)];
  const origins = processes.map((made) => gated(made, privately));
  const all = processes.map((made) => made.send(request({ cookie: 'user=1' })));
  const asked = () => origins.reduce((sum, { waiting }) => sum + waiting.length, 0);
  await expect.poll(asked, SOON).toBe(2);
  await Promise.all(origins.map(({ open }) => open()));
  await texts(all);
});

it('a request that went to the origin while the store was read asks it only once', async () => {
  const reads: (() => void)[] = [];
  const inner = new MemoryCacheStore();
  let isHeld = false;
  const store = storeLike(inner, {
    getIfPresent: undefined,
    async getVersioned(key: string) {
      const read = await inner.getVersioned(key);
      if (isHeld) await new Promise<void>((resolve) => reads.push(resolve));
      return read;
    },
  });
  const failed: unknown[] = [];
  const cache = new CacheService(store, {
    // Hono refuses a second call of `next`.
    onEvent: (event) => void (event.type === 'load-error' && failed.push(event.error)),
  });
  const app = new Hono();
  let asked = 0;
  const body = deferred<void>();
  const slow = () =>
    new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('fi'));
        await body.promise;
        controller.enqueue(new TextEncoder().encode('rst'));
        controller.close();
      },
    });
  app.get('/a', cacheResponses(cache, { ttl: 60, maxBodyBytes: 3 }), () => {
    asked++;
    return new Response(asked === 1 ? slow() : 'own');
  });
  isHeld = true;
  const leading = app.request('/a');
  await expect.poll(() => reads.length > 0, SOON).toBe(true);
  const leaders = reads.splice(0);
  const joining = app.request('/a');
  await expect.poll(() => reads.length > 0, SOON).toBe(true);
  isHeld = false;
  for (const resolve of leaders) resolve();
  await leading;
  expect(await (await joining).text()).toBe('own');
  body.resolve();
  expect(await (await leading).text()).toBe('first');
  await settle();
  for (const resolve of reads) resolve();
  await cache.settled();
  expect([asked, failed]).toEqual([2, []]);
});

it('a request that went to the origin while the store was read undoes nothing where no version is compared', async () => {
  const clock = createVirtualClock(START);
  const memory = new MemoryCacheStore({ clock });
  const reads: (() => void)[] = [];
  let isHeld = false;
  const store: CacheStore = {
    ...bareStore(memory),
    async get<T>(key: string) {
      const read = await memory.get<T>(key);
      if (isHeld && key === `http:${URL_1}#`) await new Promise<void>((go) => reads.push(go));
      return read;
    },
  };
  const made = world({ ttl: 60 }, {}, { clock, store });
  const body = deferred<void>();
  const slow = new ReadableStream({
    async pull(controller) {
      await body.promise;
      controller.enqueue(new TextEncoder().encode('first'));
      controller.close();
    },
  });
  const origin = gated(made, (n) => new Response(n === 1 ? slow : 'own'));
  const leading = made.send(request());
  await expect.poll(() => origin.waiting.length, SOON).toBe(1);
  isHeld = true;
  const joining = made.send(request());
  await expect.poll(() => reads.length, SOON).toBe(1);
  isHeld = false;
  await origin.open();
  await expect.poll(() => origin.waiting.length, SOON).toBe(1);
  await origin.open();
  expect(await (await joining).text()).toBe('own');
  body.resolve();
  expect(await (await leading).text()).toBe('first');
  await settle();
  for (const go of reads) go();
  await made.cache.settled();
  made.origin = () => new Response('again');
  expect(await (await made.get()).text()).toBe('first');
  expect(made.asked.length).toBe(2);
});

/** A store in which the test holds the reads of the page, from when it says so. */
function holding() {
  const clock = createVirtualClock(START);
  const memory = new MemoryCacheStore({ clock });
  const reads: (() => void)[] = [];
  const state = { isHeld: false };
  const store = storeLike(memory, {
    getIfPresent: undefined,
    async getVersioned(key: string) {
      const read = await memory.getVersioned(key);
      const isHeld = state.isHeld && key === `http:${URL_1}#`;
      if (isHeld) await new Promise<void>((go) => reads.push(go));
      return read;
    },
  });
  return { made: world({ ttl: 60 }, {}, { clock, store }), reads, state };
}

it('a request that waits for a load does not wait for the store once it cannot share the response', async () => {
  const { made, reads, state } = holding();
  const origin = gated(made, privately);
  const first = made.send(request());
  await expect.poll(() => origin.waiting.length, SOON).toBe(1);
  state.isHeld = true;
  const second = made.send(request());
  await expect.poll(() => reads.length, SOON).toBe(1);
  await origin.open();
  await expect.poll(() => origin.waiting.length, SOON).toBe(1);
  await origin.open();
  expect(await texts([first, second])).toEqual(['user 1', 'user 2']);
  // Otherwise the time limit of the store has ended the wait.
  expect(made.events.filter(({ type }) => type === 'store-error')).toEqual([]);
  for (const go of reads) go();
  await made.cache.settled();
});

it.each([
  ['that is private', PRIVATE],
  ['of a failure', { status: 503 }],
])('a response %s that comes too late for its client is cancelled', async (_name, init) => {
  const made = world({ ttl: 60, staleIfError: '1h', softTimeout: '20ms' });
  await made.get();
  made.clock.advance(61_000);
  const late = deferred<void>();
  let isCancelled = false;
  made.origin = async () => {
    await late.promise;
    const body = new ReadableStream({
      cancel() {
        isCancelled = true;
      },
    });
    return new Response(body, init);
  };
  expect(await (await made.send(request())).text()).toBe('body');
  late.resolve();
  await made.cache.settled();
  expect(isCancelled).toBe(true);
});
