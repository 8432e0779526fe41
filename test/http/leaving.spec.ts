import { responseKey } from '@glasswork/cache/http';
import { parseList } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import { URL_1, world } from './helpers.js';

const cc = (value: string) => ({ headers: { 'cache-control': value } });
const controlOf = (response: Response) => response.headers.get('cache-control');
const SWR = 'public, max-age=60, s-maxage=60, stale-while-revalidate=60, stale-if-error=600';

describe('a response on its way out', () => {
  it('fresh has its Age, and an s-maxage of at most what is left', async () => {
    const made = world();
    made.origin = () => new Response('a', cc(SWR));
    expect(controlOf(await made.get())).toBe(SWR);
    made.clock.advance(20_500);
    const hit = await made.get();
    expect(hit.headers.get('age')).toBe('20');
    expect(controlOf(hit)).toBe(
      'public, max-age=60, stale-while-revalidate=60, stale-if-error=600, s-maxage=39',
    );
  });

  it('of a ttl of the route says nothing about caches beyond this one', async () => {
    const made = world({ ttl: 60 });
    for (let i = 0; i < 2; i++) expect(controlOf(await made.get())).toBeNull();
  });

  it('stale by time has max-age=0, s-maxage=0 and no stale directives', async () => {
    const made = world();
    made.origin = () => new Response('a', { headers: { 'cache-control': SWR, expires: 'x' } });
    await made.get();
    made.clock.advance(61_000);
    const stale = await made.get();
    expect(controlOf(stale)).toBe('public, max-age=0, s-maxage=0');
    expect(stale.headers.has('expires')).toBe(false);
  });

  it('that replaces a failure has them, too', async () => {
    const made = world();
    made.origin = () => new Response('a', cc(SWR));
    await made.get();
    made.clock.advance(200_000);
    made.origin = () => new Response('b', { status: 500 });
    expect(controlOf(await made.get())).toBe('public, max-age=0, s-maxage=0');
  });

  it('has a Cache-Status that says how it came about, and never its key', async () => {
    const made = world({ ttl: 60, staleTTL: 10 });
    made.origin = () => new Response('a', { headers: { 'cache-status': '"inner"; hit' } });
    const statusOf = async (headers = {}) => {
      const field = (await made.get(headers)).headers.get('cache-status') ?? '';
      expect(field).not.toContain('example');
      return parseList(field).map(([name, parameters]) => [String(name), ...parameters.entries()]);
    };
    const inner = ['inner', ['hit', true]];
    const text = (each: unknown) => JSON.parse(JSON.stringify(each));
    expect(text(await statusOf())).toMatchObject([
      inner,
      ['glasswork', ['fwd', {}], ['stored', true], ['ttl', 10]],
    ]);
    expect(text(await statusOf())).toMatchObject([
      inner,
      ['glasswork', ['hit', true], ['ttl', 10]],
    ]);
    made.clock.advance(15_000);
    expect(text(await statusOf())).toMatchObject([
      inner,
      ['glasswork', ['hit', true], ['ttl', -5]],
    ]);
    expect(text(await statusOf({ range: 'bytes=0-1' }))).toMatchObject([
      inner,
      ['glasswork', ['fwd', {}]],
    ]);
  });

  it('keeps every byte and the content encoding of its body', async () => {
    const made = world({ ttl: 60 });
    const bytes = crypto.getRandomValues(new Uint8Array(5_000));
    made.origin = () => new Response(bytes, { headers: { 'content-encoding': 'br' } });
    await made.get();
    const hit = await made.get();
    expect(new Uint8Array(await hit.arrayBuffer())).toEqual(bytes);
    expect(hit.headers.get('content-encoding')).toBe('br');
    expect(hit.headers.get('content-length')).toBe('5000');
    expect(hit.headers.has('content-type')).toBe(false);
    const marked = '\uFEFFtext with a mark, ä and 💥\0';
    made.origin = () => new Response(marked);
    await made.get({}, 'https://example.com/text');
    const text = await made.get({}, 'https://example.com/text');
    expect(Buffer.from(await text.arrayBuffer()).equals(Buffer.from(marked))).toBe(true);
  });
});

describe('the tag header', () => {
  it('invalidates, and is removed on the way out', async () => {
    const made = world({ ttl: 60, tagHeader: 'x-tags' });
    let version = 1;
    made.origin = () => new Response(String(version), { headers: { 'x-tags': 'a, b' } });
    expect((await made.get()).headers.has('x-tags')).toBe(false);
    const hit = await made.get();
    expect([await hit.text(), hit.headers.has('x-tags')]).toEqual(['1', false]);
    expect(made.asked.length).toBe(1);
    version = 2;
    await made.cache.invalidateTags(['b']);
    expect(await (await made.get()).text()).toBe('2');
    expect(await (await made.get()).text()).toBe('2');
    expect(made.asked.length).toBe(2);
    expect((await made.get({ range: 'bytes=0-1' })).headers.has('x-tags')).toBe(false);
  });

  it('of a CDN names the tags, the key, and all of the prefix', async () => {
    const made = world({ tagHeader: 'cache-tag', tags: ['fixed'] }, { keyPrefix: 'shop' });
    made.origin = () =>
      new Response('a', { headers: { 'cache-control': 'max-age=60', 'cache-tag': 'A,b' } });
    const tags = (await made.get()).headers.get('cache-tag')?.split(',');
    expect(tags).toEqual(expect.arrayContaining(['~all', '~prefix:shop', 'fixed', 'A', 'b']));
    expect(tags?.some((tag) => tag.startsWith('~key:'))).toBe(true);
    expect((await made.get()).headers.get('cache-tag')?.split(',')).toEqual(tags);
  });

  it('of a CDN: more tags than an edge keeps, and tags that differ only in case, are events', async () => {
    const made = world({ tagHeader: 'cache-tag' });
    const tags = Array.from({ length: 60 }, (_, i) => `t${i}`);
    const headers = { 'cache-control': 'max-age=60', 'cache-tag': tags.join() };
    made.origin = () => new Response('a', { headers });
    expect(controlOf(await made.get())).toBe('max-age=60, s-maxage=0');
    expect(controlOf(await made.get())).toBe('max-age=60, s-maxage=0');
    made.origin = () => new Response('a', { headers: { ...headers, 'cache-tag': 'T1' } });
    await made.get({}, 'https://example.com/b');
    const reasons = made.events.flatMap((each) => (each.type === 'edge-tags' ? [each.reason] : []));
    expect(reasons).toEqual(['too-many', 'collision']);
  });

  it('of Fastly is separated by spaces', async () => {
    const made = world({ ttl: 60, tagHeader: 'surrogate-key' });
    made.origin = () => new Response('a', { headers: { 'surrogate-key': 'one two' } });
    await made.get();
    expect((await made.get()).headers.get('surrogate-key')).toMatch(/ one two$/);
    made.origin = () => new Response('b');
    await made.cache.invalidateTags(['two']);
    expect(await (await made.get()).text()).toBe('b');
  });

  it('gives a tag that was invalidated while the response was loaded no chance to be pinned', async () => {
    const first = world({ ttl: 60, tagHeader: 'x-tags' });
    const other = world({}, {}, first);
    const response = (text: string) => new Response(text, { headers: { 'x-tags': 'item:1' } });
    // Another process invalidates between the origin's read and its response.
    first.origin = async () => {
      await other.cache.invalidateTags(['item:1']);
      first.origin = () => response('new');
      return response('old');
    };
    expect(await (await first.get()).text()).toBe('old');
    expect(await (await first.get()).text()).toBe('new');
    expect(await (await first.get()).text()).toBe('new');
  });

  it.each(['a tag of the response', 'the URL', 'the prefix'])(
    'of a CDN: after a change of %s during the load an edge must not keep the response',
    async (what) => {
      const made = world({ tagHeader: 'cache-tag' });
      const headers = { 'cache-control': 'max-age=60', 'cache-tag': 'a' };
      made.origin = async () => {
        if (what === 'the URL') await made.cache.del(responseKey(new Request(URL_1)) ?? '');
        else if (what === 'the prefix') await made.cache.clear();
        else await made.cache.invalidateTags(['a']);
        return new Response('old', { headers });
      };
      expect(controlOf(await made.get())).toBe('max-age=60, s-maxage=0');
      made.origin = () => new Response('new', { headers });
      const next = await made.get({}, 'https://example.com/other');
      expect(controlOf(next)).toBe('max-age=60');
    },
  );

  it('of a CDN: an edge keeps hits, too', async () => {
    const made = world({ tagHeader: 'cache-tag', honourRequest: true });
    made.origin = () => new Response('a', { headers: { 'cache-control': 'max-age=60' } });
    await made.get();
    expect(controlOf(await made.get())).toBe('max-age=60, s-maxage=60');
  });

  it('of a CDN: an edge keeps no response that the cache has no part in', async () => {
    const made = world({ tagHeader: 'cache-tag' });
    const cacheControl = 'public, max-age=60, stale-while-revalidate=60, stale-if-error=60';
    const headers = { 'cache-control': cacheControl, 'cache-tag': 'a' };
    made.origin = () => new Response('x', { headers });
    const passed = await made.get({ range: 'bytes=0-1' });
    expect(controlOf(passed)).toBe('public, max-age=60, s-maxage=0');
    expect(passed.headers.get('cache-tag')).toContain('~all');
  });
});

describe('tags by a function', () => {
  it('see the request and the response', async () => {
    const made = world({
      ttl: 60,
      tags: (request, response) => [
        new URL(request.url).pathname,
        response.headers.get('x-id') ?? '',
      ],
    });
    made.origin = () => new Response('a', { headers: { 'x-id': '7' } });
    await made.get();
    await made.get();
    expect(made.asked.length).toBe(1);
    await made.cache.invalidateTags(['7']);
    await made.get();
    expect(made.asked.length).toBe(2);
    await made.cache.invalidateTags(['/a']);
    await made.get();
    expect(made.asked.length).toBe(3);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['returns text', () => 'a' as unknown as string[]],
  ])('that %s keep the response from being stored', async (_name, tags) => {
    const made = world({ ttl: 60, tags });
    await made.get();
    expect((await made.get()).status).toBe(200);
    expect(made.asked.length).toBe(2);
    expect(made.reasons()[0]).toBe('tags');
  });
});
