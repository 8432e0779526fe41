import type { ResponseCacheOptions } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { storeLike } from '../cache-service/helpers.js';
import { counting, gated, START, settle, URL_1, type World, world } from './helpers.js';

const RECORD = `http:${URL_1}#`;

/** A store that this process does not hold. Its reads are told to the test, which may hold their answers. */
function elsewhere(onRead: (key: string) => Promise<void> | undefined = () => undefined) {
  const clock = createVirtualClock(START);
  const memory = new MemoryCacheStore({ clock });
  const getVersioned = async (key: string) => {
    const read = await memory.getVersioned(key);
    await onRead(key);
    return read;
  };
  return { clock, store: storeLike(memory, { getIfPresent: undefined, getVersioned }) };
}

/** Changes the record of the URL, as a poisoned store would. */
async function change({ store }: World, changes: object): Promise<void> {
  const entry = await store.get<{ value: object }>(RECORD);
  if (!entry) throw new Error('nothing was stored');
  await store.set(RECORD, { ...entry, value: { ...entry.value, ...changes } }, 60);
}

describe('a hit in a store that this process does not hold', () => {
  it('takes one read, and is reported once', async () => {
    const reads: string[] = [];
    const made = world(
      { ttl: 60 },
      {},
      elsewhere((key) => void reads.push(key)),
    );
    await made.get();
    reads.length = 0;
    made.events.length = 0;
    const before = made.cache.stats().hits;
    expect((await made.get()).headers.get('cache-status')).toBe('glasswork; hit; ttl=60');
    expect(reads.filter((key) => !key.startsWith('#'))).toEqual([RECORD]);
    expect(made.cache.stats().hits - before).toBe(1);
    expect(made.events.map(({ type }) => type)).toEqual(['hit', 'response']);
  });

  it('is not served after a deletion by this process that comes while it is read', async () => {
    let hold: Promise<void> | undefined;
    let isRead = () => {};
    const shared = elsewhere((key) => {
      if (key !== RECORD || !hold) return undefined;
      isRead();
      return hold;
    });
    const made = world({ ttl: 60 }, {}, shared);
    made.origin = counting();
    await made.get();
    let go = () => {};
    const reading = new Promise<void>((resolve) => (isRead = resolve));
    hold = new Promise((resolve) => (go = resolve));
    const got = made.send(new Request(URL_1));
    await reading;
    hold = undefined;
    await made.cache.del(`http:${URL_1}`);
    go();
    expect(await (await got).text()).toBe('2');
  });

  it.each<[string, object, Record<string, string>, string]>([
    ['of another URL', { key: `http:${URL_1}/b` }, {}, 'uri-miss'],
    ['of other header values', { vary: [['x-a', '1']] }, {}, 'vary-miss'],
    ['that is too old by its own times', { freshMs: 0 }, {}, 'stale'],
    ['that cannot be answered with', { status: 99 }, {}, 'miss'],
  ])('is none of a record %s', async (_name, changes, headers, fwd) => {
    const made = world({ ttl: 60 }, {}, elsewhere());
    made.origin = counting();
    await made.get();
    await change(made, changes);
    const response = await made.get(headers);
    expect(await response.text()).toBe('2');
    expect(response.headers.get('cache-status')).toContain(`fwd=${fwd};`);
  });

  it('is none of a note that requests pass', async () => {
    const made = world({ ttl: 60 }, {}, elsewhere());
    const other = world({ ttl: 60 }, {}, made);
    made.origin = counting(() => ({ headers: { 'cache-control': 'private' } }));
    other.origin = counting();
    await made.get();
    const passed = await other.get();
    expect(passed.headers.get('cache-status')).toBe('glasswork; fwd=miss');
    expect(other.reasons()).toEqual(['private']);
  });

  it('is given to a request with a cookie only if it is public', async () => {
    const statusOf = async (control: string) => {
      const made = world({ ttl: 60 }, {}, elsewhere());
      made.origin = () => new Response('', { headers: { 'cache-control': control } });
      await made.get();
      return (await made.get({ cookie: 'user=1' })).headers.get('cache-status');
    };
    expect(await statusOf('max-age=60')).toBe('glasswork; fwd=request');
    expect(await statusOf('max-age=60, public')).toBe('glasswork; hit; ttl=60');
  });

  it('is answered with 304 to a request that has it', async () => {
    const made = world({ ttl: 60 }, {}, elsewhere());
    made.origin = () => new Response('body', { headers: { etag: '"a"' } });
    await made.get();
    expect((await made.get({ 'if-none-match': '"a"' })).status).toBe(304);
  });

  it.each<[string, ResponseCacheOptions]>([
    ['early', { ttl: 60, earlyRefresh: Number.MAX_VALUE }],
    ['once it is stale', { ttl: 60, staleTTL: 1 }],
  ])('is refreshed %s', async (_when, options) => {
    const shared = elsewhere(() => void shared.clock.advance(1));
    const made = world(options, {}, shared);
    made.origin = async () => {
      made.clock.advance(1);
      return new Response(String(made.asked.length));
    };
    await made.get();
    made.clock.advance(2_000);
    expect(await (await made.get()).text()).toBe('1');
    expect(made.asked.length).toBe(2);
  });

  it('obeys the directives of the request only if the cache does', async () => {
    const bodyOf = async (honourRequest: boolean) => {
      const made = world({ ttl: 60, honourRequest }, {}, elsewhere());
      made.origin = counting();
      await made.get();
      return (await made.get({ 'cache-control': 'no-cache' })).text();
    };
    expect(await bodyOf(false)).toBe('1');
    expect(await bodyOf(true)).toBe('2');
  });

  it('is what those get who asked before it was stored', async () => {
    const made = world({ ttl: 60 }, {}, elsewhere());
    const origin = gated(made, (n) => new Response(String(n)));
    const all = [1, 2, 3].map(() => made.send(new Request(URL_1)));
    await settle();
    await origin.open();
    const bodies = await Promise.all(all.map(async (each) => (await each).text()));
    expect(bodies).toEqual(['1', '1', '1']);
    expect(await (await made.get()).text()).toBe('1');
  });

  it('leaves the error of the origin to the request that has asked it', async () => {
    const made = world({ ttl: 60 }, {}, elsewhere());
    made.origin = () => Promise.reject(new Error('no origin'));
    await expect(made.get()).rejects.toThrow('no origin');
  });
});
