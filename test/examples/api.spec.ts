import { PGlite } from '@electric-sql/pglite';
import type { CacheEvent } from '@glasswork/cache';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type App, createApp } from '../../examples/api/app.js';
import type { Queryable } from '../../examples/api/item-database.js';
import type { Item, ItemSummary } from '../../examples/api/items.js';
import { createHandler } from '../../examples/api/lambda.js';
import { createObserver } from '../../examples/api/observe.js';
import { seed } from '../../examples/api/seed.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable } from '../servers/table.js';

let dynalite: Dynalite;
let postgres: PGlite;
let queries = 0;
const database: Queryable = {
  query(sql, parameters) {
    queries++;
    return postgres.query(sql, parameters);
  },
};

beforeAll(async () => {
  dynalite = await startDynalite();
  postgres = await PGlite.create();
  await seed(postgres, { items: 60, categories: 3 });
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynalite.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([dynalite?.stop(), postgres?.close()]);
});

describe('the example API', () => {
  const apps: App[] = [];
  const sandbox = (): App => {
    const app = createApp(database);
    apps.push(app);
    return app;
  };
  const read = async <T>({ routes }: App, path: string): Promise<T> => {
    const response = await routes.request(path);
    expect(response.status).toBe(200);
    return (await response.json()) as T;
  };
  const item = (app: App, id: string) => read<Item>(app, `/items/${id}`);
  const list = (app: App, category: string) =>
    read<ItemSummary[]>(app, `/items?category=${category}`);
  const status = async ({ routes }: App, path: string) => (await routes.request(path)).status;
  const put = ({ routes }: App, path: string, body: unknown) =>
    routes.request(path, { method: 'PUT', body: JSON.stringify(body) });

  beforeEach(async () => {
    vi.stubEnv('CACHE_TABLE', await createCacheTable(dynalite.endpoint));
    queries = 0;
    return () => Promise.all(apps.splice(0).map((app) => app.close()));
  });

  it('answers the second sandbox from the cache', async () => {
    const first = await item(sandbox(), '7');
    expect(first).toMatchObject({ id: '7', name: 'Item 7', maxAge: 300 });
    expect(first.rating).toEqual(await ratingOf('7'));
    expect(queries).toBe(1);
    expect(await item(sandbox(), '7')).toEqual(first);
    expect(queries).toBe(1);
  });

  it('gives the new value after an update, in every sandbox', async () => {
    const [one, other] = [sandbox(), sandbox()];
    const before = await item(other, '7');
    const price = before.price + 1;
    expect((await put(one, '/items/7', { price })).status).toBe(204);
    expect(await item(one, '7')).toEqual({ ...before, price });
    expect(await item(other, '7')).toEqual({ ...before, price });
  });

  it('invalidates the lists of the category that an item is in, and no other', async () => {
    const app = sandbox();
    const { category } = await item(app, '7');
    const other = category === 'category-1' ? 'category-2' : 'category-1';
    expect(await list(app, category)).toHaveLength(20);
    await list(app, other);
    expect(queries).toBe(3);

    expect((await put(app, '/items/7', { name: 'Another name' })).status).toBe(204);
    const names = (await list(app, category)).map(({ name }) => name);
    expect(names).toContain('Another name');
    expect(queries).toBe(5);
    await list(app, other);
    expect(queries).toBe(5);
  });

  it('caches that there is no such item, and refuses what is no change', async () => {
    const app = sandbox();
    expect(await status(app, '/items/none')).toBe(404);
    expect(await status(app, '/items/none')).toBe(404);
    expect(queries).toBe(1);
    expect((await put(app, '/items/none', { price: 1 })).status).toBe(404);
    expect((await put(app, '/items/7', { price: -1 })).status).toBe(400);
    expect((await app.routes.request('/items/7', { method: 'PUT', body: '{' })).status).toBe(400);
    expect(await status(app, '/items')).toBe(400);
  });

  it('answers without its table, but an update says that the cache was not invalidated', async () => {
    vi.stubEnv('CACHE_TABLE', 'no-such-table');
    const [error, warn] = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];
    error.mockImplementation(() => {});
    warn.mockImplementation(() => {});
    const app = sandbox();
    const before = await item(app, '7');
    expect(await item(app, '7')).toEqual(before);
    expect(queries).toBe(2);
    // The database has the change by now, and other sandboxes may still serve the old value.
    expect((await put(app, '/items/7', { price: 3 })).status).toBe(500);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('no-such-table'));
    expect(error).toHaveBeenCalledWith(expect.stringMatching(/^PUT \/items\/7: .*not confirm/));
  });
});

describe('the example API on Lambda', () => {
  it('answers an event of an HTTP API', async () => {
    vi.stubEnv('CACHE_TABLE', await createCacheTable(dynalite.endpoint));
    const handler = await createHandler(database);
    const event = {
      version: '2.0',
      rawPath: '/items/7',
      rawQueryString: '',
      headers: {},
      requestContext: { domainName: 'localhost', http: { method: 'GET' } },
    };
    expect(await handler(event as never)).toMatchObject({
      statusCode: 200,
      body: expect.stringContaining('"id":"7"'),
    });
  });
});

describe('the example handler', () => {
  it('answers an event of the API, and a test event', async () => {
    vi.stubEnv('CACHE_TABLE', await createCacheTable(dynalite.endpoint));
    // It makes its store when it is loaded, as Lambda loads it: with its variables set.
    const { handler } = await import('../../examples/handler/handler.js');
    const answer = await handler({ pathParameters: { id: '7' } });
    expect(answer).toEqual({ statusCode: 200, body: '{"id":"7","name":"Item 7"}' });
    // A test event of the Lambda console.
    const tested = await handler({ key1: 'value1' } as never);
    expect(tested).toEqual({ statusCode: 200, body: '{"id":"1","name":"Item 1"}' });
  });
});

describe('an observer of the example API', () => {
  const answer = async (...events: CacheEvent[]) => {
    const observer = createObserver();
    const routes = new Hono().use(observer.middleware).get('/', async (c) => {
      for (const event of events) observer.onEvent(event);
      return c.text('');
    });
    return (await routes.request('/')).headers.get('x-cache');
  };
  const hit = (state: 'fresh' | 'stale'): CacheEvent => ({
    type: 'hit',
    key: 'a',
    state,
    ageMs: 1,
  });
  const miss: CacheEvent = { type: 'miss', key: 'a', reason: 'absent' };

  it.each<[readonly CacheEvent[], string | null]>([
    [[], null],
    [[hit('fresh')], 'hit'],
    [[hit('stale'), { type: 'refresh', key: 'a', reason: 'stale' }], 'stale'],
    [[miss, { type: 'load', key: 'a', durationMs: 1 }], 'miss'],
    [[miss, { type: 'stale-served', key: 'a', reason: 'error' }], 'stale'],
    // A request that reads two keys waited for the slower of them.
    [[miss, hit('fresh')], 'miss'],
    [[hit('fresh'), hit('stale')], 'stale'],
  ])('makes of %j: %s', async (events, source) => {
    expect(await answer(...events)).toBe(source);
  });

  it('knows nothing of events outside of a request', () => {
    expect(() => createObserver().onEvent(hit('fresh'))).not.toThrow();
  });
});

async function ratingOf(id: string) {
  const { rows } = await postgres.query<{ rating: number }>(
    'SELECT rating FROM reviews WHERE item_id = $1',
    [id],
  );
  const sum = rows.reduce((total, { rating }) => total + rating, 0);
  return { average: Math.round((sum / rows.length) * 100) / 100, count: 20 };
}
