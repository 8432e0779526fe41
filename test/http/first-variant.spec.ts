import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { responseCache, responseKey } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { bareStore, storeLike } from '../cache-service/helpers.js';
import { startAnsweringProxy } from '../servers/answering-proxy.js';
import { startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { counting, gated, START, settle, URL_1, type World, world } from './helpers.js';

const KEY = responseKey(new Request(URL_1)) ?? '';
const FIRST = `${KEY}#`;

/** A memory whose calls for the first response of the URL the test may hold, or answer with the state before them. */
function memory() {
  const clock = createVirtualClock(START);
  const base = new MemoryCacheStore({ clock });
  const state: {
    held?: Promise<void>;
    reply?: Promise<void>;
    old?: Awaited<ReturnType<typeof base.getVersioned>>;
  } = {};
  const store = storeLike(base, {
    getIfPresent: undefined,
    async del(key: string) {
      if (key === FIRST) await state.held;
      await base.del(key);
    },
    async getVersioned(key: string, options?: { consistent?: boolean }) {
      const isLate = key === FIRST && !options?.consistent;
      const read = (isLate && state.old) || (await base.getVersioned(key));
      if (isLate) await state.reply;
      return read;
    },
  });
  return { clock, store, base, state };
}

/** Knows by which header the URL varies, and holds its first response. */
async function withFirst(shared: ReturnType<typeof memory>): Promise<World> {
  const made = world({ ttl: 600 }, {}, shared);
  made.origin = counting(() => ({ headers: { vary: 'x-v' } }));
  await made.get({ 'x-v': 'a' });
  return made;
}

const bodyOf = async (made: World, v = 'a') => (await made.get({ 'x-v': v })).text();

describe('the first response of a URL', () => {
  it('is kept by no edge as it becomes another variant, because nobody compares its versions', async () => {
    const made = world({ ttl: 600, tagHeader: 'cache-tag' }, {}, memory());
    made.origin = counting(() => ({ headers: { vary: 'x-v' } }));
    await made.get({ 'x-v': 'a' });
    const controls = [];
    for (let i = 0; i < 2; i++)
      controls.push((await made.get({ 'x-v': 'a' })).headers.get('cache-control'));
    expect(controls).toEqual(['s-maxage=0', 's-maxage=600']);
    expect(made.asked.length).toBe(1);
  });

  it('becomes another variant for the rest of its time', async () => {
    const made = await withFirst(memory());
    made.clock.advance(200_000);
    made.events.length = 0;
    const hit = await made.get({ 'x-v': 'a' });
    expect(hit.headers.get('cache-status')).toBe('glasswork; hit; ttl=400');
    expect(made.events.flatMap((each) => (each.type === 'fill' ? [each.ttlMs] : []))).toEqual([
      400_000,
    ]);
  });

  it('is not served by a request that read it before it was deleted, once del has ended', async () => {
    const shared = memory();
    const made = world({ ttl: 600 }, {}, shared);
    made.origin = counting();
    await made.get();
    let [go, answer] = [() => {}, () => {}];
    shared.state.held = new Promise((resolve) => (go = resolve));
    shared.state.reply = new Promise((resolve) => (answer = resolve));
    const deleting = made.cache.del(KEY);
    await settle();
    const reading = made.send(new Request(URL_1));
    await settle();
    go();
    await deleting;
    answer();
    expect(await (await reading).text()).toBe('2');
  });

  it('is deleted before the tag of its URL changes', async () => {
    const order: string[] = [];
    const base = new MemoryCacheStore();
    const store = storeLike(base, {
      async del(key: string) {
        await settle();
        order.push(`del ${key}`);
        await base.del(key);
      },
      async set(key: string, value: unknown, ttl: number) {
        order.push(`set ${key}`);
        await base.set(key, value, ttl);
      },
    });
    await new CacheService(store).del(KEY);
    expect(order.slice(0, 2)).toEqual([`del ${FIRST}`, `set #tag::${KEY}`]);
  });

  it.each(['del', 'expire'] as const)('is named with %s if it is not confirmed', async (way) => {
    const base = new MemoryCacheStore();
    const down = (method: 'del' | 'getVersioned') => (key: string) =>
      key === FIRST ? Promise.reject(new Error('down')) : base[method](key);
    const store = storeLike(base, { del: down('del'), getVersioned: down('getVersioned') });
    const cache = new CacheService(store, { onEvent: () => {} });
    await expect(cache[way](KEY)).rejects.toThrow(`did not confirm ${way} (${KEY})`);
  });

  it.each(['del', 'expire'] as const)(
    'of a load under way is not kept after %s, where the store compares no versions',
    async (way) => {
      const clock = createVirtualClock(START);
      const store = bareStore(new MemoryCacheStore({ clock }));
      const made = world({ ttl: 600 }, {}, { clock, store });
      const { open } = gated(made, (n) => new Response(String(n)));
      const first = made.send(new Request(URL_1));
      await settle();
      await made.cache[way](KEY);
      const next = made.send(new Request(URL_1));
      await settle();
      expect(made.asked).toHaveLength(2);
      await open();
      expect(await (await first).text()).toBe('1');
      expect(await (await next).text()).toBe('2');
      const refused = made.events.flatMap((event) =>
        event.type === 'refused' ? event.reason : [],
      );
      expect(refused).toEqual(['invalidated']);
    },
  );

  it('is not copied to its variant after a deletion, by a load that runs while it is deleted', async () => {
    const shared = memory();
    const made = await withFirst(shared);
    let go = () => {};
    shared.state.held = new Promise((resolve) => (go = resolve));
    const deleting = made.cache.del(KEY);
    await settle();
    expect(await bodyOf(made)).toBe('1');
    go();
    await deleting;
    expect(await bodyOf(made)).toBe('2');
  });

  it('is not copied if it is fresh for a shorter time than its entry', async () => {
    const shared = memory();
    const made = await withFirst(shared);
    const entry = await shared.base.get<{ value: { freshMs: number } }>(FIRST);
    if (!entry) throw new Error('nothing was stored');
    entry.value.freshMs = 5_000;
    await shared.base.set(FIRST, entry, 600);
    shared.clock.advance(5_000);
    expect(await bodyOf(made)).toBe('2');
  });

  it('is not copied from a replica that does not know of its deletion yet', async () => {
    const shared = memory();
    const made = await withFirst(shared);
    shared.state.old = await shared.base.getVersioned(FIRST);
    await made.cache.del(KEY);
    expect(await bodyOf(made)).toBe('2');
    expect(await bodyOf(made)).toBe('2');
  });

  it.each(['del', 'expire'] as const)(
    'of a load that began before %s is not the cached one',
    async (way) => {
      const made = world({ ttl: 600 });
      const other = world({ ttl: 600 }, {}, made);
      const { open } = gated(made, (n) => new Response(String(n)));
      const first = made.send(new Request(URL_1));
      await settle();
      await other.cache[way](KEY);
      await open();
      expect(await (await first).text()).toBe('1');
      await made.cache.settled();
      made.origin = () => new Response('new');
      expect(await (await made.get()).text()).toBe('new');
    },
  );

  it('ends with a deletion where a store has no conditions, although its load still runs in another process', async () => {
    const clock = createVirtualClock(START);
    const store = bareStore(new MemoryCacheStore({ clock }));
    const made = world({ ttl: 600 }, {}, { clock, store });
    const other = world({ ttl: 600 }, {}, made);
    const { open } = gated(made, (n) => new Response(String(n)));
    const first = made.send(new Request(URL_1));
    await settle();
    await other.cache.del(KEY);
    await open();
    await first;
    await made.cache.settled();
    made.origin = () => new Response('new');
    expect(await (await made.get()).text()).toBe('new');
  });
});

describe('a hit on DynamoDB', async () => {
  const dynalite = await startDynalite();
  const proxy = await startAnsweringProxy(dynalite.endpoint, () => undefined);
  afterAll(async () => {
    await proxy.stop();
    await dynalite.stop();
  });
  const tableName = await createCacheTable(dynalite.endpoint);

  it('is one read of one record', async () => {
    const store = new DynamoDBCacheStore({
      ...{ tableName, region, endpoint: proxy.endpoint },
      credentials: async () => credentials,
    });
    const cache = new CacheService(store);
    const handle = responseCache(cache, { ttl: 600 });
    const get = async () => {
      const response = await handle(new Request(URL_1), () => new Response('body'));
      await response.text();
      await cache.settled();
      return response.headers.get('cache-status');
    };
    await get();
    const before = proxy.calls.length;
    expect(await get()).toMatch('glasswork; hit');
    expect(proxy.calls.slice(before).map(({ action }) => action)).toEqual(['GetItem']);
    await cache.close();
  });
});
