import { AsyncLocalStorage } from 'node:async_hooks';
import { threadId } from 'node:worker_threads';
import { type CacheEvent, CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { type AfterResponse, afterResponse } from '@glasswork/cache/lambda';

/** One of many requests that a Managed Instance serves at once. */
export interface ManagedEvent {
  readonly key: string;
  /** `hang`: the load never ends. `abort`: the caller stops waiting once its call has begun. */
  readonly load: 'value' | 'fail' | 'hang' | 'abort';
}

export interface ManagedAnswer {
  readonly key: string;
  readonly outcome: string;
  readonly mode: AfterResponse['mode'];
  readonly thread: number;
  /** The request in whose asynchronous context this one found itself after its call. */
  readonly context: string | undefined;
  /** Events of the cache that came in the context of another request than the one whose key they name. */
  readonly strays: readonly string[];
}

const { TABLE = '', ENDPOINT = '', ORIGIN = '' } = process.env;

const requests = new AsyncLocalStorage<ManagedEvent>();
const strays: string[] = [];
const note = (event: CacheEvent) => {
  const context = requests.getStore();
  if ('key' in event && event.key !== context?.key) strays.push(`${event.type} of ${event.key}`);
};

const after = await afterResponse();
const store = new DynamoDBCacheStore({ tableName: TABLE, endpoint: ENDPOINT, region: 'us-east-1' });
const cache = new CacheService(store, {
  keyPrefix: 'functions',
  waitUntil: after.waitUntil,
  deadline: after.deadline,
  onEvent: note,
});

export const handler = after.handler((event: ManagedEvent, _context: object) =>
  requests.run(event, async (): Promise<ManagedAnswer> => {
    const outcome = await outcomeOf(event);
    const context = requests.getStore()?.key;
    return { key: event.key, outcome, mode: after.mode, thread: threadId, context, strays };
  }),
);

async function outcomeOf(event: ManagedEvent): Promise<string> {
  const caller = new AbortController();
  const limit = event.load === 'hang' ? ({ hardTimeout: '500ms' } as const) : {};
  const policy = { ttl: '1h', signal: caller.signal, ...limit } as const;
  const answer = cache.wrap(event.key, policy, () => load(event));
  if (event.load === 'abort') setImmediate(() => caller.abort(new Error('the client has gone')));
  return answer.catch((error: Error & { code?: string }) => error.code ?? error.message);
}

async function load({ key, load }: ManagedEvent): Promise<string> {
  if (load === 'fail') throw new Error('the origin is down');
  if (load === 'hang') return new Promise(() => {});
  const answer = await fetch(ORIGIN);
  return `${await answer.text()} of ${key}`;
}
