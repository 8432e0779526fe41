import { describe, expect, it } from 'vitest';
import { parseCacheControl } from '../../../src/http/rules/cache-control.js';
import {
  lifetimeOf,
  type RouteTimes,
  requestDirectives,
} from '../../../src/http/rules/freshness.js';

const RECEIVED = Date.UTC(2030, 0, 1);
const DAY = 86_400_000;
const at = (seconds: number) => new Date(RECEIVED + seconds * 1000).toUTCString();
const NO_ROUTE: RouteTimes = { ttl: undefined, staleTTL: undefined, staleIfError: 7_000 };

function life(
  headers: Record<string, string>,
  route: Partial<RouteTimes> = {},
  { status = 200, travelMs = 0 } = {},
) {
  const directives = parseCacheControl(headers['cache-control'] ?? null);
  if (!directives) throw new Error('too long');
  const received = {
    ...{ status, headers: new Headers(headers) },
    ...{ requestedMs: RECEIVED - travelMs, receivedMs: RECEIVED },
  };
  return lifetimeOf(received, directives, { ...NO_ROUTE, ...route });
}

describe('the lifetime of a response', () => {
  it('is unknown without explicit freshness and without a ttl of the route', () => {
    expect(life({})).toBeUndefined();
    expect(life({ 'cache-control': 'public' })).toBeUndefined();
  });

  it.each([
    [{ 'cache-control': 's-maxage=5, max-age=60', expires: at(90) }, 5_000],
    [{ 'cache-control': 'max-age=60', expires: at(90) }, 60_000],
    [{ expires: at(90) }, 90_000],
    [{ expires: at(90), date: at(30) }, 60_000],
    [{ expires: at(-90) }, 0],
    [{ expires: at(-90), date: at(-80) }, -80_000],
    [{ expires: '0' }, 0],
    [{ expires: 'soon' }, 0],
    [{ 'cache-control': 'max-age=999999999' }, 365 * DAY],
  ])('with %j is fresh for %d ms', (headers, freshMs) =>
    expect(life(headers, { ttl: 1 })?.freshMs).toBe(freshMs),
  );

  it.each([
    [{}, 0],
    [{ age: '7' }, 7_000],
    [{ age: '7, 9' }, 7_000],
    [{ age: 'x' }, 0],
    [{ age: '-7' }, 0],
    [{ date: at(-9) }, 9_000],
    [{ date: at(9) }, 0],
    [{ date: at(-9), age: '7' }, 9_000],
    [{ date: at(-9), age: '12' }, 12_000],
  ])('with %j begins at an age of %d ms', (headers, ageMs) => {
    const found = life({ 'cache-control': 'max-age=60', ...headers });
    expect(found?.ageMs).toBe(ageMs);
    expect(found?.freshMs).toBe(60_000 - ageMs);
  });

  it('counts the time of the request as age, but not for a ttl of the route', () => {
    const explicit = { 'cache-control': 'max-age=60', age: '1' };
    expect(life(explicit, {}, { travelMs: 500 })?.ageMs).toBe(1_500);
    expect(life(explicit, {}, { travelMs: -500 })?.ageMs).toBe(1_000);
    expect(life({}, { ttl: 60_000 }, { travelMs: 500 })?.ageMs).toBe(0);
  });

  it.each([
    [{ ttl: 60_000 }, { freshMs: 60_000, staleMs: 0, errorMs: 7_000 }],
    [
      { ttl: 60_000, staleTTL: 20_000 },
      { freshMs: 20_000, staleMs: 40_000, errorMs: 7_000 },
    ],
    [
      { ttl: 60_000, staleTTL: 90_000 },
      { freshMs: 60_000, staleMs: 0, errorMs: 7_000 },
    ],
    [
      { ttl: 90 * DAY, staleTTL: 0 },
      { freshMs: 0, staleMs: 30 * DAY, errorMs: 7_000 },
    ],
    [
      { ttl: 60_000, staleIfError: 90 * DAY },
      { freshMs: 60_000, staleMs: 0, errorMs: 30 * DAY },
    ],
  ])('of a route with %j is %j', (route, expected) =>
    expect(life({}, route)).toEqual({ ageMs: 0, ...expected }),
  );

  it('takes no stale time from the route where the response says its own', () => {
    const route = { ttl: 60_000, staleTTL: 20_000 };
    expect(life({ 'cache-control': 'max-age=5' }, route)).toEqual({
      ...{ ageMs: 0, freshMs: 5_000, staleMs: 0, errorMs: 7_000 },
    });
  });

  it.each([
    ['max-age=5, stale-while-revalidate=3', 3_000, 7_000],
    ['max-age=5, stale-if-error=3', 0, 3_000],
    ['s-maxage=5', 0, 0],
    ['s-maxage=5, stale-if-error=3', 0, 3_000],
    ['max-age=5, must-revalidate, stale-if-error=3, stale-while-revalidate=3', 0, 0],
    ['max-age=5, proxy-revalidate, stale-if-error=3, stale-while-revalidate=3', 0, 0],
    ['max-age=5, stale-while-revalidate=9999999', 30 * DAY, 7_000],
    ['max-age=5, stale-if-error=9999999', 0, 30 * DAY],
  ])('%s is served stale for %d ms, and for %d ms if a load fails', (field, staleMs, errorMs) =>
    expect(life({ 'cache-control': field })).toMatchObject({ staleMs, errorMs }),
  );

  it.each([
    [200, true],
    [404, true],
    [410, true],
    [302, false],
    [400, false],
  ])('of a status %d by the ttl of the route: %s', (status, isKnown) => {
    expect(life({}, { ttl: 60_000 }, { status }) !== undefined).toBe(isKnown);
    expect(life({ 'cache-control': 'max-age=1' }, {}, { status })?.freshMs).toBe(1_000);
  });
});

describe('the directives of a request', () => {
  const of = (field?: string, pragma?: string) =>
    requestDirectives(
      new Headers({
        ...(field === undefined ? {} : { 'cache-control': field }),
        ...(pragma === undefined ? {} : { pragma }),
      }),
    );

  it.each([
    [undefined, 1e12, -1, true],
    ['max-age=5', 5_000, -1, true],
    ['max-age=5', 5_001, 9_000, false],
    ['max-age=0', 0, 0, true],
    ['max-age=x', 1, 0, false],
    ['min-fresh=5', 0, 5_000, true],
    ['min-fresh=5', 0, 4_999, false],
    ['min-fresh=0', 0, -1, false],
    ['no-cache', 0, 9_000, false],
    ['no-store', 0, 9_000, true],
  ])('%s accept an age of %d ms with %d ms left: %s', (field, ageMs, leftMs, expected) =>
    expect(of(field).accepts(ageMs, leftMs)).toBe(expected),
  );

  it('are read from Pragma only if there is no Cache-Control', () => {
    expect(of(undefined, 'no-cache').accepts(0, 9_000)).toBe(false);
    expect(of('max-age=5', 'no-cache').accepts(0, 9_000)).toBe(true);
  });

  it('are all absent in a field that is too long', () => {
    const long = of(`only-if-cached, no-store, no-cache, ${'x'.repeat(9_000)}`);
    expect([long.isOnlyIfCached, long.isNoStore, long.accepts(0, 0)]).toEqual([false, false, true]);
    const short = of('only-if-cached, no-store');
    expect([short.isOnlyIfCached, short.isNoStore]).toEqual([true, true]);
    expect([of().isOnlyIfCached, of().isNoStore]).toEqual([false, false]);
  });
});
