import { type CacheConfig, TieredCacheStore } from '@glasswork/cache';
import type { ResponseCacheOptions } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { storeLike } from '../cache-service/helpers.js';
import { counting, START, URL_1, world } from './helpers.js';

const TAG = '#tag::t';

/** A store in this process whose reads with a version are told to the test, which may hold their answers. */
function watchedStore(onRead: (key: string) => Promise<void> | undefined) {
  const clock = createVirtualClock(START);
  const memory = new MemoryCacheStore({ clock });
  const getVersioned = async (key: string) => {
    const read = await memory.getVersioned(key);
    await onRead(key);
    return read;
  };
  return { clock, store: storeLike(memory, { getVersioned }) };
}

describe('a hit that this process holds', () => {
  it('is counted as a hit once, and reported as one', async () => {
    const made = world({ ttl: 60 });
    await made.get();
    made.events.length = 0;
    const before = made.cache.stats().hits;
    expect((await made.get()).headers.get('cache-status')).toBe('glasswork; hit; ttl=60');
    expect(made.cache.stats().hits - before).toBe(1);
    expect(made.events).toEqual([
      expect.objectContaining({ type: 'hit', key: `http:${URL_1}#`, state: 'fresh' }),
      expect.objectContaining({ type: 'response', outcome: 'hit', key: `http:${URL_1}` }),
    ]);
  });

  it('ends with the deletion of its URL, also by another process', async () => {
    const made = world({ ttl: 60 });
    const other = world({ ttl: 60 }, {}, made);
    made.origin = counting();
    await made.get();
    await made.get();
    await other.cache.del(`http:${URL_1}`);
    expect(await (await made.get()).text()).toBe('2');
  });

  it('is read by its own store although an upper tier holds it, if its tags have changed', async () => {
    const clock = createVirtualClock(START);
    const last = new MemoryCacheStore({ clock });
    const tiers = () => new TieredCacheStore([new MemoryCacheStore({ clock }), last]);
    const here = world({ ttl: 60, tags: ['t'] }, {}, { clock, store: tiers() });
    const there = world({ ttl: 60, tags: ['t'] }, {}, { clock, store: tiers() });
    here.origin = counting();
    await here.get();
    await here.get();
    await there.cache.invalidateTags(['t']);
    expect(await (await here.get()).text()).toBe('2');
  });

  it('is not served after an invalidation by this process that comes while the versions are read', async () => {
    let hold: Promise<void> | undefined;
    let isRead = () => {};
    const shared = watchedStore((key) => {
      if (key !== TAG || !hold) return undefined;
      isRead();
      return hold;
    });
    const made = world({ ttl: 60, tags: ['t'] }, {}, shared);
    made.origin = counting();
    await made.get();
    let go = () => {};
    const reading = new Promise<void>((resolve) => (isRead = resolve));
    hold = new Promise((resolve) => (go = resolve));
    const got = made.send(new Request(URL_1));
    await reading;
    hold = undefined;
    await made.cache.invalidateTags(['t']);
    go();
    expect(await (await got).text()).toBe('2');
  });

  it('is not served by a cache that obeys the directives of requests', async () => {
    const made = world({ ttl: 60, honourRequest: true });
    made.origin = counting();
    await made.get();
    expect(await (await made.get({ 'cache-control': 'no-cache' })).text()).toBe('2');
  });

  it('is refreshed early', async () => {
    const made = world({ ttl: 60, earlyRefresh: Number.MAX_VALUE });
    made.origin = async () => {
      made.clock.advance(1);
      return new Response(String(made.asked.length));
    };
    await made.get();
    await made.get();
    expect(made.asked.length).toBe(2);
  });

  it('is refreshed early by the origin, although the first response of its URL is still fresh', async () => {
    const shared = watchedStore(() => {
      // The store takes a while, too, because what costs no time is not refreshed early.
      shared.clock.advance(1);
      return undefined;
    });
    const made = world({ ttl: 60, earlyRefresh: Number.MAX_VALUE }, {}, shared);
    made.origin = counting(() => ({ headers: { vary: 'x-v' } }));
    for (let i = 0; i < 2; i++) expect(await (await made.get({ 'x-v': '1' })).text()).toBe('1');
    expect(made.asked.length).toBe(1);
    await made.get({ 'x-v': '1' });
    expect(made.asked.length).toBe(2);
  });

  it('costs no read of its value, and none of its tags within tagTTL', async () => {
    const readsOfHit = async (
      options: ResponseCacheOptions,
      config: CacheConfig = {},
      headers: Record<string, string> = {},
    ) => {
      const reads: string[] = [];
      const made = world(
        options,
        config,
        watchedStore((key) => void reads.push(key)),
      );
      made.origin = () => new Response('body', { headers: { 'cache-control': 'public' } });
      await made.get();
      reads.length = 0;
      await made.get(headers);
      return reads;
    };
    expect(await readsOfHit({ ttl: 60 })).toEqual([]);
    expect(await readsOfHit({ ttl: 60, tags: ['t'] })).toEqual([TAG]);
    expect(await readsOfHit({ ttl: 60, tags: ['t'] }, { tagTTL: 60 })).toEqual([]);
    const cookie = { cookie: 'user=1' };
    expect(await readsOfHit({ ttl: 60 }, {}, cookie)).toEqual([]);
  });

  it('costs no read from its second time on, if another process has stored it', async () => {
    const reads: string[] = [];
    const shared = watchedStore((key) => void reads.push(key));
    const [made, other] = [world({ ttl: 60 }, {}, shared), world({ ttl: 60 }, {}, shared)];
    await made.get();
    await other.get();
    reads.length = 0;
    expect((await other.get()).headers.get('cache-status')).toContain('hit');
    expect(reads).toEqual([]);
  });

  it('of a store elsewhere does not wait for the index of its URL', async () => {
    const clock = createVirtualClock(START);
    const memory = new MemoryCacheStore({ clock });
    await world({ ttl: 60 }, {}, { clock, store: memory }).get();
    const store = storeLike(memory, {
      getIfPresent: undefined,
      get: (key: string) => (key === `http:${URL_1}` ? new Promise(() => {}) : memory.get(key)),
    });
    const made = world({ ttl: 60 }, {}, { clock, store });
    const hit = await made.send(new Request(URL_1));
    expect(hit.headers.get('cache-status')).toContain('hit');
  });

  it.each<[string, object, Record<string, string>]>([
    ['of another URL', { key: `http:${URL_1}/b` }, {}],
    ['that is no response', { kind: 'pass', reason: 'private' }, {}],
    ['of other header values', { vary: [['x-a', '1']] }, {}],
    ['that a request with a cookie may not have', { isPublic: false }, { cookie: 'user=1' }],
    ['that is fresh for a shorter time than its entry', { freshMs: 5_000 }, {}],
  ])('of a record %s is none, and no answer to HEAD', async (_name, changes, headers) => {
    const made = world({ ttl: 60 });
    made.origin = counting(() => ({ headers: { 'cache-control': 'max-age=60, public' } }));
    await made.get();
    const entry = await made.store.get<{ value: object }>(`http:${URL_1}#`);
    if (!entry) throw new Error('nothing was stored');
    Object.assign(entry.value, changes);
    await made.store.set(`http:${URL_1}#`, entry, 60);
    made.clock.advance(5_000);
    const head = await made.send(new Request(URL_1, { method: 'HEAD', headers }));
    expect(head.headers.get('cache-status')).toContain('fwd=miss');
    expect(await (await made.get(headers)).text()).toBe('3');
  });

  it('is served until the last millisecond of its freshness', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting();
    await made.get();
    made.clock.advance(59_999);
    expect(await (await made.get()).text()).toBe('1');
    made.clock.advance(1);
    expect(await (await made.get()).text()).toBe('2');
  });

  it('is served once another process has stored it, although its like could not be stored a moment ago', async () => {
    const made = world({ ttl: 60 });
    const other = world({ ttl: 60 }, {}, made);
    made.origin = counting(() => ({ headers: { 'cache-control': 'private' } }));
    await made.get();
    made.clock.advance(6_000);
    await made.get();
    made.clock.advance(5_000);
    await other.get();
    expect(await (await made.get()).text()).toBe('body');
    expect(made.asked.length).toBe(2);
  });

  it('of a poisoned record is none', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting();
    await made.get();
    const entry = await made.store.get<{ value: { status: number } }>(`http:${URL_1}#`);
    if (!entry) throw new Error('nothing was stored');
    entry.value.status = 99;
    await made.store.set(`http:${URL_1}#`, entry, 60);
    expect(await (await made.get()).text()).toBe('2');
  });
});
