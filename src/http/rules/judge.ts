import { createHash } from 'node:crypto';
import { type Directives, parseCacheControl, splitList } from './cache-control.js';
import { type Lifetime, lifetimeOf, type Received, type RouteTimes } from './freshness.js';
import { type Selected, select, varyNames } from './vary.js';

/** The reason why a response is not stored. */
export type Refusal =
  | 'status'
  | 'set-cookie'
  | 'cache-control'
  | 'no-store'
  | 'private'
  | 'no-cache'
  | 'vary'
  | 'credentials'
  | 'stream'
  | 'headers'
  | 'no-freshness'
  | 'stale';

export interface Judged extends Lifetime {
  readonly refusal?: undefined;
  readonly vary: Selected;
  readonly isPublic: boolean;
  readonly isExplicit: boolean;
}

export interface Answered extends Received {
  readonly request: Request;
}

/** The most characters of all header fields of a stored response. */
const LONGEST_HEADERS = 16_384;
/** Visible characters, spaces and tabs (RFC 9110, section 5.5), so that no value can begin another field. */
export const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Final statuses of RFC 9110, for `must-understand`. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308],
  ...[
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421,
  ],
  ...[422, 426],
]);

/** Decides by RFC 9111, section 3, if a shared cache stores a response to GET, and for how long. */
export function judge(answered: Answered, route: RouteTimes): Judged | { refusal: Refusal } {
  const { request, status, headers } = answered;
  const directives = parseCacheControl(headers.get('cache-control'));
  if (!directives) return { refusal: 'cache-control' };
  const refusal = refusalOf(status, headers, directives);
  if (refusal) return { refusal };
  const names = varyNames(headers.get('vary'));
  const vary = names && select(request.headers, names);
  if (!vary) return { refusal: 'vary' };
  const isPublic = ['public', 's-maxage', 'must-revalidate'].some(directives.has);
  if (!isPublic && isCredentialed(request.headers)) return { refusal: 'credentials' };
  const lifetime = lifetimeOf(answered, directives, route);
  if (!lifetime) return { refusal: 'no-freshness' };
  if (lifetime.freshMs + lifetime.staleMs <= 0) return { refusal: 'stale' };
  return { ...lifetime, vary, isPublic, isExplicit: isExplicit(headers, directives) };
}

function refusalOf(status: number, headers: Headers, directives: Directives): Refusal | undefined {
  if (status < 200 || status >= 500 || status === 206 || status === 304) return 'status';
  if (headers.has('content-range')) return 'status';
  if (headers.has('set-cookie')) return 'set-cookie';
  const mustUnderstand = directives.has('must-understand');
  if (mustUnderstand && !UNDERSTOOD.has(status)) return 'status';
  if (directives.has('no-store') && !mustUnderstand) return 'no-store';
  if (directives.has('private')) return 'private';
  if (directives.has('no-cache')) return 'no-cache';
  // Means nothing in a response by RFC 9111, section 5.4, but servers that send it mean this.
  if (!headers.has('cache-control') && /\bno-cache\b/i.test(headers.get('pragma') ?? ''))
    return 'no-cache';
  if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) return 'stream';
  let length = 0;
  for (const [name, value] of headers) {
    if (!FIELD_VALUE.test(value)) return 'headers';
    length += name.length + value.length;
  }
  return length > LONGEST_HEADERS ? 'headers' : undefined;
}

const isExplicit = (headers: Headers, directives: Directives): boolean =>
  directives.has('s-maxage') || directives.has('max-age') || headers.has('expires');

/** A cookie counts as Authorization does: either may name a user. */
export const isCredentialed = (headers: Headers): boolean =>
  headers.has('authorization') || headers.has('cookie');

/** Fields that are about one connection (RFC 9110, section 7.6.1), or that are made anew for each response. */
export const NOT_STORED: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info', 'te'],
  ...['proxy-authorization', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['content-length', 'age', 'set-cookie', 'set-cookie2'],
]);

/** The fields to store: those of the response itself. `removed` is the header with tags. */
export function storedHeaders(headers: Headers, removed: string | undefined): [string, string][] {
  const named = splitList(headers.get('connection') ?? '').map((name) => name.toLowerCase());
  const dropped = new Set([...named, ...(removed ? [removed.toLowerCase()] : [])]);
  return [...headers].filter(([name]) => !NOT_STORED.has(name) && !dropped.has(name));
}

/** A strong validator: equal only for equal bytes. */
export const entityTag = (bytes: Uint8Array): string =>
  `"${createHash('sha256').update(bytes).digest('base64url')}"`;
