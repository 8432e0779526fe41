import { CacheError } from '../../model/errors.js';
import { checkedTags } from '../../model/policy.js';
import { type Duration, milliseconds, withTimeout } from '../../model/time.js';

/**
 * What a load is given besides its own closure.
 *
 * @example
 * ```ts
 * import type { CacheService } from '@glasswork/cache';
 *
 * function page(cache: CacheService, url: string) {
 *   return cache.wrap(`page:${url}`, '10m', async ({ signal, setTTL, skip }) => {
 *     const response = await fetch(url, { signal });
 *     if (!response.ok) skip();
 *     if (response.headers.has('x-fast-moving')) setTTL('10s');
 *     return response.text();
 *   });
 * }
 * ```
 */
export interface LoadContext<T> {
  /** Aborted when the load runs into `hardTimeout`. */
  readonly signal: AbortSignal;
  /** The last good value, if there is one that was not invalidated: for a conditional request, say. */
  readonly staleValue: T | undefined;
  /** Sets the life of this value, in place of the policy's `ttl`. @throws CacheError `INVALID_DURATION`. */
  setTTL(ttl: Duration): void;
  /** Adds tags. Await it before the read that the tags cover: their versions are taken when it is called. */
  addTags(...tags: string[]): Promise<void>;
  /** Returns the value without caching it. */
  skip(): void;
}

/** What a load has said of its value by the time it ends. */
export interface LoadNotes {
  ttlMs?: number;
  skipped?: boolean;
}

/** Runs one load within its time limit, milliseconds; what it says of its value goes into `notes` and to `addTags`. */
export async function runLoad<T>(
  load: (context: LoadContext<unknown>) => T | Promise<T>,
  staleValue: unknown,
  limitMs: number | undefined,
  notes: LoadNotes,
  addTags: (tags: readonly string[]) => Promise<void>,
): Promise<T> {
  const controller = new AbortController();
  const context: LoadContext<unknown> = {
    signal: controller.signal,
    staleValue,
    setTTL(ttl) {
      notes.ttlMs = milliseconds(ttl, 'ttl');
    },
    addTags: (...tags) => addTags(checkedTags(tags)),
    skip() {
      notes.skipped = true;
    },
  };
  const work = (async () => load(context))();
  if (limitMs === undefined) return work;
  return withTimeout(work, limitMs, () => {
    const error = tooLong(limitMs);
    controller.abort(error);
    throw error;
  });
}

export function tooLong(limitMs: number): CacheError {
  const message = `The load took longer than its hardTimeout (${limitMs} ms): give it more time.`;
  return new CacheError('TIMEOUT', message, { subject: 'hardTimeout' });
}
