import { CacheService, DynamoDBCacheStore, MemoryCacheStore } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { Hono, type MiddlewareHandler } from 'hono';
import { answerParent, type Cost, startCost } from './answer.js';

const PATH = '/item';
const URL = `http://localhost${PATH}`;

let answers = 0;
let body = '';
const answer = () => {
  answers++;
  return new Response(body, { headers: { 'content-type': 'application/json' } });
};

const onDynamoDB = () => {
  const { TABLE: tableName = '', ENDPOINT: endpoint } = process.env;
  return new CacheService(new DynamoDBCacheStore({ tableName, endpoint }), { keyPrefix: 'bench' });
};

/** Node has no `caches`. This is the least that can stand behind Hono's middleware. */
function cachesOfMemory() {
  const kept = new Map<string, Response>();
  const cache = {
    match: async (key: string) => kept.get(key)?.clone(),
    put: async (key: string, response: Response) => void kept.set(key, response),
  };
  return { open: async () => cache };
}

/** A route of Hono that answers with the same body, loaded when it is asked for, so that a process has one of them. */
const contestants = {
  bare: () => new Hono().get(PATH, answer),

  cached: () => routeWith(cacheResponses(new CacheService(new MemoryCacheStore()), { ttl: '1h' })),

  tagged: () => {
    const cache = new CacheService(new MemoryCacheStore(), { tagTTL: '1h' });
    return routeWith(cacheResponses(cache, { ttl: '1h', tags: () => ['items', 'item:1'] }));
  },

  stored: () => routeWith(cacheResponses(onDynamoDB(), { ttl: '1h' })),

  /** The same body as a value, for a route that calls `wrap` itself. */
  wrapped: () => {
    const cache = onDynamoDB();
    return new Hono().get(PATH, async (c) =>
      c.json(await cache.wrap('item', '1h', () => answer().json())),
    );
  },

  async ocache() {
    const { defineCachedHandler } = await import('ocache');
    const handle = defineCachedHandler(async () => answer(), { maxAge: 3_600 });
    return new Hono().get(PATH, async (c) => (await handle({ req: c.req.raw })) as Response);
  },

  async hono() {
    Object.assign(globalThis, { caches: cachesOfMemory() });
    const { cache } = await import('hono/cache');
    return routeWith(cache({ cacheName: 'bench', cacheControl: 'max-age=3600', wait: true }));
  },
} satisfies Record<string, () => Hono | Promise<Hono>>;
export type Contestant = keyof typeof contestants;

const routeWith = (middleware: MiddlewareHandler): Hono =>
  new Hono().use(PATH, middleware).get(PATH, answer) as unknown as Hono;

const apps = new Map<Contestant, Pick<Hono, 'fetch'>>();

const calls = {
  async prepare({ contestant, value }: { contestant: Contestant; value: unknown }): Promise<void> {
    body = JSON.stringify(value);
    const app = await contestants[contestant]();
    apps.set(contestant, app);
    // The second load of a response stores it, if its tags were unknown.
    for (let read = 0; read < 3; read++) {
      await (await app.fetch(new Request(URL))).text();
      await new Promise(setImmediate);
    }
    answers = 0;
  },

  /** Requests one after the other, whose responses are read to their end. */
  async requests({
    contestant,
    calls,
  }: {
    contestant: Contestant;
    calls: number;
  }): Promise<Cost & { readonly answers: number }> {
    const app = apps.get(contestant);
    if (!app) throw new Error(`${contestant} is not prepared`);
    answers = 0;
    let text = '';
    const cost = startCost(calls);
    for (let call = 0; call < calls; call++) {
      const response = await app.fetch(new Request(URL));
      text = await response.text();
    }
    const took = cost();
    if (text !== body) throw new Error('the response has another body');
    return { ...took, answers };
  },
};
export type HttpCalls = typeof calls;

answerParent(calls);
