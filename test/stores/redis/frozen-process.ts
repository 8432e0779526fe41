import { type CacheEvent, CacheService, RedisCacheStore } from '@glasswork/cache';
import { Redis } from 'ioredis';

/** An order of the test to this process. */
export type Order =
  | { readonly id: number; readonly type: 'wrap'; readonly key: string; readonly value: string }
  | { readonly id: number; readonly type: 'begin'; readonly key: string; readonly value: string }
  | { readonly id: number; readonly type: 'end' };

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** The cache's events since the last answer. */
  readonly events: readonly string[];
}

const [url = '', way] = process.argv.slice(2);
const options = way === 'a url and a commandTimeout' ? { commandTimeout: 1_000 } : {};
const store = way === 'a client' ? givenClient() : new RedisCacheStore({ url, options });
const events: string[] = [];
const tell = (event: CacheEvent) => {
  const detail = 'reason' in event ? event.reason : 'state' in event ? event.state : '';
  const error = 'error' in event ? String(event.error) : '';
  events.push([event.type, detail, error].filter(Boolean).join(' '));
};
const cache = new CacheService(store, { versionTTL: 0, defaultTTL: '1h', onEvent: tell });

let ended = () => {};
let running: Promise<unknown> = Promise.resolve();

process.on('message', (order: Order) => void obey(order));

async function obey(order: Order): Promise<void> {
  const { id } = order;
  if (order.type === 'wrap') {
    answer({ id, value: await cache.wrap(order.key, '1h', () => order.value) });
  } else if (order.type === 'begin') {
    await new Promise<void>((begun) => {
      running = cache.wrap(order.key, '1h', async () => {
        begun();
        await new Promise<void>((resolve) => {
          ended = resolve;
        });
        return order.value;
      });
    });
    answer({ id });
  } else {
    ended();
    answer({ id, value: await running });
  }
}

function answer(what: Omit<Answer, 'events'>): void {
  process.send?.({ ...what, events: events.splice(0) });
}

function givenClient(): RedisCacheStore {
  const client = new Redis(url);
  client.on('error', () => {});
  return new RedisCacheStore({ client });
}
