import { type Directives, parseCacheControl } from './cache-control.js';
import { parseHttpDate } from './http-date.js';

/** The times of a stored response, milliseconds from the moment it was received. */
export interface Lifetime {
  /** Its age when it was received (RFC 9111, section 4.2.3). */
  readonly ageMs: number;
  /** How long it stays fresh. Zero or less: it is stale already. */
  readonly freshMs: number;
  /** How long after that it is served while it is refreshed. */
  readonly staleMs: number;
  /** How long after it became stale it may replace a failed load. */
  readonly errorMs: number;
}

/** The policy of the route, milliseconds. `ttl` is undefined if the route has none of its own. */
export interface RouteTimes {
  readonly ttl: number | undefined;
  readonly staleTTL: number | undefined;
  readonly staleIfError: number;
}

/** A status that may be stored without explicit freshness (RFC 9110, section 15.1), except 206 and 5xx. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414]);

/** The windows in which a stale response may be used are limited to this, because one may be sent for years. */
const LONGEST_WINDOW_MS = 30 * 86_400_000;
const LONGEST_FRESH_MS = 365 * 86_400_000;

/** A response of the origin, with the times of its request and of its arrival, epoch milliseconds. */
export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly requestedMs: number;
  readonly receivedMs: number;
}

/** The times of a response by its headers, else by the route's `ttl`. Undefined if neither says how long it is fresh. */
export function lifetimeOf(
  { status, headers, requestedMs, receivedMs }: Received,
  directives: Directives,
  route: RouteTimes,
): Lifetime | undefined {
  const explicitMs = explicitLifetime(headers, directives, receivedMs);
  const ttl = HEURISTIC.has(status) ? route.ttl : undefined;
  if (explicitMs === undefined && ttl === undefined) return undefined;
  const travelMs = explicitMs === undefined ? 0 : Math.max(receivedMs - requestedMs, 0);
  const ageMs = initialAge(headers, travelMs, receivedMs);
  const routeMs = ttl ?? 0;
  const routeFreshMs = Math.min(route.staleTTL ?? routeMs, routeMs);
  const freshMs = Math.min(explicitMs ?? routeFreshMs, LONGEST_FRESH_MS) - ageMs;
  const mustRevalidate = directives.has('must-revalidate') || directives.has('proxy-revalidate');
  if (mustRevalidate) return { ageMs, freshMs, staleMs: 0, errorMs: 0 };
  const swr = directives.seconds('stale-while-revalidate');
  const routeStaleMs = explicitMs === undefined ? routeMs - routeFreshMs : 0;
  // s-maxage forbids stale responses unless the origin itself allows them (RFC 9111, section 5.2.2.10).
  const isStrict = directives.has('s-maxage');
  const sie = directives.seconds('stale-if-error');
  const errorMs = sie === undefined ? (isStrict ? 0 : route.staleIfError) : sie * 1000;
  return {
    ageMs,
    freshMs,
    staleMs: Math.min(swr === undefined ? routeStaleMs : swr * 1000, LONGEST_WINDOW_MS),
    errorMs: Math.min(errorMs, LONGEST_WINDOW_MS),
  };
}

/** Explicit freshness in the order of RFC 9111, section 4.2.1. An invalid value means stale. */
function explicitLifetime(
  headers: Headers,
  directives: Directives,
  receivedMs: number,
): number | undefined {
  const seconds = directives.seconds('s-maxage') ?? directives.seconds('max-age');
  if (seconds !== undefined) return seconds * 1000;
  const expires = headers.get('expires');
  if (expires === null) return undefined;
  const at = parseHttpDate(expires, receivedMs);
  if (at === undefined) return 0;
  return Math.max(at - (parseHttpDate(headers.get('date'), receivedMs) ?? receivedMs), 0);
}

/** `travelMs` counts as age, because the response may be as old as the request. A route's `ttl` begins after its load. */
function initialAge(headers: Headers, travelMs: number, receivedMs: number): number {
  const date = parseHttpDate(headers.get('date'), receivedMs) ?? receivedMs;
  const apparentMs = Math.max(receivedMs - date, 0);
  const field = headers.get('age')?.split(',')[0]?.trim() ?? '';
  const seconds = /^\d+$/.test(field) ? Math.min(Number(field), 2_147_483_648) : 0;
  return Math.max(apparentMs, seconds * 1000 + travelMs);
}

/** The directives of a request that may refuse a stored response (RFC 9111, section 5.2.1). */
export interface RequestDirectives {
  readonly isOnlyIfCached: boolean;
  readonly isNoStore: boolean;
  accepts(ageMs: number, leftMs: number): boolean;
}

export function requestDirectives(headers: Headers): RequestDirectives {
  const field = headers.get('cache-control');
  const directives = parseCacheControl(field ?? headers.get('pragma'));
  const has = (name: string) => directives?.has(name) === true;
  const ms = (name: string) => {
    const seconds = directives?.seconds(name);
    return seconds === undefined ? undefined : seconds * 1000;
  };
  return {
    isOnlyIfCached: has('only-if-cached'),
    isNoStore: has('no-store'),
    accepts(ageMs, leftMs) {
      if (has('no-cache')) return false;
      if (ageMs > (ms('max-age') ?? Number.POSITIVE_INFINITY)) return false;
      return leftMs >= (ms('min-fresh') ?? Number.NEGATIVE_INFINITY);
    },
  };
}
