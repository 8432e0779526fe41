import { PGlite } from '@electric-sql/pglite';
import { serve } from '@hono/node-server';
import { createApp } from './app.js';
import { seed } from './seed.js';

// On your machine; lambda.ts is the same for Lambda.
const database = await PGlite.create();
await seed(database, { items: 1_000 });
const app = createApp(database);
const server = serve({ fetch: app.routes.fetch, port: Number(process.env.PORT ?? 3000) }, (info) =>
  console.log(`Try http://localhost:${info.port}/items/1`),
);
process.once('SIGINT', () => {
  server.close();
  void app.close().then(() => database.close());
});
