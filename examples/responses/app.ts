import type { CacheService } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { Hono } from 'hono';
import type { Products } from './products.js';

/** An API with cached GET routes. Each response names its tags in the header `tagHeader`, which the cache reads. */
export function createApp(cache: CacheService, products: Products, tagHeader = 'x-tags'): Hono {
  const app = new Hono();
  // `fetch` lets stale responses leave at once. They are refreshed after the response.
  const fetch = (request: Request) => app.fetch(request);
  app.use('/products/*', cacheResponses(cache, { ttl: '10m', staleTTL: '1m', tagHeader, fetch }));
  // `public` shares them with requests that have a cookie.
  const shared = (tag: string) => ({ 'cache-control': 'public', [tagHeader]: tag });

  app.get('/products', async (c) => c.json(await products.list(), 200, shared('products')));

  app.get('/products/:id', async (c) => {
    const id = c.req.param('id');
    const product = await products.find(id);
    return c.json(product ?? null, product ? 200 : 404, shared(`product:${id}`));
  });

  app.put('/products/:id', async (c) => {
    const id = c.req.param('id');
    await products.rename(id, await c.req.text());
    // First the database, then the cache: it rejects if an invalidation is not confirmed.
    await cache.invalidateTags([`product:${id}`, 'products']);
    return c.body(null, 204);
  });
  return app;
}
