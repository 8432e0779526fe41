import { invalid } from '../model/errors.js';
import { RESPONSE_KEY } from '../model/response-key.js';
import { ignoreRejection } from '../util/promises.js';
import type { ResponseCacheOptions } from './options.js';

/** Beyond these a URL is passed through: sorting it takes time, and nobody asks for it twice. */
const LONGEST_URL = 8_192;
const MOST_PARAMETERS = 256;

/** The key of a request, or the reason why it has none. */
export interface Named {
  readonly key?: string;
  readonly reason?: 'no-key' | 'key-failed' | 'long-url' | 'many-parameters';
}

type KeyOptions = Pick<ResponseCacheOptions, 'key' | 'query' | 'origin'>;

/**
 * The key under which the response to this request is cached: for `cache.del` and `cache.expire`, which concern all its
 * variants. Undefined if it is not cached. Give the same options as to the response cache.
 *
 *     https://example.com/items?b=2&a=1     http:https://example.com/items?a=1&b=2
 *     key: () => 'items'                    http:=items
 *
 * @example
 * ```ts
 * import type { CacheService } from '@glasswork/cache';
 * import { responseKey } from '@glasswork/cache/http';
 *
 * async function forget(cache: CacheService, url: string) {
 *   const key = responseKey(new Request(url));
 *   if (key) await cache.del(key);
 * }
 * ```
 */
export function responseKey(request: Request, options: KeyOptions = {}): string | undefined {
  if (typeof Object(request).url !== 'string') throw invalid('request', request, 'a Request');
  return nameRequest(request, Object(options)).key;
}

export function nameRequest(request: Request, { key, query, origin }: KeyOptions): Named {
  if (key) return ownKey(request, key);
  const { url } = request;
  if (url.length > LONGEST_URL) return { reason: 'long-url' };
  // Most URLs have no query, and need no parsing: a Request has normalised its URL.
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const hash = url.indexOf('#');
  const end = hash < 0 ? url.length : hash;
  const mark = url.indexOf('?');
  const isQueried = mark >= 0 && mark < end;
  const from = origin ?? url.slice(0, start);
  const path = url.slice(start, isQueried ? mark : end);
  if (!isQueried || query === 'none') return { key: RESPONSE_KEY + from + path };
  const sorted = sortedQuery(url.slice(mark + 1, end), query);
  if (sorted === undefined) return { reason: 'many-parameters' };
  return { key: RESPONSE_KEY + from + path + (sorted && `?${sorted}`) };
}

/** A default key never begins with `=`, and none holds `#`, which separates the variants. */
function ownKey(request: Request, key: NonNullable<KeyOptions['key']>): Named {
  let own: unknown;
  try {
    own = key(request);
  } catch {
    return { reason: 'key-failed' };
  }
  if (own === undefined) return { reason: 'no-key' };
  if (typeof own !== 'string') {
    ignoreRejection(own);
    return { reason: 'key-failed' };
  }
  return { key: `${RESPONSE_KEY}=${own.replace(/[%#]/g, encodeURIComponent)}` };
}

/**
 * Sorts by name; parameters of one name keep their order. The text stays as it is, because two queries that decode to the
 * same text (an invalid UTF-8 sequence, for example) are not the same to every origin.
 */
function sortedQuery(query: string, names: KeyOptions['query']): string | undefined {
  if (!query.includes('&') && !Array.isArray(names)) return query;
  const parts = query.split('&', MOST_PARAMETERS + 1);
  if (parts.length > MOST_PARAMETERS) return undefined;
  const named = parts.map((part) => [part.split('=', 1)[0] ?? '', part] as const);
  const kept = Array.isArray(names)
    ? named.filter(([name]) => names.includes(decoded(name)))
    : named;
  kept.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return kept.map(([, part]) => part).join('&');
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}
