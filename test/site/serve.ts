import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { compress } from 'hono/compress';

/** The built site on loopback, compressed and without `.html`, as a host serves it. */
export async function serveSite(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const app = new Hono();
  app.use(compress());
  app.use('*', (context, next) => {
    const { path } = context.req;
    const page = path.endsWith('/') ? `${path}index.html` : `${path}.html`;
    const isPage = existsSync(join(folder, page));
    return serveStatic({ root: folder, path: isPage ? page : path })(context, next);
  });
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
