import { Hono, type MiddlewareHandler } from 'hono';
import * as v from 'valibot';
import { ItemChangesSchema, type Items } from './items.js';

export function createRoutes(items: Items, middleware: readonly MiddlewareHandler[] = []): Hono {
  const routes = new Hono();
  for (const one of middleware) routes.use(one);

  routes.get('/items', async (c) => {
    const category = c.req.query('category');
    if (category === undefined) return c.json({ message: 'Which category?' }, 400);
    return c.json(await items.list(category));
  });

  routes.get('/items/:id', async (c) => {
    const item = await items.find(c.req.param('id'));
    return item ? c.json(item) : c.json({ message: 'No such item' }, 404);
  });

  routes.put('/items/:id', async (c) => {
    const changes = v.safeParse(ItemChangesSchema, await c.req.json().catch(() => undefined));
    if (!changes.success) return c.json({ message: changes.issues[0].message }, 400);
    const updated = await items.update(c.req.param('id'), changes.output);
    return updated ? c.body(null, 204) : c.json({ message: 'No such item' }, 404);
  });

  // An update that the cache did not confirm ends here, too: its caller sends it again.
  routes.onError((error, c) => {
    console.error(`${c.req.method} ${c.req.path}: ${error.message}`);
    return c.json({ message: 'Something failed: try again' }, 500);
  });
  return routes;
}
