import { type Exchange, type Kit, MARK, setMark } from '../kit.js';
import { headerOf, type Page } from '../pages/stored.js';
import { nameRequest } from '../response-key.js';
import { requestDirectives } from '../rules/freshness.js';
import type { Wanted } from './call.js';

/** Headers that ask for less than the whole response, or for none if it is unchanged. */
const CONDITIONAL = [
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range'],
];
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

/** A load of a key by a response cache. */
interface OuterLoad {
  readonly kit: Kit;
  readonly key: string;
}

/** The loads that wait for the answer to a request, outermost first. */
const loads = new WeakMap<Request, readonly OuterLoad[]>();

/** The response cache around this one whose load of the same record waits for the answer, so that it cannot wait for the load. */
export const outerOf = ({ parts }: Kit, key: string, request: Request): Kit | undefined =>
  loads.get(request)?.find((each) => each.kit.parts === parts && each.key === key)?.kit;

/** Notes that a load waits for the answer to `request`, beside those for whose answer it is needed. */
export function awaited(request: Request, load: OuterLoad, outer: Request): Request {
  loads.set(request, [...(loads.get(outer) ?? []), load]);
  return request;
}

/**
 * The request of a load: a GET without conditions other than the cache's own, and without the client's signal, because a
 * client that goes away does not end a load that others share.
 */
export function loadRequest(
  { request, headers: asked }: Exchange,
  stored: Page | undefined,
): Request {
  const headers = new Headers(asked);
  for (const name of CONDITIONAL) headers.delete(name);
  headers.delete(MARK);
  validate(headers, stored);
  return new Request(request.url, { headers });
}

/** True for a request that must not be forwarded to the origin. */
export const isOnlyIfCached = ({ settings }: Kit, { headers }: Exchange): boolean =>
  settings.honourRequest && requestDirectives(headers).isOnlyIfCached;

/** The request of a refresh after the response: only the headers that select the variant, and nobody's credentials. */
export function refreshRequest(
  kit: Kit,
  { request }: Exchange,
  names: readonly string[],
  stored: Page | undefined,
): Request {
  const headers = new Headers();
  for (const name of [...names, ...(stored?.vary?.map(([each]) => each) ?? [])]) {
    const value =
      CREDENTIALS.has(name) || CONDITIONAL.includes(name) ? null : request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  if (kit.settings.fetch) setMark(headers, kit);
  validate(headers, stored);
  return new Request(request.url, { headers });
}

/**
 * True if a load can run after a response. The option `key` may take a user from a field that its request lacks, whose
 * response would then be another user's: such a load needs the client's request.
 */
export const canRefresh = (kit: Kit, exchange: Exchange, { key, index }: Wanted): boolean =>
  exchange.refresh !== undefined &&
  (!kit.settings.key ||
    nameRequest(refreshRequest(kit, exchange, index.names, undefined), kit.settings).key === key);

/** Asks the origin to answer 304 if the stored response is still current (RFC 9111, section 4.3.1). */
function validate(headers: Headers, stored: Page | undefined): void {
  const etag = stored && headerOf(stored, 'etag');
  const modified = stored && headerOf(stored, 'last-modified');
  if (etag !== undefined) headers.set('if-none-match', etag);
  if (modified !== undefined) headers.set('if-modified-since', modified);
}

/** Fields of a 304 that do not describe the stored body (RFC 9111, section 3.2). */
const NOT_MERGED: ReadonlySet<string> = new Set([
  ...['content-encoding', 'content-length', 'content-range', 'content-type', 'transfer-encoding'],
]);

/**
 * True unless the ETag of a 304 is that of another response than the stored one (RFC 9111, section 4.3.4). Without one, it
 * is about the one that was asked for.
 */
export function isOf(stored: Page, { headers }: Response): boolean {
  const etag = headers.get('etag');
  if (etag === null) return true;
  const opaque = (tag: string | undefined) => tag?.replace(/^W\//, '');
  return opaque(etag) === opaque(headerOf(stored, 'etag'));
}

/** The stored response with the header fields of a 304, as if the origin had sent it whole. */
export function mergedResponse(stored: Page, notModified: Response): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(stored.headers)) headers.set(name, value);
  // A 304 without a date was sent now, and an old date would make it old.
  headers.delete('date');
  const updated = new Set<string>();
  for (const [name, value] of notModified.headers) {
    if (NOT_MERGED.has(name)) continue;
    if (updated.has(name)) headers.append(name, value);
    else headers.set(name, value);
    updated.add(name);
  }
  const { base64, text } = stored;
  const body = base64 === undefined ? text : Buffer.from(base64, 'base64');
  const type = headerOf(stored, 'content-type');
  const merged = new Response(body ?? null, { status: stored.status, headers });
  if (type === undefined) merged.headers.delete('content-type');
  return merged;
}
