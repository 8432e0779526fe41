import type { CacheEvent } from '@glasswork/cache';
import { type App, createApp } from '../api/app.js';
import { ItemDatabase, type Queryable } from '../api/item-database.js';
import { createRoutes } from '../api/routes.js';
import { type Units, usdPerMillionRequests } from './capacity.js';
import { Child } from './children.js';
import type { Workload } from './clusters.js';
import type { DatabaseCalls } from './database-process.js';
import type { DynamoDBCalls } from './dynamodb-process.js';
import { DATABASE_DELAY, delays } from './network.js';
import { type Outcome, percentile, run } from './run.js';
import { ARRIVALS_PER_SECOND, drawTraffic, type Traffic } from './traffic.js';

export interface Figures {
  readonly cluster: number;
  readonly requests: number;
  readonly hitRatio: number;
  /** Of reads, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p50MsWithout: number;
  readonly p99MsWithout: number;
  /** Queries that reached the database, updates included. */
  readonly originCalls: number;
  readonly originCallsWithout: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly usdPerMillion: number;
  readonly errors: number;
}

export interface Result {
  readonly figures: Figures;
  readonly traffic: Traffic;
  readonly withCache: Outcome;
  readonly withoutCache: Outcome;
}

export interface Progress {
  /** A line that stays. */
  say(text: string): void;
  /** How far something is. */
  step(what: string, done: number, of: number): void;
}

const TABLE = 'demo-cache';
const WARM_UP_REQUESTS = 200;
/** Of an item as JSON, without its id and description. */
const ITEM_BYTES = 190;
const KEY_START = 'item:';

export interface Servers {
  readonly dynamodb: Child<DynamoDBCalls>;
  readonly database: Child<DatabaseCalls>;
  stop(): Promise<void>;
}

export function startServers(): Servers {
  const dynamodb = new Child<DynamoDBCalls>(new URL('dynamodb-process.ts', import.meta.url));
  const database = new Child<DatabaseCalls>(new URL('database-process.ts', import.meta.url));
  return {
    dynamodb,
    database,
    stop: async () => {
      await Promise.all([dynamodb.stop(), database.stop()]);
    },
  };
}

/** The same traffic twice at the same time: straight to the database, and through the cache. */
export async function measure(
  servers: Servers,
  workload: Workload,
  requests: number,
  seed: number,
  { say, step }: Progress,
): Promise<Result> {
  const traffic = drawTraffic(workload, requests, seed);
  const idLength = Math.max(1, workload.keyBytes - KEY_START.length);
  say('Starting DynamoDB (dynalite) and PostgreSQL (PGlite) ...');
  const [endpoint] = await Promise.all([
    servers.dynamodb.call('start', { tableName: TABLE, seed: seed + 1 }),
    servers.database.call('setUp', {
      items: traffic.items,
      maxAges: traffic.maxAges,
      idLength,
      valueBytes: workload.valueBytes,
      bareBytes: ITEM_BYTES + idLength,
    }),
  ]);
  Object.assign(process.env, {
    CACHE_TABLE: TABLE,
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });

  const direct = distant(servers.database, seed + 2);
  const behind = distant(servers.database, seed + 3);
  const items = new ItemDatabase({ database: direct });
  const plain = () => ({ routes: createRoutes(items) });

  const warmUp = drawTraffic(workload, WARM_UP_REQUESTS, seed + 4);
  const warm: Traffic = {
    ...warmUp,
    // It was drawn for items of another number.
    requests: warmUp.requests.map((one) => ({ ...one, item: (one.item % traffic.items) + 1 })),
  };
  const warming = sandboxes(behind, 'warm-up');
  await Promise.all([
    run(warm, idLength, plain, (done) => step('Warming up', done, WARM_UP_REQUESTS)),
    run(warm, idLength, warming.create, () => {}),
  ]);
  await warming.close();

  direct.take();
  behind.take();
  await servers.dynamodb.call('units', undefined);
  const cached = sandboxes(behind, 'shop');
  // Both at once: whatever else this machine does meanwhile, it does to both.
  const [withoutCache, withCache] = await Promise.all([
    run(traffic, idLength, plain, () => {}),
    run(traffic, idLength, cached.create, (done) => step('Measuring', done, requests)),
  ]);
  const late = Math.max(withoutCache.putOff, withCache.putOff) / 1_000;
  if (late > 0.1 * (requests / ARRIVALS_PER_SECOND)) {
    say(
      `This machine is busy: arrivals were put off by ${late.toFixed(1)} s, and latencies are high.`,
    );
  }
  const { hits, misses, errors } = await cached.close();
  const units: Units = await servers.dynamodb.call('units', undefined);

  const figures: Figures = {
    cluster: workload.cluster,
    requests,
    hitRatio: rounded(hits / Math.max(1, hits + misses), 4),
    p50Ms: rounded(percentile(withCache.reads, 0.5), 2),
    p99Ms: rounded(percentile(withCache.reads, 0.99), 2),
    p50MsWithout: rounded(percentile(withoutCache.reads, 0.5), 2),
    p99MsWithout: rounded(percentile(withoutCache.reads, 0.99), 2),
    originCalls: behind.take(),
    originCallsWithout: direct.take(),
    ...units,
    usdPerMillion: rounded(usdPerMillionRequests(units, requests), 4),
    errors: withCache.errors.length + withoutCache.errors.length + errors.length,
  };
  return {
    figures,
    traffic,
    withCache: { ...withCache, errors: [...withCache.errors, ...errors] },
    withoutCache,
  };
}

/** The database behind a network, and how often it was asked. */
function distant(child: Child<DatabaseCalls>, seed: number): Queryable & { take(): number } {
  const nextDelay = delays(DATABASE_DELAY, seed);
  let calls = 0;
  return {
    async query<Row>(sql: string, parameters: unknown[] = []) {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, nextDelay()));
      return { rows: (await child.call('query', { sql, parameters })) as Row[] };
    },
    take() {
      const taken = calls;
      calls = 0;
      return taken;
    },
  };
}

/** Sandboxes of the example API, each with a cache and connections of its own over the one table. */
function sandboxes(database: Queryable, keyPrefix: string) {
  const apps: App[] = [];
  const errors: string[] = [];
  const onEvent = (event: CacheEvent) => {
    if ('error' in event && event.error !== undefined) errors.push(`${event.type}: ${event.error}`);
  };
  return {
    create(): App {
      const app = createApp(database, { keyPrefix, onEvent });
      apps.push(app);
      return app;
    },
    async close() {
      await Promise.all(apps.map((app) => app.close()));
      const sum = (counter: string) =>
        apps.reduce((total, { cache }) => total + (cache.stats()[counter] ?? 0), 0);
      return { hits: sum('hits'), misses: sum('misses'), errors };
    },
  };
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
