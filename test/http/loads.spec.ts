import { describe, expect, it } from 'vitest';
import { at, counting, URL_1, world } from './helpers.js';

const fields = (request: Request | undefined) => Object.fromEntries(request?.headers ?? []);
const SWR = { 'cache-control': 'max-age=60, stale-while-revalidate=60' };

describe('the request of a load', () => {
  it('has no conditions, ranges or signal of the client, whose other headers it keeps', async () => {
    const made = world({ ttl: 60 });
    await made.get({ 'if-none-match': '"1"', 'if-modified-since': at(0), 'x-a': '1' });
    expect(fields(made.asked[0])).toEqual({ 'x-a': '1' });
  });

  it('goes on when the client goes away', async () => {
    const made = world({ ttl: 60 });
    const client = new AbortController();
    let answer: (response: Response) => void = () => {};
    made.origin = () => new Promise((resolve) => (answer = resolve));
    const request = new Request(URL_1, { signal: client.signal });
    const sent = made.send(request);
    await expect.poll(() => made.asked.length).toBe(1);
    client.abort();
    expect(made.asked[0]?.signal.aborted).toBe(false);
    answer(new Response('body'));
    await sent;
    await made.cache.settled();
    expect(await (await made.get()).text()).toBe('body');
    expect(made.asked.length).toBe(1);
  });

  it('after a response has only the headers that Vary names, and nobody’s credentials', async () => {
    const made = world();
    const headers = { ...SWR, 'cache-control': `${SWR['cache-control']}, public`, vary: 'x-a' };
    made.origin = counting(() => ({ headers }));
    await made.get({ 'x-a': '1', 'x-b': '2' });
    // The URL's first response is found under the key of its variant from now on.
    await made.get({ 'x-a': '1' });
    made.clock.advance(61_000);
    const client = new AbortController();
    const credentials = { authorization: 'Bearer 1', cookie: 'a=1' };
    const sent = { 'x-a': '1', 'x-b': '2', ...credentials };
    const stale = await made.send(new Request(URL_1, { headers: sent, signal: client.signal }));
    expect(await stale.text()).toBe('1');
    client.abort();
    await made.cache.settled();
    expect(made.asked.length).toBe(2);
    const { 'if-none-match': etag, ...others } = fields(made.asked[1]);
    expect(others).toEqual({ 'x-a': '1' });
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    expect(made.asked[1]?.signal.aborted).toBe(false);
    expect(made.asked[1]?.method).toBe('GET');
  });

  it('has validators made of the body, and a 304 to them writes the entry anew', async () => {
    const made = world();
    made.origin = (request) =>
      request.headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { ...SWR, 'x-a': '2' } })
        : new Response('body', { headers: { ...SWR, 'x-a': '1' } });
    await made.get();
    made.clock.advance(61_000);
    await made.get();
    const refreshed = await made.get();
    expect(await refreshed.text()).toBe('body');
    expect(refreshed.headers.get('x-a')).toBe('2');
    expect(refreshed.headers.get('age')).toBe('0');
    expect(refreshed.headers.get('cache-status')).toContain('hit; ttl=60');
    expect(made.asked.length).toBe(2);
  });

  it('that gets a 304 with private drops what was stored', async () => {
    const made = world();
    made.origin = (request) =>
      request.headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { 'cache-control': 'private' } })
        : new Response('body', { headers: SWR });
    await made.get();
    made.clock.advance(61_000);
    await made.get();
    expect((await made.get()).headers.get('cache-status')).toBe('glasswork; fwd=miss');
  });

  it('hands the Set-Cookie of a 304 to its own client alone', async () => {
    const made = world();
    const headers = { 'cache-control': 'max-age=60' };
    made.origin = (request) =>
      request.headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { ...headers, 'set-cookie': 'user=1' } })
        : new Response('body', { headers });
    await made.get();
    made.clock.advance(61_000);
    const own = await made.get();
    expect([own.status, own.headers.get('set-cookie')]).toEqual([200, 'user=1']);
    expect(await own.text()).toBe('body');
    made.origin = () => new Response('new');
    expect((await made.get()).headers.get('set-cookie')).toBe(null);
  });
});

describe('a failed load', () => {
  it.each([500, 502, 503])('of status %i never replaces a good response', async (status) => {
    const made = world();
    const cacheControl = 'max-age=60, stale-while-revalidate=60, stale-if-error=3600';
    made.origin = () => new Response('good', { headers: { 'cache-control': cacheControl } });
    await made.get();
    const bad = { status, headers: { 'cache-control': 'max-age=3600' } };
    made.origin = () => new Response('bad', bad);
    made.clock.advance(61_000);
    await made.get();
    made.clock.advance(120_000);
    const replaced = await made.get();
    expect(await replaced.text()).toBe('good');
    expect(replaced.headers.get('cache-status')).toContain('fwd=stale');
    expect(replaced.headers.get('cache-control')).toBe('max-age=0, s-maxage=0');
    made.origin = () => new Response('new', { headers: { 'cache-control': cacheControl } });
    expect(await (await made.get()).text()).toBe('new');
  });

  it('is replaced until the last millisecond of stale-if-error', async () => {
    const made = world({ ttl: 60, staleIfError: 10 });
    await made.get();
    made.origin = () => new Response('bad', { status: 503 });
    made.clock.advance(69_999);
    expect(await (await made.get()).text()).toBe('body');
    made.clock.advance(1);
    expect(await (await made.get()).text()).toBe('bad');
  });

  it('that is replaced ends, so that its connection is free again', async () => {
    const made = world({ ttl: 60, staleIfError: '1h' });
    await made.get();
    made.clock.advance(61_000);
    let isCancelled = false;
    const cancel = () => {
      isCancelled = true;
    };
    made.origin = () => new Response(new ReadableStream({ cancel }), { status: 503 });
    expect(await (await made.get()).text()).toBe('body');
    expect(isCancelled).toBe(true);
  });

  it('that throws rejects with its own error', async () => {
    const made = world({ ttl: 60 });
    made.origin = () => Promise.reject(new RangeError('broken'));
    await expect(made.get()).rejects.toThrow(RangeError);
  });

  it('is replaced after softTimeout', async () => {
    const made = world({ softTimeout: '5ms' });
    const cacheControl = 'max-age=60, stale-if-error=3600';
    made.origin = () => new Response('good', { headers: { 'cache-control': cacheControl } });
    await made.get();
    made.clock.advance(61_000);
    let answer: (response: Response) => void = () => {};
    made.origin = () => new Promise((resolve) => (answer = resolve));
    const late = await made.send(new Request(URL_1));
    expect(await late.text()).toBe('good');
    expect(late.headers.get('cache-control')).toBe('max-age=0, s-maxage=0');
    expect(made.asked[1]?.headers.has('x-glasswork-refresh')).toBe(false);
    answer(new Response('new', { headers: { 'cache-control': cacheControl } }));
    await made.cache.settled();
    expect(await (await made.get()).text()).toBe('new');
  });
});

describe('a 304', () => {
  it('about another representation is no reason to keep the stored one: the origin is asked again', async () => {
    const made = world({ staleIfError: '1h' });
    const headers = (etag: string) => ({ etag, 'cache-control': 'max-age=5' });
    made.origin = () => new Response('old', { headers: headers('"1"') });
    await made.get();
    made.clock.advance(6_000);
    made.origin = (asked) =>
      asked.headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: headers('"2"') })
        : new Response('new', { headers: headers('"2"') });
    expect(await (await made.get()).text()).toBe('new');
    expect(await (await made.get()).text()).toBe('new');
    expect(made.asked.length).toBe(3);
  });

  it('that nobody asked for goes to its client, and is not stored', async () => {
    const made = world({ ttl: 60 });
    made.origin = () => new Response(null, { status: 304 });
    expect((await made.get()).status).toBe(304);
    expect((await made.get()).status).toBe(304);
    expect(made.asked.length).toBe(2);
  });

  it('with the weak form of the stored ETag is about the stored one', async () => {
    const made = world({ staleIfError: '1h' });
    const headers = (etag: string) => ({ etag, 'cache-control': 'max-age=5' });
    made.origin = () => new Response('old', { headers: headers('"1"') });
    await made.get();
    made.clock.advance(6_000);
    made.origin = () => new Response(null, { status: 304, headers: headers('W/"1"') });
    expect(await (await made.get()).text()).toBe('old');
    expect(made.asked.length).toBe(2);
  });
});
