import { setTimeout as sleep } from 'node:timers/promises';
import { type CacheEvent, CacheService, type Duration, DynamoDBCacheStore } from '@glasswork/cache';
import { type AfterResponse, afterResponse } from '@glasswork/cache/lambda';

/** A test's order to a function with a cache. */
export interface CachedEvent {
  readonly key: string;
  /** A load that has its value ends the process, as the kernel does where memory runs out. */
  readonly crash?: boolean;
  /** A promise that rejects a little later goes to `waitUntil`, beside the cache's own. */
  readonly reject?: boolean;
}

export interface CachedAnswer {
  readonly value: string;
  readonly mode: AfterResponse['mode'];
  readonly pid: number;
  /** The cache's events since the last answer. */
  readonly events: readonly string[];
}

const {
  TABLE = '',
  ENDPOINT = '',
  ORIGIN = '',
  BACKGROUND_FILL,
  MODE,
  MAX_WAIT = '2m',
  TIMEOUT = '1m',
} = process.env;

const events: string[] = [];

/** In the mode that the test forces, or the one that the module chooses. */
export const register = (): Promise<AfterResponse> =>
  afterResponse({
    mode: MODE as AfterResponse['mode'] | undefined,
    maxWait: MAX_WAIT as Duration,
    onEvent: (told) => events.push(describe(told)),
  });

const limit = TIMEOUT as Duration;
const store = new DynamoDBCacheStore({
  tableName: TABLE,
  endpoint: ENDPOINT,
  region: 'us-east-1',
  timeouts: { connect: limit, request: limit, total: limit },
});
let cache: CacheService | undefined;

/** Every value is stale a millisecond after its load: each read but the first starts a refresh. */
export async function read(after: AfterResponse, event: CachedEvent): Promise<CachedAnswer> {
  cache ??= new CacheService(store, {
    keyPrefix: 'functions',
    waitUntil: after.waitUntil,
    deadline: after.deadline,
    ...(BACKGROUND_FILL && { backgroundFill: BACKGROUND_FILL === 'true' }),
    onEvent: (told) => events.push(describe(told)),
  });
  const policy = { ttl: '1d', staleTTL: '1ms' } as const;
  const value = await cache.wrap(event.key, policy, () => load(event));
  if (event.reject) after.waitUntil(sleep(20).then(() => Promise.reject(new Error('as asked'))));
  return { value, mode: after.mode, pid: process.pid, events: events.splice(0) };
}

/** From the origin, which is in the test's process: the test decides when and how it answers. */
async function load({ crash = false }: CachedEvent): Promise<string> {
  const answer = await fetch(ORIGIN);
  if (!answer.ok) throw new Error('the origin is down');
  const value = await answer.text();
  if (crash) process.kill(process.pid, 'SIGKILL');
  return value;
}

const describe = (event: CacheEvent): string =>
  event.type === 'store-error' ? `store-error ${event.operation}: ${event.error}` : event.type;
