import { AsyncLocalStorage } from 'node:async_hooks';
import type { CacheEvent } from '@glasswork/cache';
import type { MiddlewareHandler } from 'hono';

/** Where an answer came from: a fresh value, a stale one, or a load. */
export type Source = 'hit' | 'stale' | 'miss';

export interface Observer {
  /** For the cache's `onEvent`. */
  onEvent(event: CacheEvent): void;
  /** Names the source in the header `x-cache` of each response that read the cache. */
  readonly middleware: MiddlewareHandler;
}

/** A request that read several keys is only as good as the worst of them. */
const RANK: Readonly<Record<Source, number>> = { hit: 0, stale: 1, miss: 2 };

/** Ties the events of one cache to the requests that caused them, also where many requests run at once. */
export function createObserver(): Observer {
  const requests = new AsyncLocalStorage<{ source?: Source }>();
  return {
    onEvent(event) {
      const request = requests.getStore();
      const source = sourceOf(event);
      if (request === undefined || source === undefined) return;
      // The last good value came after a miss, and takes its place.
      const replaces = event.type === 'stale-served';
      if (replaces || RANK[source] >= RANK[request.source ?? 'hit']) request.source = source;
    },
    middleware: (c, next) => {
      const request: { source?: Source } = {};
      return requests.run(request, async () => {
        await next();
        if (request.source) c.header('x-cache', request.source);
      });
    },
  };
}

export function sourceOf(event: CacheEvent): Source | undefined {
  if (event.type === 'hit') return event.state === 'stale' ? 'stale' : 'hit';
  if (event.type === 'stale-served') return 'stale';
  return event.type === 'miss' ? 'miss' : undefined;
}
