import { type ResponseCacheOptions, responseKey } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { storeLike, watched } from '../cache-service/helpers.js';
import { gated, START, settle, URL_1, world } from './helpers.js';

const KEY = responseKey(new Request(URL_1)) ?? '';

function pair(options: ResponseCacheOptions = { ttl: 600 }) {
  const clock = createVirtualClock(START);
  const shared = { clock, store: new MemoryCacheStore({ clock }) };
  return [world(options, {}, shared), world(options, {}, shared)] as const;
}

const byLanguage = (version: string) => (request: Request) =>
  new Response(`${version} ${request.headers.get('accept-language')}`, {
    headers: { vary: 'accept-language' },
  });

describe('variants', () => {
  it('are loaded once each', async () => {
    const [made, other] = pair();
    made.origin = other.origin = byLanguage('1');
    for (const language of ['de', 'en', 'fr', 'de', 'en', 'fr'])
      expect(await (await made.get({ 'accept-language': language })).text()).toBe(`1 ${language}`);
    expect(made.asked.length).toBe(3);
    for (const language of ['fr', 'de', 'en'])
      expect(await (await other.get({ 'accept-language': language })).text()).toBe(`1 ${language}`);
    expect(other.asked.length).toBe(0);
  });

  it.each([
    ['del of the key', (made: ReturnType<typeof world>) => made.cache.del(KEY)],
    [
      'a POST to the URL',
      (made: ReturnType<typeof world>) => made.send(new Request(URL_1, { method: 'POST' })),
    ],
    ['clear', (made: ReturnType<typeof world>) => made.cache.clear()],
  ])('are all invalidated by %s, also in another process', async (_name, invalidate) => {
    const [made, other] = pair();
    made.origin = byLanguage('1');
    for (const language of ['de', 'en', 'fr']) await made.get({ 'accept-language': language });
    made.origin = other.origin = byLanguage('2');
    await invalidate(other);
    made.clock.advance(6_000);
    for (const language of ['de', 'en', 'fr'])
      expect(await (await made.get({ 'accept-language': language })).text()).toBe(`2 ${language}`);
  });

  it('of before an invalidation never come back, although their index is lost', async () => {
    const [made, other] = pair();
    made.origin = other.origin = byLanguage('1');
    for (const language of ['de', 'en']) await made.get({ 'accept-language': language });
    await other.cache.del(KEY);
    await made.store.del(KEY);
    made.origin = other.origin = byLanguage('2');
    for (const each of [other, made])
      for (const language of ['de', 'en'])
        expect(await (await each.get({ 'accept-language': language })).text()).toBe(
          `2 ${language}`,
        );
  });

  it('are served only if their own Vary matches, whatever the index says', async () => {
    const [made] = pair();
    // The URL varies by more headers from its second response on.
    let vary = 'x-a';
    made.origin = ({ headers }) =>
      new Response(`${headers.get('x-a')} ${headers.get('x-b')}`, { headers: { vary } });
    await made.get({ 'x-a': '1', 'x-b': '1' });
    vary = 'x-a, x-b';
    await made.get({ 'x-a': '2', 'x-b': '1' });
    for (const b of ['1', '2', '3'])
      expect(await (await made.get({ 'x-a': '2', 'x-b': b })).text()).toBe(`2 ${b}`);
  });

  it('are bounded: further ones pass through, and those that are kept stay hits', async () => {
    const [made] = pair();
    made.origin = byLanguage('1');
    for (let i = 0; i < 80; i++) await made.get({ 'accept-language': `l${i}` });
    expect(made.asked.length).toBe(80);
    await made.get({ 'accept-language': 'l0' });
    await made.get({ 'accept-language': 'l50' });
    expect(made.asked.length).toBe(80);
    const passed = await made.get({ 'accept-language': 'l79' });
    expect(made.asked.length).toBe(81);
    expect(passed.headers.get('cache-status')).not.toContain('stored');
    expect(made.reasons()).toContain('variants');
    const index = await made.cache.get<{ variants: unknown[] }>(KEY);
    expect(index?.variants.length).toBe(64);
  });

  it('of header values that are too long to be part of a key pass through', async () => {
    const [made] = pair();
    made.origin = byLanguage('1');
    await made.get({ 'accept-language': 'de' });
    const long = 'x'.repeat(4_097);
    for (const times of [2, 3]) {
      expect(await (await made.get({ 'accept-language': long })).text()).toBe(`1 ${long}`);
      expect(made.asked.length).toBe(times);
    }
    expect(made.reasons().slice(1)).toEqual(['vary', 'vary']);
  });

  it('learn from the index of another process before the origin is asked', async () => {
    const [made, other] = pair();
    made.origin = other.origin = byLanguage('1');
    await made.get({ 'accept-language': 'de' });
    await other.get({ 'accept-language': 'en' });
    await other.get({ 'accept-language': 'de' });
    await made.get({ 'accept-language': 'en' });
    expect(made.asked.length + other.asked.length).toBe(2);
  });

  it('are asked of the origin if the URL varies by more headers with every look', async () => {
    const clock = createVirtualClock(START);
    const memory = new MemoryCacheStore({ clock });
    const other = world({}, {}, { clock, store: memory });
    const names: string[] = [];
    // So that the version of all records is there before the first read.
    await other.get({}, `${URL_1}/other`);
    const store = storeLike(memory, {
      getIfPresent: undefined,
      async get(key: string) {
        if (key === KEY && names.length < 2) {
          names.push(`x-${names.length}`);
          const index = { kind: 'index', key: KEY, names: [...names], tags: [], variants: [] };
          await other.cache.set(KEY, index, 600);
        }
        return memory.get(key);
      },
    });
    const made = world({ ttl: 60 }, {}, { clock, store });
    const response = await made.get();
    expect(response.headers.get('cache-status')).toBe('glasswork; fwd=vary-miss');
    expect(await response.text()).toBe('body');
  });

  it('are no limit to a response of their URL that varies by nothing', async () => {
    const [made] = pair();
    made.origin = byLanguage('1');
    for (let i = 0; i < 64; i++) await made.get({ 'accept-language': `l${i}` });
    made.origin = () => new Response('for all');
    for (let i = 0; i < 2; i++)
      expect(await (await made.get({ 'accept-language': 'l99' })).text()).toBe('for all');
    expect(made.asked.length).toBe(65);
  });

  it('of two processes that load at the same time are both in the index', async () => {
    const [made, other] = pair();
    const answering = [made, other].map((each, i) => {
      const name = `x-${i}`;
      return { ...gated(each, () => new Response('body', { headers: { vary: name } })), each };
    });
    const all = answering.map(({ each }) => each.send(new Request(URL_1)));
    await settle();
    for (const { open, each } of answering) {
      await open();
      await each.cache.settled();
    }
    await Promise.all(all);
    expect(await made.cache.get(KEY)).toMatchObject({ names: ['x-0', 'x-1'] });
  });

  it('are told apart while their index is still being written', async () => {
    const clock = createVirtualClock(START);
    const memory = new MemoryCacheStore({ clock });
    const writes: (() => void)[] = [];
    const store = storeLike(memory, {
      getIfPresent: undefined,
      async setIfUnchanged(...args: Parameters<MemoryCacheStore['setIfUnchanged']>) {
        if (args[0] === KEY) await new Promise<void>((go) => writes.push(go));
        return memory.setIfUnchanged(...args);
      },
    });
    const made = world({ ttl: 600 }, {}, { clock, store });
    made.origin = byLanguage('1');
    for (const language of ['de', 'en', 'de']) {
      const request = new Request(URL_1, { headers: { 'accept-language': language } });
      expect(await (await made.send(request)).text()).toBe(`1 ${language}`);
    }
    expect(writes.length).toBeGreaterThan(0);
    expect(made.asked.length).toBe(2);
    for (const go of writes) go();
  });

  it('of another process are known once the index has been written with them', async () => {
    const [made, other] = pair();
    const varying = (name: string) => () => new Response(name, { headers: { vary: name } });
    other.origin = varying('x-b');
    made.origin = async () => {
      made.origin = varying('x-a');
      await other.get({ 'x-b': '1' });
      return made.origin(new Request(URL_1));
    };
    await made.get({ 'x-a': '1' });
    made.events.length = 0;
    await made.get({ 'x-a': '2', 'x-b': '2' });
    const misses = made.events.filter((each) => each.type === 'miss' && each.key.includes('#'));
    expect(misses).toHaveLength(1);
  });

  it('are one each in the index, however often they are loaded', async () => {
    const [made] = pair({ ttl: 60, staleTTL: 1 });
    made.origin = byLanguage('1');
    for (let i = 0; i < 3; i++) {
      await made.get({ 'accept-language': 'de' });
      made.clock.advance(31_000);
    }
    expect(made.asked.length).toBe(3);
    expect(await indexed(made)).toBe(1);
  });

  it('leave the index of their URL with the next one after their end', async () => {
    const [made] = pair({ ttl: 60 });
    made.origin = byLanguage('1');
    for (const language of ['de', 'en']) await made.get({ 'accept-language': language });
    expect(await indexed(made)).toBe(2);
    made.clock.advance(59_999);
    await made.get({ 'accept-language': 'fr' });
    expect(await indexed(made)).toBe(3);
    made.clock.advance(1);
    await made.get({ 'accept-language': 'it' });
    expect(await indexed(made)).toBe(2);
  });

  it('are all that an index is for: a URL that varies by nothing has none', async () => {
    const [made] = pair();
    made.origin = () => new Response('body');
    await made.get();
    await made.get({ 'accept-language': 'de' });
    expect(await indexed(made)).toBeUndefined();
  });

  it.each([
    [29_999, 0],
    [30_000, 1],
  ])('have their times in the index written again after %i of 60,000 ms: %i', async (ms, times) => {
    const clock = createVirtualClock(START);
    const { store, calls } = watched(new MemoryCacheStore({ clock }));
    const made = world({ ttl: 60, staleTTL: 1 }, {}, { clock, store });
    made.origin = byLanguage('1');
    const writes = async () => {
      calls.length = 0;
      await made.get({ 'accept-language': 'de' });
      return calls.filter(({ operation, args }) => /^(set|add)/.test(operation) && args[0] === KEY)
        .length;
    };
    expect(await writes()).toBe(1);
    clock.advance(ms);
    expect(await writes()).toBe(times);
  });

  it('are found by the other process although they came with a new header of Vary', async () => {
    const [made, other] = pair();
    let vary = 'x-a';
    made.origin = other.origin = ({ headers }) =>
      new Response(`${headers.get('x-a')} ${headers.get('x-b')}`, { headers: { vary } });
    await made.get({ 'x-a': '1' });
    vary = 'x-a, x-b';
    await made.get({ 'x-a': '2', 'x-b': '1' });
    await made.get({ 'x-a': '2', 'x-b': '2' });
    const before = other.asked.length;
    expect(await (await other.get({ 'x-a': '2', 'x-b': '2' })).text()).toBe('2 2');
    expect(other.asked.length).toBe(before);
  });
});

/** How many variants the index of the URL has. */
async function indexed(made: ReturnType<typeof world>): Promise<number | undefined> {
  return (await made.cache.get<{ variants: unknown[] }>(KEY))?.variants.length;
}
