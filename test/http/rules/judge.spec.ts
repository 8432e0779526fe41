import { describe, expect, it } from 'vitest';
import type { RouteTimes } from '../../../src/http/rules/freshness.js';
import { judge, storedHeaders } from '../../../src/http/rules/judge.js';
import { hashOf, matches, select, varyNames } from '../../../src/http/rules/vary.js';

const NOW = Date.UTC(2030, 0, 1);
const ROUTE: RouteTimes = { ttl: 60_000, staleTTL: undefined, staleIfError: 0 };
const NO_TTL: RouteTimes = { ...ROUTE, ttl: undefined };

function judged(
  headers: Record<string, string>,
  { status = 200, request = {} as Record<string, string>, route = ROUTE } = {},
) {
  const found = judge(
    {
      ...{ request: new Request('https://a.test/', { headers: request }), status },
      ...{ headers: new Headers(headers), requestedMs: NOW, receivedMs: NOW },
    },
    route,
  );
  return 'refusal' in found ? found.refusal : found;
}

/** Header fields of this many characters in all. */
const wide = (length: number) => ({ 'x-a': 'x'.repeat(length - 3) });

describe('a response to GET', () => {
  it.each([
    [199, 'status'],
    [206, 'status'],
    [304, 'status'],
    [500, 'status'],
    [503, 'status'],
  ])('of status %d is refused', (status, refusal) =>
    expect(judged({ 'cache-control': 'max-age=9' }, { status })).toBe(refusal),
  );

  it.each([200, 201, 299, 301, 404, 499])('of status %d is stored', (status) =>
    expect(judged({ 'cache-control': 'max-age=9' }, { status })).toMatchObject({ freshMs: 9_000 }),
  );

  it.each([
    [{ 'content-range': 'bytes 0-1/2' }, 'status'],
    [{ 'set-cookie': 'a=b' }, 'set-cookie'],
    [{ 'cache-control': 'no-store, max-age=9' }, 'no-store'],
    [{ 'cache-control': 'private, max-age=9' }, 'private'],
    [{ 'cache-control': 'no-cache, max-age=9' }, 'no-cache'],
    [{ pragma: 'No-Cache' }, 'no-cache'],
    [{ 'content-type': 'text/event-stream; charset=utf-8' }, 'stream'],
    [{ 'content-type': 'TEXT/EVENT-STREAM' }, 'stream'],
    [{ 'cache-control': 'x'.repeat(8_193) }, 'cache-control'],
    [{ vary: '*' }, 'vary'],
    [{ 'cache-control': 'max-age=0' }, 'stale'],
    [{ 'cache-control': 'max-age=5', age: '5' }, 'stale'],
    [{ 'cache-control': 'max-age=5, stale-while-revalidate=5', age: '10' }, 'stale'],
    [wide(16_385), 'headers'],
  ])('with %j is refused: %s', (headers, refusal) => expect(judged(headers)).toBe(refusal));

  it.each([
    [{}],
    [{ pragma: 'x-no-cached' }],
    [{ pragma: 'no-cache', 'cache-control': 'max-age=9' }],
    [{ 'content-type': 'application/text/event-stream' }],
    [{ 'cache-control': 'max-age=5, stale-while-revalidate=5', age: '9' }],
    [wide(16_384)],
  ])('with %j is stored', (headers) => expect(judged(headers)).toMatchObject({ vary: [] }));

  it('that must be understood is stored for a status of the RFC alone, whatever no-store says', () => {
    const headers = { 'cache-control': 'must-understand, no-store, max-age=9' };
    expect(judged(headers)).toMatchObject({ freshMs: 9_000 });
    expect(judged(headers, { status: 299 })).toBe('status');
  });

  it('without any freshness is refused', () => {
    expect(judged({}, { route: NO_TTL })).toBe('no-freshness');
  });

  it.each([
    ['max-age=9', false],
    ['max-age=9, public', true],
    ['s-maxage=9', true],
    ['max-age=9, must-revalidate', true],
  ])('for a request with credentials, with %s, is stored: %s', (field, isStored) => {
    for (const request of [{ authorization: 'a' }, { cookie: 'a=b' }]) {
      const found = judged({ 'cache-control': field }, { request });
      expect(found === 'credentials').toBe(!isStored);
    }
  });

  it.each([
    [{}, false],
    [{ 'cache-control': 'public' }, false],
    [{ 'cache-control': 'max-age=9' }, true],
    [{ 'cache-control': 's-maxage=9' }, true],
    [{ expires: new Date(NOW + 9_000).toUTCString() }, true],
  ])('with %j says itself how long it is fresh: %s', (headers, isExplicit) =>
    expect(judged(headers)).toMatchObject({ isExplicit }),
  );
});

describe('the stored fields of a response', () => {
  it('are not those of the connection, those that it names, and the header with tags', () => {
    const headers = new Headers({
      ...{ 'keep-alive': '1', connection: 'X-Hop, close', 'x-hop': '1', etag: '"a"' },
      ...{ age: '1', 'content-length': '4', 'cache-tag': 'a' },
    });
    expect(storedHeaders(headers, 'Cache-Tag')).toEqual([['etag', '"a"']]);
    expect(storedHeaders(headers, undefined)).toEqual([
      ['cache-tag', 'a'],
      ['etag', '"a"'],
    ]);
  });
});

describe('Vary', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}`).join(', ');

  it('names at most 16 headers, each once', () => {
    expect(varyNames(names(16))).toHaveLength(16);
    expect(varyNames(names(17))).toBeUndefined();
    expect(varyNames('B, a, b')).toEqual(['a', 'b']);
    expect(varyNames(null)).toEqual([]);
    expect(varyNames('a, *')).toBeUndefined();
    expect(varyNames('a, b c')).toBeUndefined();
  });

  it('selects by at most 4,096 characters', () => {
    const select4 = (length: number) =>
      select(new Headers({ a: 'x'.repeat(length - 1), b: 'y' }), ['a', 'b', 'c']);
    expect(select4(4_096)?.map(([name, value]) => [name, value?.length])).toEqual([
      ['a', 4_095],
      ['b', 1],
      ['c', undefined],
    ]);
    expect(select4(4_097)).toBeUndefined();
  });

  it('matches a request with the same values, absent ones included', () => {
    const selected = select(new Headers({ a: '1' }), ['a', 'b']) ?? [];
    expect(matches(new Headers({ a: '1', c: '3' }), selected)).toBe(true);
    expect(matches(new Headers({ a: '2' }), selected)).toBe(false);
    expect(matches(new Headers({ a: '1', b: '' }), selected)).toBe(false);
    expect(hashOf(selected)).not.toBe(hashOf([['a', '1']]));
  });
});
