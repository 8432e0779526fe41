import { edgeTagHeader, edgeTagsOfResponse, isEdgeHeader } from '../edge-tags.js';
import { withDirectives } from '../rules/cache-control.js';
import { parseHttpDate } from '../rules/http-date.js';
import { ageOf, freshLeft, headerOf, type Page } from './stored.js';

/** How a response came about, for `Cache-Status` (RFC 9211). */
export interface Source {
  /** `fresh` and `stale` are hits. `loaded` has just come from the origin, `joined` from another request's load. */
  readonly state: 'fresh' | 'stale' | 'loaded' | 'joined' | 'last-good';
  /** The reason why the request was forwarded. */
  readonly fwd?: string | undefined;
  /** True if the response was given to the store. */
  readonly isStored?: boolean | undefined;
  /** True if an edge must not keep the response: its tags may have changed since its load began. */
  readonly isUncertain?: boolean | undefined;
}

/** The settings that decide about the fields on the way out. */
export interface Outgoing {
  readonly tagHeader: string | undefined;
  readonly prefix: string | undefined;
  /** Checks the tags of a response for an edge. False if the edge must not keep it. */
  readonly fitsEdge: (key: string, prefix: string | undefined, tags: readonly string[]) => boolean;
}

/** The directives by which an edge keeps a response, and the dated ones of all caches. */
const OF_EDGE = ['s-maxage', 'stale-while-revalidate', 'stale-if-error'];
const DATED = ['max-age', 'immutable', ...OF_EDGE];
/** Fields that an edge obeys in place of Cache-Control: those of RFC 9213, such as CDN-Cache-Control, and an older one. */
const TARGETED = /-cache-control$|^surrogate-control$/;
/** Never removed, because an edge keeps a field of its stored response that a 304 does not name. */
const usedUp = (field: string | null | undefined): string =>
  withDirectives(field ?? undefined, DATED, ['max-age=0']);
/** The fields of a 304 (RFC 9110, section 15.4.5), and ours. */
const OF_304: ReadonlySet<string> = new Set([
  ...['cache-control', 'content-location', 'date', 'etag', 'expires', 'vary', 'last-modified'],
  ...['age', 'cache-status'],
]);

/** The response for a request, made of a stored or just loaded page. */
export function respond(
  page: Page,
  source: Source,
  {
    asked,
    now,
    outgoing,
  }: { asked: Pick<Request, 'method' | 'headers'>; now: number; outgoing: Outgoing },
): Response {
  const { tagHeader, prefix, fitsEdge } = outgoing;
  const { tags = [] } = page;
  const fields: Fields = { ...page.headers };
  const isEdge = tagHeader !== undefined && isEdgeHeader(tagHeader);
  const isTooMuch = isEdge && !fitsEdge(page.key, prefix, tags);
  const isSoft = source.state === 'stale' || source.state === 'last-good';
  const leftMs = Math.min(freshLeft(page, now), isSoft ? 0 : Infinity);
  const control = (without: readonly string[], added: readonly string[]) => {
    fields['cache-control'] = withDirectives(fields['cache-control'], without, added);
  };
  const isUnkept = source.isUncertain || isTooMuch || (isEdge && source.state === 'joined');
  if (leftMs <= 0 || isUnkept)
    for (const name of Object.keys(fields))
      if (TARGETED.test(name)) fields[name] = usedUp(fields[name]);
  if (leftMs <= 0) {
    control(DATED, ['max-age=0', 's-maxage=0']);
    delete fields.expires;
  } else if (isUnkept) {
    control(OF_EDGE, ['s-maxage=0']);
  } else if (page.isExplicit ? source.state !== 'loaded' : isEdge) {
    control(['s-maxage'], [`s-maxage=${Math.floor(leftMs / 1000)}`]);
  }
  fields.age = String(Math.floor(ageOf(page, now) / 1000));
  // Caches nearer to the origin come first (RFC 9211, section 2).
  const nearer = fields['cache-status'] ? `${fields['cache-status']}, ` : '';
  fields['cache-status'] = nearer + cacheStatus(source, leftMs);
  const edgeHeader = isEdge ? tagHeader.toLowerCase() : '';
  if (isEdge) {
    const named = edgeTagsOfResponse(page.key, prefix, tags);
    fields[edgeHeader] = edgeTagHeader(tagHeader, named);
  }
  if (isUnmodified(page, asked.headers, now)) {
    for (const name of Object.keys(fields))
      if (!OF_304.has(name) && !TARGETED.test(name) && name !== edgeHeader) delete fields[name];
    return new Response(null, { status: 304, headers: fields });
  }
  const body = bodyOf(page, fields);
  if (body !== null) fields['content-length'] = String(Buffer.byteLength(body));
  return new Response(asked.method === 'HEAD' ? null : body, {
    status: page.status,
    headers: fields,
  });
}

/** Header fields by lower-case name. A Response takes them in a third of the time that a Headers object needs. */
type Fields = Record<string, string>;

function bodyOf({ text, base64 }: Page, fields: Fields): string | Uint8Array<ArrayBuffer> | null {
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  if (text === undefined) return null;
  // A Response gives text a type if it has none.
  return fields['content-type'] === undefined ? Buffer.from(text) : text;
}

/** Compares the validators of a conditional request (RFC 9110, section 13.2.2). */
function isUnmodified(page: Page, headers: Headers, now: number): boolean {
  if (page.status !== 200) return false;
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== null) {
    const opaque = headerOf(page, 'etag')?.replace(/^W\//, '');
    if (ifNoneMatch.trim() === '*') return true;
    if (ifNoneMatch.length > 8_192) return false;
    const listed = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
    return listed.some((each) => each.replace(/^W\//, '') === opaque);
  }
  const lastModified = headerOf(page, 'last-modified');
  if (lastModified === undefined) return false;
  const since = parseHttpDate(headers.get('if-modified-since'), now) ?? Number.NaN;
  const modified = parseHttpDate(lastModified, now) ?? Number.NaN;
  return modified <= since;
}

/** The parameters never name the key, which may be a secret. */
function cacheStatus({ state, fwd = 'miss', isStored }: Source, leftMs: number): string {
  const ttl = `ttl=${Math.floor(leftMs / 1000)}`;
  if (state === 'fresh' || state === 'stale') return `glasswork; hit; ${ttl}`;
  if (state === 'last-good') return `glasswork; fwd=stale; ${ttl}`;
  const how = state === 'joined' ? 'collapsed; ' : isStored ? 'stored; ' : '';
  return `glasswork; fwd=${fwd}; ${how}${ttl}`;
}

/**
 * A response that the cache has no part in, with its tags removed or replaced by those of the edge. An edge must not keep
 * it: its tags may have changed while it was loaded, and nothing here would know.
 */
export function passOn(
  response: Response,
  fwd: string,
  tags: { readonly key: string | undefined; readonly tags: readonly string[] },
  { tagHeader, prefix }: Outgoing,
): Response {
  // No such response can be made anew: an upgrade, or an error of the network.
  if (response.status < 200) return response;
  const headers = new Headers(response.headers);
  headers.append('cache-status', `glasswork; fwd=${fwd}`);
  if (tagHeader !== undefined) {
    headers.delete(tagHeader);
    if (isEdgeHeader(tagHeader)) {
      const named = edgeTagsOfResponse(tags.key ?? '', prefix, tags.tags);
      headers.set(tagHeader, edgeTagHeader(tagHeader, named));
      const field = headers.get('cache-control') ?? undefined;
      headers.set('cache-control', withDirectives(field, OF_EDGE, ['s-maxage=0']));
      for (const [name, each] of [...headers])
        if (TARGETED.test(name)) headers.set(name, usedUp(each));
    }
  }
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
