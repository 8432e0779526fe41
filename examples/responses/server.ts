import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { serve } from '@hono/node-server';
import { createApp } from './app.js';
import { Products } from './products.js';

const app = createApp(new CacheService(new MemoryCacheStore()), new Products());
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`curl -i http://localhost:${port}/products`);
});
