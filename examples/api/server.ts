import { PGlite } from '@electric-sql/pglite';
import { consoleReporter, DynamoDBCacheStore } from '@glasswork/cache';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { type AppOptions, createApp } from './app.js';
import { LOCAL } from './local.js';
import { startLocalDynamoDB } from './local-dynamodb.js';
import { createObserver } from './observe.js';
import { seed } from './seed.js';

// On your machine, with an embedded PostgreSQL and, unless CACHE_TABLE names a table, an embedded DynamoDB. `lambda.ts`
// is the same API for Lambda.
const TABLE = 'cache';
const port = Number(process.env.PORT ?? 3000);

const database = await PGlite.create();
await seed(database, { items: 200 });
const dynamoDB = process.env.CACHE_TABLE ? undefined : await startLocalDynamoDB([TABLE]);
const observer = createObserver();
const report = consoleReporter();
const app = createApp(database, {
  ...(dynamoDB && embedded(dynamoDB.endpoint)),
  middleware: [observer.middleware],
  onEvent(event) {
    observer.onEvent(event);
    report(event);
  },
});

const logged = new Hono();
logged.use(async (c, next) => {
  const started = performance.now();
  await next();
  const source = c.res.headers.get('x-cache') ?? '-';
  const took = `${(performance.now() - started).toFixed(1)} ms`;
  console.log(`${c.req.method} ${c.req.path}  ${c.res.status}  ${source}  ${took}`);
});
logged.route('/', app.routes);

const server = serve({ fetch: logged.fetch, port }, (info) => {
  const where = dynamoDB ? 'embedded DynamoDB' : `DynamoDB table ${process.env.CACHE_TABLE}`;
  console.log(`Cache: ${where}. Each request is a hit, stale or a miss.`);
  console.log(`Try  curl http://localhost:${info.port}/items/1  twice. Ctrl-C ends this.`);
});
server.once('error', (error: NodeJS.ErrnoException) => {
  const inUse = error.code === 'EADDRINUSE';
  console.error(inUse ? `Port ${port} is in use: set PORT to another one.` : String(error));
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  server.close();
  await app.close();
  await Promise.all([dynamoDB?.stop(), database.close()]);
  process.exit(0);
}

function embedded(endpoint: string): AppOptions {
  const credentials = async () => LOCAL.credentials;
  const options = { tableName: TABLE, region: LOCAL.region, endpoint, credentials };
  return { store: () => new DynamoDBCacheStore(options) };
}
