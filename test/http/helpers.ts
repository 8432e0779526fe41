import { type CacheConfig, type CacheEvent, CacheService, type CacheStore } from '@glasswork/cache';
import { type ResponseCacheOptions, responseCache } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock, type VirtualClock } from '@glasswork/cache/testing';

/** A whole second, because HTTP dates have no fractions. */
export const START = Date.UTC(2030, 0, 1);
export const URL_1 = 'https://example.com/a';

/** An HTTP date, `seconds` after the start of the test. */
export const at = (seconds: number): string => new Date(START + seconds * 1000).toUTCString();

export type Origin = (request: Request) => Response | Promise<Response>;

export interface World {
  readonly cache: CacheService;
  readonly clock: VirtualClock;
  readonly store: CacheStore;
  readonly events: CacheEvent[];
  /** The requests that reached the origin. */
  readonly asked: Request[];
  /** The origin: replace it to change its answers. */
  origin: Origin;
  /** Sends a GET through the cache, and waits for the background work that it began. */
  get(headers?: Record<string, string>, url?: string): Promise<Response>;
  send(request: Request): Promise<Response>;
  reasons(): (string | undefined)[];
}

/** A response cache in virtual time, in front of an origin in this process. */
export function world(
  options: ResponseCacheOptions = {},
  config: CacheConfig = {},
  shared?: { store: CacheStore; clock: VirtualClock },
): World {
  const clock = shared?.clock ?? createVirtualClock(START);
  const store = shared?.store ?? new MemoryCacheStore({ clock });
  const events: CacheEvent[] = [];
  const onEvent = (event: CacheEvent) => void events.push(event);
  const cache = new CacheService(store, { clock, onEvent, ...config });
  const handle = responseCache(cache, options);
  const made: World = {
    ...{ cache, clock, store, events },
    asked: [],
    origin: () => new Response('body'),
    async get(headers = {}, url = URL_1) {
      const response = await made.send(new Request(url, { headers }));
      await cache.settled();
      return response;
    },
    send: (request) =>
      handle(request, (each) => {
        made.asked.push(each);
        return made.origin(each);
      }),
    reasons: () => events.flatMap((event) => (event.type === 'response' ? [event.reason] : [])),
  };
  return made;
}

/** An origin that counts: its bodies are `1`, `2`, and so on. */
export function counting(init: (count: number) => ResponseInit = () => ({})): Origin {
  let count = 0;
  return () => {
    count++;
    return new Response(String(count), init(count));
  };
}

/** An origin whose answers wait until the test lets them go. */
export function gated(made: World, answer: (n: number, request: Request) => Response) {
  const waiting: (() => void)[] = [];
  made.origin = async (asked) => {
    const n = made.asked.length;
    await new Promise<void>((resolve) => waiting.push(resolve));
    return answer(n, asked);
  };
  return {
    waiting,
    async open() {
      for (const resolve of waiting.splice(0)) resolve();
      await settle();
    },
  };
}

/** Lets everything run that waits for nothing. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
