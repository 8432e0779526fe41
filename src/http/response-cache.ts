import type { CacheService } from '../cache-service.js';
import { createAnswer } from './answering/answer.js';
import type { ResponseCacheOptions } from './options.js';

/**
 * Caches responses to GET as a shared cache (RFC 9111). Each is a value of the service, so leases, tiers, tags, stale
 * responses and work after the response are those of `wrap`. A response is stored only if its headers allow it, or if the
 * route has a `ttl`; never a response with `Set-Cookie`, `private` or `no-store`.
 *
 * `next` answers a request from the origin. It is also called for refreshes after the response.
 *
 * @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option. The returned function throws only the
 * errors of `next`.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 * import { responseCache } from '@glasswork/cache/http';
 *
 * const cache = new CacheService(new MemoryCacheStore());
 * const cached = responseCache(cache, { ttl: '5m', tags: ['products'] });
 *
 * export const handler = (request: Request): Promise<Response> =>
 *   cached(request, async () => Response.json({ products: [] }));
 * ```
 */
export function responseCache(
  cache: CacheService,
  options: ResponseCacheOptions = {},
): (
  request: Request,
  next: (request: Request) => Response | Promise<Response>,
) => Promise<Response> {
  const answer = createAnswer(cache, options);
  return async (request, next) =>
    answer({
      ...{ request, method: request.method, headers: request.headers, next },
      ...{ refresh: options.fetch ?? next, route: undefined },
    });
}
