import { invalid } from '../model/errors.js';
import { checkedBoolean } from '../model/given.js';
import type { WrapOptions } from '../model/policy.js';
import { FIELD_NAME } from '../util/field-name.js';

/**
 * The options of a response cache, besides those of `wrap`. Durations are seconds, or strings with a unit.
 *
 * @example
 * ```ts
 * import type { ResponseCacheOptions } from '@glasswork/cache/http';
 *
 * const options: ResponseCacheOptions = {
 *   ttl: '5m',
 *   staleTTL: '1m',
 *   query: ['page'],
 *   tags: (request) => [`path:${new URL(request.url).pathname}`],
 * };
 * ```
 */
export interface ResponseCacheOptions extends Omit<WrapOptions, 'tags' | 'forceFresh' | 'signal'> {
  /** The parameters of the query that are part of the key, sorted by name. Default `'all'`. */
  query?: 'all' | 'none' | readonly string[] | undefined;
  /**
   * The whole key, in place of origin, path and query. Undefined: the response is not cached. Name the user in the key if
   * the response is one user's. If it needs a header that `Vary` does not name, stale responses are loaded while the client
   * waits. Default: from the URL.
   */
  key?: ((request: Request) => string | undefined) | undefined;
  /** Tags by which `invalidateTags` can invalidate the response. Default: none. */
  tags?:
    | readonly string[]
    | ((request: Request, response: Response) => readonly string[])
    | undefined;
  /**
   * A response header with comma-separated tags. It is removed on the way out unless a CDN reads it (`cache-tag`,
   * `surrogate-key`, `edge-cache-tag`, or the header given to `cloudFront`): then it names all tags of the response.
   * Default: none.
   */
  tagHeader?: string | undefined;
  /**
   * The largest body that is stored, bytes. A larger one passes through. Default 192 KB, or 5 MB if the store has an
   * overflow store or is S3.
   */
  maxBodyBytes?: number | undefined;
  /**
   * Obeys `Cache-Control` of the request. Default false, because any client could then bypass the cache, and so put the
   * load of all on the origin.
   */
  honourRequest?: boolean | undefined;
  /** The scheme and host in the key, such as `https://example.com`. Default: those of the request. */
  origin?: string | undefined;
  /**
   * Answers the request of a refresh in the background, such as `app.fetch` in Hono. The request is marked, so that this
   * cache passes it on. Default: `responseCache` uses `next`; `cacheResponses` loads stale responses while the client waits.
   */
  fetch?: ((request: Request) => Response | Promise<Response>) | undefined;
}

/** 192 KB, so that a body in base64 fits into an item of DynamoDB. */
const MOST_BODY_BYTES = 196_608;
/** 5 MB: Lambda and API Gateway send hardly more in one response. */
const MOST_LARGE_BYTES = 5_242_880;

/** The checked options of the response cache's own, with the defaults filled in. */
export interface ResponseSettings extends Omit<ResponseCacheOptions, keyof WrapOptions> {
  readonly tags: readonly string[];
  readonly tagsOf: ((request: Request, response: Response) => readonly string[]) | undefined;
  readonly maxBodyBytes: number;
  readonly honourRequest: boolean;
}

/**
 * `keepsLarge`: the store keeps values of several megabytes.
 *
 * @throws CacheError `INVALID_OPTION` that names the option.
 */
export function responseSettings(
  options: ResponseCacheOptions,
  keepsLarge: boolean,
): ResponseSettings {
  const { query, key, tags, tagHeader, origin, fetch, honourRequest = false } = options;
  const maxBodyBytes = options.maxBodyBytes ?? (keepsLarge ? MOST_LARGE_BYTES : MOST_BODY_BYTES);
  const isQuery = query === undefined || query === 'all' || query === 'none' || isTexts(query);
  if (!isQuery) throw invalid('query', query, "'all', 'none' or an array of names");
  for (const [name, value] of Object.entries({ key, fetch }))
    if (value !== undefined && typeof value !== 'function')
      throw invalid(name, value, 'a function');
  if (tags !== undefined && typeof tags !== 'function' && !isTexts(tags))
    throw invalid('tags', tags, 'an array of strings or a function');
  if (tagHeader !== undefined && (typeof tagHeader !== 'string' || !FIELD_NAME.test(tagHeader)))
    throw invalid('tagHeader', tagHeader, "the name of a response header, such as 'cache-tag'");
  checkedBoolean(honourRequest, 'honourRequest');
  if (typeof maxBodyBytes !== 'number' || !(maxBodyBytes > 0))
    throw invalid('maxBodyBytes', maxBodyBytes, 'a number of bytes above 0');
  if (origin !== undefined && !isOrigin(origin))
    throw invalid('origin', origin, "a scheme and a host, such as 'https://example.com'");
  return {
    query,
    key,
    tags: typeof tags === 'function' ? [] : (tags ?? []),
    tagsOf: typeof tags === 'function' ? tags : undefined,
    tagHeader,
    maxBodyBytes,
    honourRequest,
    origin,
    fetch,
  };
}

const isTexts = (value: readonly string[]): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

function isOrigin(origin: string): boolean {
  try {
    return new URL(origin).origin === origin;
  } catch {
    return false;
  }
}
