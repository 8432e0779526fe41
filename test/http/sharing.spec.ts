import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { storeLike } from '../cache-service/helpers.js';
import { counting, gated, START, settle, URL_1, world } from './helpers.js';

const SOON = { timeout: 4_000 };
const request = (headers: Record<string, string> = {}) => new Request(URL_1, { headers });

const privately = (n: number) =>
  new Response(`user ${n}`, { headers: { 'cache-control': 'private' } });

describe('concurrent requests', () => {
  it('share one load of a storable response', async () => {
    const made = world({ ttl: 60 });
    const origin = gated(made, (n) => new Response(`body ${n}`));
    const all = Array.from({ length: 50 }, () => made.send(request()));
    await settle();
    expect(made.asked.length).toBe(1);
    await origin.open();
    const responses = await Promise.all(all);
    const bodies = await Promise.all(responses.map((each) => each.text()));
    expect(new Set(bodies)).toEqual(new Set(['body 1']));
    const statuses = responses.map((each) => each.headers.get('cache-status'));
    expect(statuses.filter((each) => each?.includes('collapsed')).length).toBe(49);
  });

  it('share it until it has been written', async () => {
    const clock = createVirtualClock(START);
    const memory = new MemoryCacheStore({ clock });
    const fills: (() => void)[] = [];
    const store = storeLike(memory, {
      getIfPresent: undefined,
      async setIfUnchanged(...args: Parameters<MemoryCacheStore['setIfUnchanged']>) {
        if (args[0] === `http:${URL_1}#`) await new Promise<void>((go) => fills.push(go));
        return memory.setIfUnchanged(...args);
      },
    });
    const made = world({ ttl: 60 }, {}, { clock, store });
    made.origin = counting();
    const first = made.send(request());
    await expect.poll(() => fills.length, SOON).toBe(1);
    const second = made.send(request());
    await settle();
    for (const go of fills) go();
    for (const each of [first, second]) expect(await (await each).text()).toBe('1');
  });

  it('share no body of a response that may not be stored, and call their own origin at once', async () => {
    const made = world({ ttl: 60 });
    const origin = gated(made, privately);
    const all = Array.from({ length: 50 }, () => made.send(request()));
    await settle();
    await origin.open();
    // All of them at the same time, not one after the other.
    expect(origin.waiting.length).toBe(49);
    await origin.open();
    const bodies = await Promise.all((await Promise.all(all)).map((each) => each.text()));
    expect(new Set(bodies).size).toBe(50);
  });

  it('wait for nobody for some seconds after such a response, and then try again', async () => {
    const made = world({ ttl: 60 });
    const origin = gated(made, privately);
    const first = made.send(request());
    await settle();
    await origin.open();
    await first;
    const all = Array.from({ length: 50 }, () => made.send(request()));
    await settle();
    expect(origin.waiting.length).toBe(50);
    await origin.open();
    await Promise.all(all);
    made.clock.advance(11_000);
    const later = Array.from({ length: 50 }, () => made.send(request()));
    await settle();
    expect(origin.waiting.length).toBe(1);
    await origin.open();
    await origin.open();
    await Promise.all(later);
  });

  it('learn that from the store in another process', async () => {
    const clock = createVirtualClock(START);
    const shared = { clock, store: new MemoryCacheStore({ clock }) };
    const [first, second] = [world({ ttl: 60 }, {}, shared), world({ ttl: 60 }, {}, shared)];
    first.origin = second.origin = counting(() => ({ headers: { 'cache-control': 'no-store' } }));
    await first.get();
    const origin = gated(second, privately);
    const all = Array.from({ length: 12 }, () => second.send(request()));
    await settle();
    expect(origin.waiting.length).toBe(12);
    await origin.open();
    await Promise.all(all);
    expect(second.reasons()[0]).toBe('no-store');
  });

  it('in 12 processes with leases wait for the first and then for nobody', async () => {
    const clock = createVirtualClock(START);
    const shared = { clock, store: new MemoryCacheStore({ clock }) };
    const processes = Array.from({ length: 12 }, () => world({ ttl: 60, lease: true }, {}, shared));
    const origins = processes.map((made) =>
      gated(
        made,
        () => new Response(crypto.randomUUID(), { headers: { 'cache-control': 'private' } }),
      ),
    );
    const all = processes.map((made) => made.send(request()));
    const asked = () => origins.reduce((sum, { waiting }) => sum + waiting.length, 0);
    await expect.poll(asked, SOON).toBe(1);
    await origins.find(({ waiting }) => waiting.length > 0)?.open();
    await expect.poll(asked, SOON).toBe(11);
    await Promise.all(origins.map(({ open }) => open()));
    const bodies = await Promise.all((await Promise.all(all)).map((each) => each.text()));
    expect(new Set(bodies).size).toBe(12);
  });

  it('share nothing if Vary selects other header values than theirs', async () => {
    const made = world({ ttl: 60 });
    const origin = gated(made, (_n, { headers }) => {
      return new Response(headers.get('x-user'), { headers: { vary: 'x-user' } });
    });
    const all = ['a', 'b', 'a', 'c'].map((user) => made.send(request({ 'x-user': user })));
    await settle();
    expect(made.asked.length).toBe(1);
    await origin.open();
    await origin.open();
    const bodies = await Promise.all((await Promise.all(all)).map((each) => each.text()));
    expect(bodies).toEqual(['a', 'b', 'a', 'c']);
  });

  it.each<Record<string, string>>([
    { authorization: 'Bearer 1' },
    { cookie: 'session=1' },
    { range: 'bytes=0-1' },
    { 'if-match': '"1"' },
    { 'if-unmodified-since': 'Tue, 01 Jan 2030 00:00:00 GMT' },
    { 'content-length': '1' },
    { 'transfer-encoding': 'chunked' },
  ])('neither lead nor join with %o', async (headers) => {
    const made = world({ ttl: 60 });
    const origin = gated(made, (n) => new Response(`body ${n}`));
    const led = made.send(request());
    await settle();
    // They do not join the running load.
    const others = [made.send(request(headers)), made.send(request(headers))];
    await settle();
    expect(made.asked.length).toBe(3);
    await origin.open();
    await Promise.all([led, ...others]);
    // Nor does anybody join theirs.
    const again = world({ ttl: 60 });
    const slow = gated(again, (n) => new Response(`body ${n}`));
    const alone = again.send(request(headers));
    await settle();
    const plain = again.send(request());
    await settle();
    expect(again.asked.length).toBe(2);
    await slow.open();
    const bodies = await Promise.all([alone, plain].map(async (each) => (await each).text()));
    expect(new Set(bodies).size).toBe(2);
    expect(again.asked.length).toBe(2);
  });

  it.each(['nothing', 'a response for all'])(
    'with credentials neither lead nor join where %s is stored',
    async (stored) => {
      const made = world({ ttl: 60 });
      if (stored !== 'nothing') await made.get();
      const origin = gated(made, (n) => new Response(`user ${n}`));
      const all = ['a', 'b', 'c'].map((user) => made.send(request({ cookie: user })));
      await settle();
      expect(origin.waiting.length).toBe(3);
      await origin.open();
      const bodies = await Promise.all(all.map(async (each) => (await each).text()));
      expect(new Set(bodies).size).toBe(3);
      expect(made.reasons().slice(-3)).toEqual(Array(3).fill('credentials'));
    },
  );

  it('with credentials get none that is stored for others between two looks', async () => {
    const clock = createVirtualClock(START);
    const memory = new MemoryCacheStore({ clock });
    const other = world({ ttl: 60 }, {}, { clock, store: memory });
    // So that the version of all records is there before the first read.
    await other.get({}, `${URL_1}/other`);
    const store = storeLike(memory, {
      getIfPresent: undefined,
      async get(key: string) {
        const read = await memory.get(key);
        if (key === `http:${URL_1}#`) await other.get();
        return read;
      },
    });
    const made = world({ ttl: 60 }, {}, { clock, store });
    made.origin = () => new Response('mine');
    expect(await (await made.get({ cookie: 'a=1' })).text()).toBe('mine');
    expect(other.asked.length).toBe(2);
  });

  it('with credentials store what is public, each time that nothing is stored', async () => {
    const made = world();
    made.origin = counting(() => ({ headers: { 'cache-control': 'public, max-age=60' } }));
    for (let i = 0; i < 3; i++) {
      const response = await made.get({ cookie: 'a=1' });
      expect(response.headers.get('cache-status')).toContain('stored');
      await made.cache.del(`http:${URL_1}`);
    }
  });

  it('with credentials share what is known to be public', async () => {
    const made = world();
    made.origin = counting(() => ({ headers: { 'cache-control': 'public, max-age=60' } }));
    await made.get();
    expect(await (await made.get({ cookie: 'a=1' })).text()).toBe('1');
    expect(await (await made.get({ authorization: 'x' })).text()).toBe('1');
    expect(made.asked.length).toBe(1);
  });

  it('get their own error if the load that they joined fails', async () => {
    const made = world({ ttl: 60 });
    const origin = gated(made, (n) => {
      if (n === 1) throw new Error('of user 1');
      return new Response(`body ${n}`);
    });
    const all = Promise.allSettled([made.send(request()), made.send(request())]);
    await settle();
    await origin.open();
    await origin.open();
    const [first, second] = await all;
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'of user 1' } });
    expect(second.status === 'fulfilled' && (await second.value.text())).toBe('body 2');
  });

  it('get their own 5xx', async () => {
    const made = world({ ttl: 60 });
    const origin = gated(made, (n) => new Response(`error ${n}`, { status: 503 }));
    const all = [made.send(request()), made.send(request()), made.send(request())];
    await settle();
    await origin.open();
    await origin.open();
    const responses = await Promise.all(all);
    expect(responses.map(({ status }) => status)).toEqual([503, 503, 503]);
    const bodies = await Promise.all(responses.map((each) => each.text()));
    expect(new Set(bodies).size).toBe(3);
  });
});

describe('a HEAD that misses', () => {
  it('passes through, and is never stored, led or joined', async () => {
    const made = world({ ttl: 60 });
    const origin = gated(made, (n) => new Response(`body ${n}`));
    const head = made.send(new Request(URL_1, { method: 'HEAD' }));
    await settle();
    const get = made.send(request());
    await settle();
    expect(made.asked.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
    const joining = made.send(new Request(URL_1, { method: 'HEAD' }));
    await settle();
    expect(made.asked.length).toBe(3);
    await origin.open();
    await Promise.all([head, joining]);
    expect(await (await get).text()).toBe('body 2');
  });
});
