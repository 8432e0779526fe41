import { Hono } from 'hono/tiny';
import { entryJSON, valueText } from '../entry-json.js';
import { explain } from '../explain.js';
import { errorText } from '../report-error.js';
import type { Target } from '../target/target.js';
import { Feed } from './feed.js';
import { cookieOf, isOwnHost, isOwnPage, isSecret, securityHeaders } from './guard.js';
import { keySearch } from './keys.js';
import { Searches } from './steps.js';
import { tagSearch } from './tags.js';

/** Characters of a value that are sent at first, and at most. */
const SHOWN = 2_000;
const MOST_SHOWN = 2_000_000;

export interface InspectOptions {
  readonly target: Target;
  /** The HTML of the page. */
  readonly page: string;
  /** Allows changes. */
  readonly write: boolean;
  readonly port: number;
  /** Opens the page, and everything that it shows. */
  readonly token: string;
  /** Lets services send events, and nothing else. */
  readonly feedToken: string;
}

/** The page and its requests. Every answer that has data of the store needs the token. */
export function inspectApp(options: InspectOptions): Hono {
  const { target, page, write, port, token } = options;
  const app = new Hono();
  const feed = new Feed();
  const searches = new Searches();
  const headers = securityHeaders(page);
  const cookie = `glasswork-inspect-${port}`;

  app.use(async (context, next) => {
    if (!isOwnHost(context.req.header('host'), port))
      context.res = new Response('Wrong host: open the address that the command printed.\n', {
        status: 421,
      });
    else await next();
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  });
  app.onError((error, context) =>
    context.json({ error: errorText(error) }, error instanceof SyntaxError ? 400 : 502),
  );
  app.notFound((context) => context.json({ error: 'There is nothing here.' }, 404));

  app.get('/favicon.ico', (context) => context.body(null, 204));
  app.post('/events', async (context) => {
    const [, given] = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '') ?? [];
    if (!isSecret(given, options.feedToken)) return context.text('Wrong token.\n', 401);
    const { pid, dropped, events } = Object(await context.req.json());
    for (const event of Array.isArray(events) ? events : []) feed.publish({ pid, ...event });
    if (dropped > 0) feed.publish({ pid, type: 'dropped', at: Date.now(), count: dropped });
    return context.body(null, feed.isWatched ? 200 : 204);
  });

  app.use(async (context, next) => {
    const { searchParams, pathname } = new URL(context.req.url);
    const isFirst = pathname === '/' && isSecret(searchParams.get('token') ?? undefined, token);
    const isKnown = isSecret(cookieOf(context.req.raw.headers, cookie), token);
    if (!isFirst && !isKnown)
      return context.text('Open the address that the command printed: it has the token.\n', 401);
    if (!isFirst && !isOwnPage(context.req.raw.headers))
      return context.text('Another page must not read this one.\n', 403);
    await next();
    const value = `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/`;
    if (isFirst) context.res.headers.set('set-cookie', value);
    return undefined;
  });

  app.get('/', (context) => context.html(page));
  app.get('/api/about', (context) =>
    context.json({ title: target.title, prefix: target.keys.prefix ?? null, write }),
  );
  app.get('/api/keys', async (context) => {
    const { search, pattern = '*', dead } = context.req.query();
    const step = await searches.step(search, () => keySearch(target, pattern || '*', dead === '1'));
    return step ? context.json(step) : context.json(GONE, 410);
  });
  app.get('/api/tags', async (context) => {
    const step = await searches.step(context.req.query('search'), () => tagSearch(target));
    return step ? context.json(step) : context.json(GONE, 410);
  });
  app.get('/api/entry', async (context) => {
    const { key = '', value } = context.req.query();
    const record = await target.inspection.read(target.keys.key(key));
    const found = await explain(target, record, Date.now());
    const entry = { ...entryJSON(key, found, record), hasValue: record?.raw !== undefined };
    if (!value || record?.raw === undefined) return context.json(entry);
    const text = valueText(record.raw);
    const most = value === 'all' ? MOST_SHOWN : SHOWN;
    return context.json({ ...entry, value: text.slice(0, most), length: text.length });
  });
  app.get('/api/events', () => {
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
    return new Response(feed.open(), { headers });
  });

  const { service } = target;
  const change = (path: string, act: (names: readonly string[]) => Promise<unknown>) =>
    app.post(`/api/${path}`, async (context) => {
      if (!write)
        return context.json({ error: 'Read-only: start inspect with --write to change it.' }, 403);
      // A form of another page cannot send this type, whatever the browser knows of sites.
      if (!context.req.header('content-type')?.startsWith('application/json'))
        return context.json({ error: 'Send JSON.' }, 415);
      const { names } = Object(await context.req.json());
      if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
        return context.json({ error: 'Send { "names": [] }.' }, 400);
      await act(names);
      return context.json({ done: names.length });
    });
  change('del', (keys) => service.delMany(keys));
  change('expire', (keys) => Promise.all(keys.map((key) => service.expire(key))));
  change('expire-tags', (tags) => service.expireTags(tags));
  change('invalidate', (tags) => service.invalidateTags(tags));
  return app;
}

const GONE = { error: 'The search has ended: begin it again.' };
