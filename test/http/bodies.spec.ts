import { describe, expect, it } from 'vitest';
import { settle, URL_1, type World, world } from './helpers.js';

const SOON = { timeout: 4_000 };
const bytes = (text: string) => new TextEncoder().encode(text);

/** A body that the test writes. */
function written(headers: Record<string, string> = {}) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const cancelled: unknown[] = [];
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel: (reason) => void cancelled.push(reason),
  });
  return {
    response: () => new Response(body, { headers }),
    cancelled,
    write: (text: string) => controller?.enqueue(bytes(text)),
    close: () => controller?.close(),
    fail: () => controller?.error(new Error('connection lost')),
  };
}

const ask = (made: World) => made.send(new Request(URL_1));

describe('a body without Content-Length', () => {
  it('streams to the leader at once, is joined by nobody, and is stored after a clean end', async () => {
    const made = world({ ttl: 60 });
    const body = written();
    made.origin = body.response;
    const leading = ask(made);
    await expect.poll(() => made.asked.length, SOON).toBe(1);
    // It joins the load before anybody knows that it is a stream.
    made.origin = () => new Response('own');
    const joining = ask(made);
    body.write('one');
    const leader = await leading;
    expect(await (await joining).text()).toBe('own');
    const reader = leader.body?.getReader();
    expect((await reader?.read())?.value).toEqual(Buffer.from('one'));
    expect(await (await ask(made)).text()).toBe('own');
    expect(made.reasons()).toContain('stream');
    body.write('two');
    body.close();
    await reader?.read();
    await made.cache.settled();
    expect(await (await ask(made)).text()).toBe('onetwo');
  });

  it('is not stored after a broken end, which its client sees', async () => {
    const made = world({ ttl: 60 });
    const body = written();
    made.origin = body.response;
    const leader = await ask(made);
    body.write('half');
    body.fail();
    await expect(leader.text()).rejects.toThrow('connection lost');
    await made.cache.settled();
    made.origin = () => new Response('whole');
    expect(await (await ask(made)).text()).toBe('whole');
  });

  it('is stored although its client goes away', async () => {
    const made = world({ ttl: 60 });
    const body = written();
    made.origin = body.response;
    await (await ask(made)).body?.cancel();
    body.write('all');
    body.close();
    await made.cache.settled();
    expect(body.cancelled).toEqual([]);
    expect(await (await ask(made)).text()).toBe('all');
  });

  it('above the limit passes through whole, at the pace of its client', async () => {
    const made = world({ ttl: 60, maxBodyBytes: 10 });
    const body = written();
    made.origin = body.response;
    const leader = await ask(made);
    body.write('123456789');
    body.write('0abc');
    body.write('def');
    body.close();
    expect(await leader.text()).toBe('1234567890abcdef');
    await made.cache.settled();
    made.origin = () => new Response('again');
    expect(await (await ask(made)).text()).toBe('again');
  });

  it('above the limit ends with its client', async () => {
    const made = world({ ttl: 60, maxBodyBytes: 3 });
    const body = written();
    made.origin = body.response;
    const leader = await ask(made);
    body.write('1234');
    await made.cache.settled();
    await leader.body?.cancel('gone');
    expect(body.cancelled).toEqual(['gone']);
  });

  it('above the limit ends although its client has gone before', async () => {
    const made = world({ ttl: 60, maxBodyBytes: 3 });
    const body = written();
    made.origin = body.response;
    await (await ask(made)).body?.cancel();
    expect(body.cancelled).toEqual([]);
    body.write('1234');
    await made.cache.settled();
    expect(body.cancelled.length).toBe(1);
  });

  it('above the limit ends with the refresh that nobody waits for', async () => {
    const made = world({ ttl: 60, staleTTL: 10, maxBodyBytes: 3 });
    made.origin = () => new Response('1');
    await made.get();
    made.clock.advance(11_000);
    const body = written();
    made.origin = body.response;
    expect(await (await ask(made)).text()).toBe('1');
    body.write('1234');
    await made.cache.settled();
    expect(body.cancelled.length).toBe(1);
  });

  it('that takes longer than it is fresh is not stored', async () => {
    const made = world();
    const body = written({ 'cache-control': 'max-age=60' });
    made.origin = body.response;
    const leader = await ask(made);
    made.clock.advance(60_000);
    body.close();
    await leader.text();
    await made.cache.settled();
    expect(made.events.map(({ type }) => type)).not.toContain('fill');
  });

  it('of text or bytes is shared and stored like one with it', async () => {
    const made = world({ ttl: 60 });
    made.origin = () => Response.json({ a: 1 });
    const all = await Promise.all([ask(made), ask(made), ask(made)]);
    expect(await Promise.all(all.map((each) => each.json()))).toEqual([
      { a: 1 },
      { a: 1 },
      { a: 1 },
    ]);
    expect(made.asked.length).toBe(1);
  });
});

describe('a body with Content-Length', () => {
  it('is waited for by all, and shared', async () => {
    const made = world({ ttl: 60 });
    const body = written({ 'content-length': '6' });
    made.origin = body.response;
    const all = [ask(made), ask(made)];
    await expect.poll(() => made.asked.length, SOON).toBe(1);
    body.write('one');
    await settle();
    body.write('two');
    body.close();
    for (const each of all) expect(await (await each).text()).toBe('onetwo');
    expect(made.asked.length).toBe(1);
  });

  it('is stored if it is as long as may be', async () => {
    const made = world({ ttl: 60, maxBodyBytes: 4 });
    made.origin = () => new Response('body', { headers: { 'content-length': '4' } });
    for (let i = 0; i < 2; i++) expect(await (await made.get()).text()).toBe('body');
    expect(made.asked.length).toBe(1);
  });

  it('that takes longer than it is fresh is not stored, and does not say so', async () => {
    const made = world();
    const body = written({ 'cache-control': 'max-age=60', 'content-length': '3' });
    made.origin = body.response;
    const loading = ask(made);
    await expect.poll(() => made.asked.length, SOON).toBe(1);
    await settle();
    made.clock.advance(60_000);
    body.write('all');
    body.close();
    const response = await loading;
    expect(response.headers.get('cache-status')).toBe('glasswork; fwd=miss; ttl=0');
    expect(await response.text()).toBe('all');
  });
});

describe('a response that passes through', () => {
  it.each<[string, Record<string, string>]>([
    ['an event stream', { 'content-type': 'text/event-stream; charset=utf-8' }],
    ['one whose Content-Length is above the limit', { 'content-length': '1000000' }],
  ])('is not held back: %s', async (_name, headers) => {
    const made = world({ ttl: 60 });
    const body = written(headers);
    made.origin = body.response;
    const reader = (await ask(made)).body?.getReader();
    body.write('first');
    expect((await reader?.read())?.value).toEqual(bytes('first'));
    await reader?.cancel();
    expect(body.cancelled.length).toBe(1);
  });

  it.each(['0x4', '4.0', '+4', '1e1', '3', '5'])(
    'is not stored with the Content-Length %s of four bytes',
    async (length) => {
      const made = world({ ttl: 60 });
      made.origin = () => new Response('body', { headers: { 'content-length': length } });
      for (let i = 0; i < 2; i++) expect(await (await made.get()).text()).toBe('body');
      expect(made.asked.length).toBe(2);
    },
  );

  it('is one of 192 KB and a byte by default', async () => {
    const made = world({ ttl: 60 });
    for (const [size, loads] of [
      [196_608, 1],
      [196_609, 2],
    ] as const) {
      const url = `${URL_1}?${size}`;
      made.asked.length = 0;
      made.origin = () => new Response('x'.repeat(size));
      await (await made.get({}, url)).text();
      expect((await (await made.get({}, url)).text()).length).toBe(size);
      expect(made.asked.length).toBe(loads);
    }
  });
});
