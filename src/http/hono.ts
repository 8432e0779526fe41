import type { CacheService } from '../cache-service.js';
import { givenObject } from '../model/given.js';
import { createAnswer } from './answering/answer.js';
import type { ResponseCacheOptions } from './options.js';

/** The part of Hono's context that the middleware uses. */
interface HonoContext {
  readonly req: { raw: Request; readonly routePath?: string };
  res: Response;
  readonly finalized: boolean;
}

/**
 * `responseCache` as middleware for Hono, for single routes or a whole app.
 *
 * Give `fetch: app.fetch`, so that stale responses are served at once and refreshed after the response. Without it
 * they are loaded while the client waits, because Hono's `next` ends with its request.
 *
 * @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 * import { cacheResponses } from '@glasswork/cache/hono';
 * import { Hono } from 'hono';
 *
 * const cache = new CacheService(new MemoryCacheStore());
 * const app = new Hono();
 * app.use('/products/*', cacheResponses(cache, { ttl: '5m', fetch: (request) => app.fetch(request) }));
 * app.get('/products/:id', (c) => c.json({ id: c.req.param('id') }));
 * ```
 */
export function cacheResponses(
  cache: CacheService,
  options: ResponseCacheOptions = {},
): (context: object, next: () => Promise<void>) => Promise<Response | undefined> {
  const { fetch } = givenObject(options);
  // A load that outlasts its response would write into a context that has ended.
  const answer = createAnswer(cache, fetch ? options : { ...options, softTimeout: undefined });
  return async (anyContext, next) => {
    // Hono calls a middleware with its context, whose type is a type parameter of the application.
    const context = anyContext as HonoContext;
    const { raw } = context.req;
    let hasEnded = false;
    let response: Response;
    try {
      response = await answer({
        request: raw,
        method: raw.method,
        headers: raw.headers,
        refresh: fetch,
        isNextOnce: true,
        route: routeOf(context),
        async next(request) {
          context.req.raw = request;
          await next();
          // The context has the client's response by now, whatever the handler has returned.
          if (hasEnded) throw new Error('The handler answered after its request had ended.');
          return context.res;
        },
      });
    } finally {
      hasEnded = true;
    }
    if (!context.finalized) return response;
    // Not before, because Hono makes a response if it is asked for one that is not there.
    const { res } = context;
    if (response === res) return response;
    // Otherwise Hono would add the fields of the one to the other. Its setter takes undefined, its type does not.
    (context as { res: Response | undefined }).res = undefined;
    context.res = response;
    // Outer middleware has set them for the origin of this request, and a last good response has those of another one.
    for (const [name, field] of res.headers)
      if (name.startsWith('access-control-')) response.headers.set(name, field);
    return undefined;
  };
}

/** The pattern of the route, such as `/products/:id`. */
function routeOf({ req }: HonoContext): string | undefined {
  const { routePath } = req;
  return routePath === '/*' ? undefined : routePath;
}
