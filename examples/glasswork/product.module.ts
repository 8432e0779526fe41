import type { CacheService } from '@glasswork/cache';
import type { CacheModule } from '@glasswork/cache/glasswork';
import { cacheResponses } from '@glasswork/cache/hono';
import type { Hono } from 'hono';
import { ProductService } from './product.service.js';

interface Services {
  readonly cacheService: CacheService;
  readonly productService: ProductService;
}

/**
 * For Glasswork's `defineModule`: products with cached routes.
 *
 * @param fetch - `app.fetch` of the application, so that stale responses are refreshed after the response.
 */
export function productModule(
  cache: CacheModule,
  fetch: (request: Request) => Response | Promise<Response>,
) {
  return {
    name: 'products',
    basePath: 'products',
    imports: [cache],
    providers: [ProductService],
    exports: [ProductService],
    routes(router: Hono, services: Record<string, unknown>) {
      // Glasswork passes its container's cradle, which holds what the modules register.
      const { cacheService, productService } = services as unknown as Services;
      const tagHeader = 'x-tags';
      router.use(cacheResponses(cacheService, { ttl: '10m', staleTTL: '1m', tagHeader, fetch }));
      // `public` shares them with requests that have a cookie.
      const shared = (tag: string) => ({ 'cache-control': 'public', [tagHeader]: tag });

      router.get('/', async (c) => c.json(await productService.list(), 200, shared('products')));
      router.get('/:id', async (c) => {
        const id = c.req.param('id');
        const product = await productService.find(id);
        return c.json(product, product ? 200 : 404, shared(`product:${id}`));
      });
      router.put('/:id', async (c) => {
        await productService.rename(c.req.param('id'), await c.req.text());
        return c.body(null, 204);
      });
    },
  };
}
