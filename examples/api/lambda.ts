import { afterResponse } from '@glasswork/cache/lambda';
import { handle } from 'hono/aws-lambda';
import { createApp } from './app.js';
import type { Queryable } from './item-database.js';

/**
 * The API on Lambda, where lists are refreshed behind responses: `export const handler = await createHandler(pool)` at
 * the top level of an ES module, with a Pool of `pg`, so that a warm sandbox keeps its connections.
 */
export async function createHandler(database: Queryable) {
  const after = await afterResponse();
  const app = createApp(database, { waitUntil: after.waitUntil, deadline: after.deadline });
  await app.cache.warm();
  return after.handler(handle(app.routes));
}
