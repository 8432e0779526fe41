import { sha256 } from '../aws/signature.js';
import type { CacheEvent } from '../model/events.js';
import { givenList, givenObject } from '../model/given.js';
import type { Invalidated } from '../model/invalidated.js';

/**
 * Names the tags that a CDN's edge keeps with a response, so that it can be purged by them. They fit CloudFront's
 * limits, which are the strictest: 1 to 256 visible ASCII characters without a comma, compared without case.
 *
 *     tag "user:1"             user:1          most tags are edge tags as they are
 *     tag "rot, grün"          ~tag:rot%2c%20gr%fcn
 *     key "GET /Users"         ~key:%47%45%54%20/%55sers
 *     prefix "app"             ~prefix:app     carried by all its responses, for `clear`
 *     every response           ~all            for `delByPattern`, because edges know no patterns for tags
 *
 * No two tags share an edge tag unless they differ only in case, and neither do two keys or a key and a tag. A service's
 * prefix is no part of a tag or key, so services on one edge purge each other's responses of the same tag.
 */
const LONGEST = 256;
/** CloudFront ignores further tags of a response, so a purge of those would not find it. */
export const MOST_EDGE_TAGS = 50;

/** The tags of everything, the prefix and the key. */
const OWN_TAGS = 3;

/** Every cached response has this edge tag. */
export const EVERYTHING = '~all';

/** A tag in this form is its own edge tag. The library's own names begin with `~`. */
const AS_IT_IS = /^(?!~)[!-+\--~]{1,256}$/;
/** Upper case is escaped, because edges do not tell `A` from `a`. */
const UNSAFE = /[^!-$&-+\--@[-~]/g;

/** The edge tag of a tag. Tags that differ only in case share one if they need no escape. */
export const edgeTagOfTag = (tag: string): string =>
  AS_IT_IS.test(tag) ? tag : nameOf('tag', tag);

/** The edge tag that only this key's response has. */
export const edgeTagOfKey = (key: string): string => nameOf('key', key);

/** The edge tag of all responses of a service with this prefix. */
export const edgeTagOfPrefix = (prefix: string | undefined): string =>
  nameOf('prefix', prefix ?? '');

/**
 * The edge tags to purge after an invalidation, for a CDN's purge API.
 *
 * A pattern purges every cached response, because edges know no patterns for tags.
 *
 * @example
 * ```ts
 * import { edgeTagsOf } from '@glasswork/cache/http';
 *
 * console.log(edgeTagsOf({ tags: ['user:1'] })); // ['user:1']
 * ```
 */
export function edgeTagsOf(what: Invalidated): string[] {
  givenObject(what, 'what');
  if ('keys' in what) return [...new Set(givenList(what.keys, 'keys').map(edgeTagOfKey))];
  if ('tags' in what) return [...new Set(givenList(what.tags, 'tags').map(edgeTagOfTag))];
  return 'pattern' in what ? [EVERYTHING] : [edgeTagOfPrefix(what.prefix)];
}

/**
 * All edge tags of a response. The own ones come first, because an edge drops those beyond its limit.
 *
 * @param tags the tags of the cached response.
 */
export function edgeTagsOfResponse(
  key: string,
  prefix: string | undefined,
  tags: readonly string[],
): string[] {
  const own = [EVERYTHING, edgeTagOfPrefix(prefix), edgeTagOfKey(key)];
  return [...new Set([...own, ...tags.map(edgeTagOfTag)])];
}

/** The value of a tag header. */
export const edgeTagHeader = (header: string, edgeTags: readonly string[]): string =>
  edgeTags.join(isSpaced(header) ? ' ' : ',');

/** True for Fastly's header of tags, which separates them by spaces. */
export const isSpaced = (header: string | undefined): boolean =>
  header?.toLowerCase() === 'surrogate-key';

/** The headers that CDNs read: Cloudflare's and CloudFront's default, Fastly's, Akamai's. */
const edgeHeaders = /* @__PURE__ */ new Set(['cache-tag', 'surrogate-key', 'edge-cache-tag']);

/** Remembers a distribution's own header, so that responses keep it on their way out. */
export const addEdgeHeader = (header: string): void => void edgeHeaders.add(header.toLowerCase());

/** True if a CDN reads this response header. Any other header with tags is removed before a response leaves. */
export const isEdgeHeader = (header: string): boolean => edgeHeaders.has(header.toLowerCase());

/** Two tags that an edge takes for one: a purge of either purges the responses of both. */
export interface EdgeTagCollision {
  readonly tag: string;
  readonly other: string;
}

/** The most tags, or keys, to remember. With more, all are forgotten. */
const MOST_KNOWN = 10_000;

/** See `edgeTagCheck`. */
export type EdgeTagProblem = Extract<CacheEvent, { type: 'edge-tags' }>;

/**
 * Checks the tags of responses as they are set. The returned function reports each problem once, and returns false if an edge
 * must not keep the response, because it would drop some of its tags: then it has to leave with `s-maxage=0`.
 */
export function edgeTagCheck(
  report: (problem: EdgeTagProblem) => void,
): (key: string, prefix: string | undefined, tags: readonly string[]) => boolean {
  const collisions = edgeTagCollisions();
  const told = new Set<string>();
  return (key, prefix, tags) => {
    for (const { tag, other } of collisions(tags))
      report({ type: 'edge-tags', key, reason: 'collision', tags: [other, tag] });
    // Each name takes one, and so do the own three, so few tags need no count.
    if (tags.length <= MOST_EDGE_TAGS - OWN_TAGS) return true;
    const fits = edgeTagsOfResponse(key, prefix, tags).length <= MOST_EDGE_TAGS;
    if (fits || told.has(key)) return fits;
    if (told.size >= MOST_KNOWN) told.clear();
    told.add(key);
    report({ type: 'edge-tags', key, reason: 'too-many', tags });
    return false;
  };
}

/**
 * Finds tags that differ only in case, among those of all responses of this process. Each tag is reported once, until
 * the memory is full.
 */
export function edgeTagCollisions(): (tags: readonly string[]) => EdgeTagCollision[] {
  const known = new Set<string>();
  const firsts = new Map<string, string>();
  return (tags) =>
    tags.flatMap((tag) => {
      if (known.has(tag)) return [];
      if (known.size >= MOST_KNOWN) {
        known.clear();
        firsts.clear();
      }
      known.add(tag);
      const folded = edgeTagOfTag(tag).toLowerCase();
      const other = firsts.get(folded);
      if (other === undefined) firsts.set(folded, tag);
      return other === undefined ? [] : [{ tag, other }];
    });
}

/** A long name becomes a readable start and a hash, of a kind of its own, so that no short name equals it. */
function nameOf(kind: string, name: string): string {
  const text = name.replace(UNSAFE, escaped);
  const whole = `~${kind}:${text}`;
  if (whole.length <= LONGEST) return whole;
  const hash = `~${sha256(text)}`;
  return `~${kind}~:${text}`.slice(0, LONGEST - hash.length) + hash;
}

/** By UTF-16 code units, because a lone surrogate has no UTF-8. */
function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return code < 256 ? `%${hex.padStart(2, '0')}` : `%u${hex.padStart(4, '0')}`;
}
