import { CacheService } from '@glasswork/cache';
import { responseCache, responseKey } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { describe, expect, it } from 'vitest';
import { counting, URL_1, world } from './helpers.js';

const FRESH = 'max-age=60';

describe('hostile headers of a response', () => {
  it.each<[string, Record<string, string>]>([
    ['Vary on 200 names', { vary: Array.from({ length: 200 }, (_, i) => `x-${i}`).join(', ') }],
    ['Vary on an invalid name', { vary: 'a b' }],
    ['64 KB of Cache-Control', { 'cache-control': `${FRESH}, ${'x=1, '.repeat(13_000)}` }],
    ['64 KB of header fields', { 'x-large': 'x'.repeat(65_536) }],
    ['a date of year 0', { 'cache-control': '', expires: 'Sat, 01 Jan 0000 00:00:00 GMT' }],
    ['a control character', { 'x-a': 'a\x01b' }],
    ['a negative max-age', { 'cache-control': 'max-age=-1' }],
    ['contradicting directives', { 'cache-control': 'max-age=60, max-age=0' }],
    ['a body shorter than Content-Length', { 'content-length': '100' }],
    ['a Content-Length that is no number', { 'content-length': '1e1' }],
  ])('pass through with %s', async (_name, headers) => {
    const made = world();
    made.origin = counting(() => ({ headers: { 'cache-control': FRESH, ...headers } }));
    expect(await (await made.get()).text()).toBe('1');
    expect(await (await made.get()).text()).toBe('2');
    expect(made.events.some(({ type }) => type === 'response')).toBe(true);
    expect(made.events.some(({ type }) => type === 'corrupt')).toBe(false);
  });

  it('are no reason to hold a request for long', async () => {
    const made = world();
    const nasty = [
      '"'.repeat(8_000),
      `${' '.repeat(8_000)}x`,
      '\\"'.repeat(4_000),
      ','.repeat(8_000),
    ];
    const began = performance.now();
    for (const value of nasty) {
      made.origin = () =>
        new Response('', { headers: { 'cache-control': value, vary: value.replaceAll('\\', '') } });
      await made.get();
      await made.get({ 'if-none-match': value, 'cache-control': value });
    }
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('with selecting values of 100 KB are not stored', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting(() => ({ headers: { vary: 'x-a' } }));
    await made.get({ 'x-a': 'x'.repeat(100_000) });
    expect(await (await made.get({ 'x-a': 'x'.repeat(100_000) })).text()).toBe('2');
  });
});

describe('hostile URLs', () => {
  it('of 10,000 parameters, or of 100 KB, pass through with an event', async () => {
    const made = world({ ttl: 60 });
    made.origin = counting();
    const query = Array.from({ length: 10_000 }, (_, i) => i.toString(36)).join('&');
    for (const url of [
      `${URL_1}?${query}`,
      `${URL_1}?${'a&'.repeat(300)}`,
      `${URL_1}/${'x'.repeat(100_000)}`,
    ]) {
      await made.get({}, url);
      await made.get({}, url);
    }
    expect(made.asked.length).toBe(6);
    expect(new Set(made.reasons())).toEqual(new Set(['long-url', 'many-parameters']));
  });
});

it('a record of another URL names no headers by which this one varies', async () => {
  const made = world({ ttl: 60 });
  const [key, other] = [URL_1, `${URL_1}/b`].map((url) => responseKey(new Request(url)) ?? '');
  const index = { kind: 'index', key: other, names: ['x-a'], tags: [], variants: [] };
  await made.cache.set(key ?? '', index, 600);
  made.origin = counting(() => ({ headers: { vary: 'x-b' } }));
  // Too long to be part of a key.
  const headers = { 'x-a': 'a'.repeat(5_000), 'x-b': '1' };
  for (let i = 0; i < 3; i++) expect(await (await made.get(headers)).text()).toBe('1');
});

describe('keys', () => {
  const key = (url: string, options = {}) => responseKey(new Request(url), options);

  it.each([
    ['https://a.test/x?b=2&a=1', 'https://a.test/x?a=1&b=2'],
    ['https://a.test/x#one', 'https://a.test/x#two'],
    ['https://A.test:443/x', 'https://a.test/x'],
  ])('of %s and %s are the same', (one, other) => {
    expect(key(one)).toBe(key(other));
  });

  it.each([
    ['https://a.test/x?a=1&a=2', 'https://a.test/x?a=2&a=1'],
    ['https://a.test/x?a=1%26b=2', 'https://a.test/x?a=1&b=2'],
    ['https://a.test/x?a', 'https://a.test/x?a='],
    ['https://a.test/x?a=%FF', 'https://a.test/x?a=%FE'],
    ['https://a.test/x%3Fa=1', 'https://a.test/x?a=1'],
    ['https://a.test/x%23', 'https://a.test/x'],
    ['https://a.test//b.test/x', 'https://a.test/b.test/x'],
    ['http://a.test/x', 'https://a.test/x'],
    ['https://a.test/x?a&&b', 'https://a.test/x?a&b'],
  ])('of %s and %s differ', (one, other) => {
    expect(key(one)).not.toBe(key(other));
  });

  it('of the user never meet those of a URL, nor the variants of another', async () => {
    const own = (text: string) => key(URL_1, { key: () => text }) ?? '';
    expect(own(URL_1)).not.toBe(key(URL_1));
    expect(own('a#')).not.toBe(`${own('a')}#`);
    expect(own('a%23')).not.toBe(own('a#'));
    const cache = new CacheService(new MemoryCacheStore());
    const [one, other] = [
      responseCache(cache, { ttl: 60 }),
      responseCache(cache, { ttl: 60, key: () => `${URL_1}#` }),
    ];
    expect(await (await one(new Request(URL_1), () => new Response('one'))).text()).toBe('one');
    expect(await (await other(new Request(URL_1), () => new Response('other'))).text()).toBe(
      'other',
    );
  });

  it('leave the query out, or all but some names', () => {
    const url = 'https://a.test/x?b=2&utm=1&a=1&a=0&%61=3';
    expect(key(url, { query: 'none' })).toBe(key('https://a.test/x'));
    expect(key(url, { query: ['a'] })).toBe('http:https://a.test/x?%61=3&a=1&a=0');
    expect(key(url, { query: [] })).toBe(key('https://a.test/x'));
    expect(key(url, { origin: 'https://b.test', query: 'none' })).toBe(key('https://b.test/x'));
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['returns a number', () => 7 as unknown as string],
    ['returns undefined', () => undefined],
  ])('whose function %s pass through', async (_name, own) => {
    const made = world({ ttl: 60, key: own });
    made.origin = counting();
    await made.get();
    expect(await (await made.get()).text()).toBe('2');
  });
});

describe('a poisoned record', () => {
  const page = {
    ...{ kind: 'page', key: `http:${URL_1}`, status: 200, headers: { 'x-a': '1' }, text: 'poison' },
    ...{ vary: [], tags: [], receivedMs: 0, ageMs: 0, freshMs: 1e15, staleMs: 0, errorMs: 0 },
    ...{ isPublic: true, isExplicit: true },
  };
  it.each<[string, unknown]>([
    ['text', 'poison'],
    ['null', null],
    ['an array', []],
    ['of another kind', { ...page, kind: 'x' }],
    ['with status 99', { ...page, status: 99 }],
    ['with status 1000', { ...page, status: 1000 }],
    ['with status 101', { ...page, status: 101 }],
    ['with status 503', { ...page, status: 503 }],
    ['with a status that is text', { ...page, status: '200' }],
    ['with a body for 204', { ...page, status: 204 }],
    ['with a line break in a field', { ...page, headers: { 'x-a': '1\r\nset-cookie: a=1' } }],
    ['with a line break in a name', { ...page, headers: { 'x-a\r\nx-b': '1' } }],
    ['with an empty name', { ...page, headers: { '': '1' } }],
    ['with a field beyond Latin-1', { ...page, headers: { 'x-a': '💥' } }],
    ['with Set-Cookie', { ...page, headers: { 'set-cookie': 'sid=1' } }],
    ['with a length of its own', { ...page, headers: { 'content-length': '3' } }],
    ['with Transfer-Encoding', { ...page, headers: { 'transfer-encoding': 'chunked' } }],
    ['with Connection in capitals', { ...page, headers: { Connection: 'x-a' } }],
    ['with half a body in base64', { ...page, text: undefined, base64: 'QUJ' }],
    ['with an age below 0', { ...page, ageMs: -1 }],
    ['with times that no date has', { ...page, freshMs: 1e308 }],
    ['with fields of a wrong form', { ...page, headers: [['x-a', '1']] }],
    ['with a body of a wrong type', { ...page, text: 7 }],
    ['with times that are no numbers', { ...page, receivedMs: 'now' }],
    ['with times beyond all bounds', { ...page, freshMs: Number.POSITIVE_INFINITY }],
    ['with Vary of a wrong form', { ...page, vary: [['x-a']] }],
    ['of another URL', { ...page, key: 'http:https://example.com/b' }],
    ['that is an index', { kind: 'index', key: page.key, names: [], tags: [], variants: [] }],
    ['that is an index of a wrong form', { kind: 'index', key: page.key, names: ['a b'] }],
  ])('%s is a miss and an event', async (_name, record) => {
    const made = world({ ttl: 60 });
    for (const name of [page.key, `${page.key}#`]) await made.cache.set(name, record, 600);
    const response = await made.get();
    expect([response.status, await response.text()]).toEqual([200, 'body']);
    expect(response.headers.has('set-cookie')).toBe(false);
    const told = made.events.some(
      (event) => event.type === 'corrupt' || (event.type === 'miss' && event.reason === 'unusable'),
    );
    expect(told).toBe(true);
    expect(await (await made.get()).text()).toBe('body');
    expect(made.asked.length).toBe(1);
  });

  it('that is the index of another URL adds nothing to the own one', async () => {
    const made = world({ ttl: 60 });
    const foreign = { kind: 'index', key: 'http:https://example.com/b', names: ['x-other'] };
    await made.cache.set(page.key, { ...foreign, tags: ['other'], variants: [] }, 600);
    made.origin = () => new Response('body', { headers: { vary: 'accept-language' } });
    await made.get();
    expect(await made.cache.get(page.key)).toMatchObject({
      ...{ kind: 'index', key: page.key, names: ['accept-language'], tags: [] },
    });
  });

  it('that is sound is a hit, so that the others prove something', async () => {
    const made = world({ ttl: 60 });
    await made.cache.set(`${page.key}#`, { ...page, receivedMs: made.clock.now() }, 600);
    expect(await (await made.get()).text()).toBe('poison');
  });
});

describe('options', () => {
  it.each<[string, object]>([
    ['query', { query: 'some' }],
    ['key', { key: 'text' }],
    ['tags', { tags: [1] }],
    ['tagHeader', { tagHeader: 'a b' }],
    ['maxBodyBytes', { maxBodyBytes: 0 }],
    ['origin', { origin: 'example.com' }],
    ['fetch', { fetch: true }],
    ['ttl', { ttl: -1 }],
    ['staleTTL', { ttl: 10, staleTTL: 10 }],
  ])('are refused when %s is wrong', (name, options) => {
    const cache = new CacheService(new MemoryCacheStore());
    expect(() => responseCache(cache, options)).toThrow(expect.objectContaining({ subject: name }));
  });

  it('are refused without a service', () => {
    expect(() => responseCache({} as CacheService)).toThrow(/CacheService/);
  });
});

it.each([204, 205])('a %d that claims to have a body passes', async (status) => {
  const made = world();
  const headers = { 'cache-control': 'max-age=60', 'content-length': '5' };
  made.origin = () => new Response(null, { status, headers });
  const response = await made.get();
  expect([response.status, response.body]).toEqual([status, null]);
  expect(made.reasons()).toEqual(['incomplete']);
});
