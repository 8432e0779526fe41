import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { createKit, type Exchange, type Kit, MARK } from '../../../src/http/kit.js';
import {
  isOf,
  loadRequest,
  mergedResponse,
  refreshRequest,
} from '../../../src/http/loading/origin-request.js';
import { isFull, variantOf } from '../../../src/http/loading/url-index.js';
import { hashOf } from '../../../src/http/rules/vary.js';
import { page } from '../pages/page.js';

const exchange = (headers: Record<string, string>) =>
  ({
    request: new Request('https://a.test/', { headers }),
    headers: new Headers(headers),
  }) as Exchange;
const fields = (request: Request) => Object.fromEntries(request.headers);
const VALIDATED = page({
  headers: { etag: 'W/"a"', 'last-modified': 'yesterday' },
});

describe('the request of a load', () => {
  const asked = {
    'if-none-match': '"mine"',
    range: 'bytes=0-1',
    [MARK]: 'm',
    accept: 'text/plain',
  };

  it('has no conditions but those of the cache', () => {
    expect(fields(loadRequest(exchange(asked), undefined))).toEqual({ accept: 'text/plain' });
    expect(fields(loadRequest(exchange(asked), page()))).toEqual({ accept: 'text/plain' });
    expect(fields(loadRequest(exchange(asked), VALIDATED))).toEqual({
      ...{ accept: 'text/plain', 'if-none-match': 'W/"a"', 'if-modified-since': 'yesterday' },
    });
  });

  it('of a refresh has the headers of the variant, and no credentials', () => {
    const kit = (fetch?: unknown) => ({ settings: { fetch }, mark: 'm' }) as Kit;
    const sent = { ...asked, cookie: 'a=b', authorization: 'c', 'accept-language': 'de' };
    const names = ['accept-language', 'cookie', 'authorization', 'range', 'x-absent'];
    expect(fields(refreshRequest(kit(), exchange(sent), names, undefined))).toEqual({
      'accept-language': 'de',
    });
    expect(
      fields(
        refreshRequest(
          kit(() => {}),
          exchange(sent),
          [],
          VALIDATED,
        ),
      ),
    ).toEqual({
      ...{ [MARK]: 'm', 'if-none-match': 'W/"a"', 'if-modified-since': 'yesterday' },
    });
  });
});

describe('a 304', () => {
  const unmodified = (headers: [string, string][]) => new Response(null, { status: 304, headers });

  it('is about the stored response unless its ETag is another one', () => {
    expect(isOf(VALIDATED, unmodified([]))).toBe(true);
    expect(isOf(VALIDATED, unmodified([['etag', '"a"']]))).toBe(true);
    expect(isOf(VALIDATED, unmodified([['etag', '"b"']]))).toBe(false);
    expect(isOf(page(), unmodified([['etag', '"a"']]))).toBe(false);
  });

  it('brings its fields to the stored response, except those of the body', async () => {
    const stored = page({
      status: 203,
      headers: {
        'content-type': 'text/plain',
        date: 'long ago',
        'x-kept': '1',
        link: 'old, older',
      },
    });
    const merged = mergedResponse(
      stored,
      unmodified([
        ['link', 'a'],
        ['link', 'b'],
        ['content-type', 'text/html'],
        ['content-length', '9'],
        ['cache-control', 'max-age=5'],
      ]),
    );
    expect(Object.fromEntries(merged.headers)).toEqual({
      ...{ 'content-type': 'text/plain', 'x-kept': '1', 'cache-control': 'max-age=5' },
      link: 'a, b',
    });
    expect([merged.status, await merged.text()]).toEqual([203, 'body']);
  });

  it('keeps each of two cookies', () => {
    const merged = mergedResponse(
      page(),
      unmodified([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]),
    );
    expect(merged.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('gives bytes, and no type that the origin did not send', async () => {
    const bytes = mergedResponse(page({ text: undefined, base64: '/wA=' }), unmodified([]));
    expect([...new Uint8Array(await bytes.arrayBuffer())]).toEqual([255, 0]);
    expect(mergedResponse(page(), unmodified([])).headers.has('content-type')).toBe(false);
    expect(mergedResponse(page({ text: undefined }), unmodified([])).body).toBeNull();
  });
});

describe('the variants of a URL', () => {
  it('are under the hash of what selects them', () => {
    const kit = createKit(new CacheService(new MemoryCacheStore(), { keyPrefix: 'p' }), {});
    const named = variantOf(kit, 'k', [['a', null]]);
    expect(named.key).toBe(`k#${hashOf([['a', null]])}`);
    expect(named.storageKey).toBe(`p:${named.key}`);
    for (const key of ['k', 'l', 'k', `k${'-'.repeat(300)}`])
      expect(variantOf(kit, key, [])).toMatchObject({ key: `${key}#`, storageKey: `p:${key}#` });
  });

  it('of a long URL, which a client can invent, are not remembered', () => {
    const kit = createKit(new CacheService(new MemoryCacheStore()), {});
    variantOf(kit, 'k'.repeat(256), []);
    variantOf(kit, 'k'.repeat(257), []);
    expect(kit.firsts.keys()).toEqual(['k'.repeat(256)]);
  });

  it('are at most 64 that live', () => {
    const selected = (i: number) => [['a', String(i)]] as const;
    const index = (count: number, untilMs = 10) => ({
      ...({ kind: 'index', key: 'k', names: ['a'], tags: [] } as const),
      variants: Array.from({ length: count }, (_, i) => [hashOf(selected(i)), untilMs] as const),
    });
    expect(isFull(index(63), selected(99), 9)).toBe(false);
    expect(isFull(index(64), selected(99), 9)).toBe(true);
    expect(isFull(index(64), selected(7), 9)).toBe(false);
    expect(isFull(index(64), selected(99), 10)).toBe(false);
  });
});
