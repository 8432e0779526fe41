import { describe, expect, it } from 'vitest';
import { type Outgoing, passOn, respond, type Source } from '../../../src/http/pages/outgoing.js';
import type { Page } from '../../../src/http/pages/stored.js';
import { at, START } from '../helpers.js';
import { page } from './page.js';

const PLAIN: Outgoing = { tagHeader: undefined, prefix: undefined, fitsEdge: () => true };
const EDGE: Outgoing = { ...PLAIN, tagHeader: 'Cache-Tag' };
const OWN: Outgoing = { ...PLAIN, tagHeader: 'x-tags' };

interface Asked {
  readonly seconds?: number;
  readonly outgoing?: Outgoing;
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

function answer(changes: Partial<Page>, source: Source, asked: Asked = {}): Response {
  const { seconds = 0, outgoing = PLAIN, headers = {}, method = 'GET' } = asked;
  const request = { method, headers: new Headers(headers) };
  return respond(page(changes), source, { asked: request, now: START + seconds * 1000, outgoing });
}

const control = (field: string, more: Partial<Page> = {}): Partial<Page> => ({
  headers: { 'cache-control': field },
  isExplicit: true,
  ...more,
});
const FRESH: Source = { state: 'fresh' };
const LOADED: Source = { state: 'loaded' };

describe('Cache-Control on the way out', () => {
  it.each<[string, Partial<Page>, Source, Asked, string | null]>([
    ['is passed from the origin', control('max-age=60'), LOADED, {}, 'max-age=60'],
    [
      'of a hit has the time left',
      control('max-age=60'),
      FRESH,
      { seconds: 9.5 },
      'max-age=60, s-maxage=50',
    ],
    ['of a hit replaces s-maxage', control('s-maxage=60'), FRESH, { seconds: 9 }, 's-maxage=51'],
    [
      'of who joined has the time left',
      control('max-age=60'),
      { state: 'joined' },
      {},
      'max-age=60, s-maxage=60',
    ],
    ['of a route with a ttl is absent', {}, FRESH, {}, null],
    ['of a route with a ttl is for an edge only', {}, FRESH, { outgoing: EDGE }, 's-maxage=60'],
    ['of a route with tags in another header is absent', {}, FRESH, { outgoing: OWN }, null],
    [
      'loaded for an edge is passed',
      control('max-age=60'),
      LOADED,
      { outgoing: EDGE },
      'max-age=60',
    ],
    [
      'joined for an edge is not kept there',
      control('max-age=60'),
      { state: 'joined' },
      { outgoing: EDGE },
      'max-age=60, s-maxage=0',
    ],
    [
      'of an uncertain load is not kept at an edge',
      control('s-maxage=60'),
      { ...LOADED, isUncertain: true },
      {},
      's-maxage=0',
    ],
    [
      'of too many tags is not kept at an edge',
      control('s-maxage=60'),
      LOADED,
      { outgoing: { ...EDGE, fitsEdge: () => false } },
      's-maxage=0',
    ],
    [
      'of too many tags in another header is passed',
      control('s-maxage=60'),
      LOADED,
      { outgoing: { ...OWN, fitsEdge: () => false } },
      's-maxage=60',
    ],
    [
      'of a route with a ttl is for an edge when it is loaded, too',
      {},
      LOADED,
      { outgoing: EDGE },
      's-maxage=60',
    ],
    [
      'of an uncertain load lets no edge serve it stale',
      control('max-age=60, stale-while-revalidate=9, stale-if-error=9'),
      { ...LOADED, isUncertain: true },
      { outgoing: EDGE },
      'max-age=60, s-maxage=0',
    ],
    [
      'of a stale one is used up',
      control('public, max-age=60, immutable'),
      { state: 'stale' },
      {},
      'public, max-age=0, s-maxage=0',
    ],
    [
      'of the last good one is used up',
      control('stale-if-error=9'),
      { state: 'last-good' },
      {},
      'max-age=0, s-maxage=0',
    ],
    [
      'is used up when no time is left',
      control('max-age=60'),
      FRESH,
      { seconds: 60 },
      'max-age=0, s-maxage=0',
    ],
    [
      'is not used up before',
      control('max-age=60'),
      FRESH,
      { seconds: 59 },
      'max-age=60, s-maxage=1',
    ],
  ])('%s', (_name, changes, source, asked, expected) =>
    expect(answer(changes, source, asked).headers.get('cache-control')).toBe(expected),
  );

  it('of a stale response leaves no Expires beside it', () => {
    const changes: Partial<Page> = { headers: { expires: at(60) }, isExplicit: true };
    expect(answer(changes, { state: 'stale' }).headers.has('expires')).toBe(false);
    expect(answer(changes, FRESH).headers.get('expires')).toBe(at(60));
  });
});

describe('a field that an edge obeys in place of Cache-Control', () => {
  const names = ['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control'];
  const FIELD = 'max-age=3600, stale-while-revalidate=9, no-transform';
  const changes = control('max-age=60', {
    headers: { etag: '"a"', ...Object.fromEntries(names.map((name) => [name, FIELD])) },
  });
  const fieldsOf = ({ headers }: Response) => new Set(names.map((name) => headers.get(name)));
  const asked = { 'if-none-match': '"a"' };

  it.each<[string, Source, Asked]>([
    ['stale', { state: 'stale' }, {}],
    ['over', FRESH, { seconds: 60 }],
    ['the last good one', { state: 'last-good' }, {}],
    ['uncertain', { ...LOADED, isUncertain: true }, { outgoing: EDGE }],
    ['joined', { state: 'joined' }, { outgoing: EDGE }],
    ['of too many tags', LOADED, { outgoing: { ...EDGE, fitsEdge: () => false } }],
  ])('lets none keep a response that is %s, nor its 304', (_name, source, how) => {
    const kept = new Set(['no-transform, max-age=0']);
    expect(fieldsOf(answer(changes, source, how))).toEqual(kept);
    const unmodified = answer(changes, source, { ...how, headers: asked });
    expect([unmodified.status, fieldsOf(unmodified)]).toEqual([304, kept]);
  });

  it.each<[Source, Asked]>([
    [FRESH, { seconds: 59 }],
    [LOADED, { outgoing: EDGE }],
    [FRESH, { headers: asked }],
  ])("is the origin's on a fresh response, %j %j", (source, how) => {
    expect(fieldsOf(answer(changes, source, how))).toEqual(new Set([FIELD]));
  });

  it('lets none keep a response that only passes', () => {
    const passing = () => new Response('', { headers: names.map((name) => [name, FIELD]) });
    const tags = { key: undefined, tags: [] };
    expect(fieldsOf(passOn(passing(), 'miss', tags, EDGE))).toEqual(
      new Set(['no-transform, max-age=0']),
    );
    expect(fieldsOf(passOn(passing(), 'miss', tags, PLAIN))).toEqual(new Set([FIELD]));
  });
});

describe('the fields of an answer', () => {
  it.each<[Source, number, string]>([
    [FRESH, 1, 'glasswork; hit; ttl=59'],
    [{ state: 'stale' }, 61, 'glasswork; hit; ttl=-1'],
    [{ state: 'stale' }, 1, 'glasswork; hit; ttl=0'],
    [{ state: 'last-good' }, 61, 'glasswork; fwd=stale; ttl=-1'],
    [LOADED, 0, 'glasswork; fwd=miss; ttl=60'],
    [{ ...LOADED, isStored: true }, 0, 'glasswork; fwd=miss; stored; ttl=60'],
    [{ state: 'joined', isStored: true }, 0, 'glasswork; fwd=miss; collapsed; ttl=60'],
    [{ ...LOADED, fwd: 'request' }, 0, 'glasswork; fwd=request; ttl=60'],
  ])('of %j after %d s name it %s', (source, seconds, expected) =>
    expect(answer({}, source, { seconds }).headers.get('cache-status')).toBe(expected),
  );

  it('come after those of caches nearer to the origin', () => {
    const changes: Partial<Page> = { headers: { 'cache-status': 'origin; hit' } };
    expect(answer(changes, FRESH).headers.get('cache-status')).toBe(
      'origin; hit, glasswork; hit; ttl=60',
    );
  });

  it('have the age in whole seconds', () => {
    expect(answer({ ageMs: 5_600 }, FRESH, { seconds: 2.5 }).headers.get('age')).toBe('8');
  });

  it('name the tags for an edge alone', () => {
    expect(answer({ tags: ['t'] }, FRESH, { outgoing: EDGE }).headers.get('cache-tag')).toMatch(
      /t/,
    );
    expect(answer({ tags: ['t'] }, FRESH, { outgoing: OWN }).headers.has('x-tags')).toBe(false);
  });
});

describe('the body of an answer', () => {
  it('is the text, with its length in bytes', async () => {
    const response = answer({ text: 'é', headers: { 'content-type': 'text/plain' } }, FRESH);
    expect(response.headers.get('content-length')).toBe('2');
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.text()).toBe('é');
  });

  it('gets no type that the origin did not send', async () => {
    const response = answer({ text: 'plain' }, FRESH);
    expect(response.headers.has('content-type')).toBe(false);
    expect(await response.text()).toBe('plain');
  });

  it('is the bytes', async () => {
    const response = answer({ text: undefined, base64: '/wA=' }, FRESH);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([255, 0]);
    expect(response.headers.get('content-length')).toBe('2');
  });

  it.each([
    [{ text: undefined }, 200],
    [{ text: undefined, status: 204 }, 204],
  ])('is absent of %j', (changes, status) => {
    const response = answer(changes, FRESH);
    expect(response.status).toBe(status);
    expect(response.body).toBeNull();
    expect(response.headers.has('content-length')).toBe(false);
  });

  it('is left out for HEAD, but its length is not', async () => {
    const response = answer({}, FRESH, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('4');
    expect(await response.text()).toBe('');
  });
});

describe('a conditional request', () => {
  const TAGGED: Partial<Page> = {
    headers: { etag: '"a"', 'content-type': 'text/plain' },
  };
  const DATED: Partial<Page> = { headers: { 'last-modified': at(-60) } };
  const long = (length: number) => `"a", "${'b'.repeat(length - 7)}"`;

  it.each<[Partial<Page>, Record<string, string>, number]>([
    [TAGGED, { 'if-none-match': '"a"' }, 304],
    [TAGGED, { 'if-none-match': 'W/"a"' }, 304],
    [TAGGED, { 'if-none-match': '"b", "a"' }, 304],
    [TAGGED, { 'if-none-match': ' * ' }, 304],
    [TAGGED, { 'if-none-match': '"b"' }, 200],
    [TAGGED, { 'if-none-match': 'a' }, 200],
    [TAGGED, { 'if-none-match': long(8_192) }, 304],
    [TAGGED, { 'if-none-match': long(8_193) }, 200],
    [{ headers: { etag: 'W/"a"' } }, { 'if-none-match': '"a"' }, 304],
    [{}, { 'if-none-match': '"a"' }, 200],
    [{}, { 'if-none-match': '*' }, 304],
    [{ ...TAGGED, status: 404 }, { 'if-none-match': '"a"' }, 404],
    [DATED, { 'if-modified-since': at(-60) }, 304],
    [DATED, { 'if-modified-since': at(-59) }, 304],
    [DATED, { 'if-modified-since': at(-61) }, 200],
    [DATED, { 'if-modified-since': 'soon' }, 200],
    [DATED, {}, 200],
    [{}, { 'if-modified-since': at(-60) }, 200],
    [DATED, { 'if-modified-since': at(-60), 'if-none-match': '"b"' }, 200],
  ])('for %j with %j is answered %d', (changes, headers, status) =>
    expect(answer(changes, FRESH, { headers }).status).toBe(status),
  );

  it('is answered with the fields of a 304 and with the tags of an edge', () => {
    const headers = { 'if-none-match': '"a"' };
    const plain = answer(TAGGED, FRESH, { headers });
    expect([...plain.headers.keys()]).toEqual(['age', 'cache-status', 'etag']);
    const edge = answer(TAGGED, FRESH, { headers, outgoing: EDGE });
    expect([...edge.headers.keys()]).toEqual([
      ...['age', 'cache-control', 'cache-status', 'cache-tag', 'etag'],
    ]);
  });
});

describe('a response that only passes', () => {
  const origin = (init: ResponseInit) => new Response('body', init);
  const TAGS = { key: 'a.test/', tags: ['t'] };

  it('keeps all but the header with tags', async () => {
    const headers = { 'x-tags': 't', 'cache-tag': 'mine', 'cache-control': 'max-age=9' };
    const init = { status: 201, statusText: 'Made', headers };
    const plain = passOn(origin(init), 'bypass', TAGS, PLAIN);
    expect(plain.headers.get('x-tags')).toBe('t');
    const own = passOn(origin(init), 'bypass', TAGS, OWN);
    expect(Object.fromEntries(own.headers)).toMatchObject({
      ...{ 'cache-tag': 'mine', 'cache-control': 'max-age=9' },
      'cache-status': 'glasswork; fwd=bypass',
    });
    expect(own.headers.has('x-tags')).toBe(false);
    expect([own.status, own.statusText, await own.text()]).toEqual([201, 'Made', 'body']);
  });

  it('has the tags of the edge in place of its own, and is not kept there', () => {
    const headers = { 'cache-tag': 'mine', 'cache-control': 's-maxage=9, public' };
    const edge = passOn(origin({ headers }), 'bypass', TAGS, EDGE);
    expect(edge.headers.get('cache-tag')).toBe('~all,~prefix:,~key:a.test/,t');
    expect(edge.headers.get('cache-control')).toBe('public, s-maxage=0');
  });

  it('is given as it is if it is the error of the network', () => {
    const failed = Response.error();
    expect(passOn(failed, 'bypass', TAGS, EDGE)).toBe(failed);
  });

  it('of status 200 is always marked', () => {
    expect(passOn(origin({}), 'uri-miss', TAGS, PLAIN).headers.get('cache-status')).toBe(
      'glasswork; fwd=uri-miss',
    );
  });
});
