import { CacheError } from './errors.js';
import { checkedTags } from './policy.js';
import { after, type Duration, milliseconds } from './time.js';

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
  ttlMs: number | undefined;
  skipped: boolean;
  /** Reads of tag versions that the load has asked for, awaited or not. */
  readonly tagReads: Promise<void>[];
}

/** Runs one load: its context, its time limit, and what it said. */
export async function runLoad<T>(
  load: (context: LoadContext<unknown>) => T | Promise<T>,
  options: {
    staleValue: unknown;
    hardTimeout: number | undefined;
    addTags: (tags: readonly string[]) => Promise<void>;
  },
): Promise<{ value: T; notes: LoadNotes }> {
  const notes: LoadNotes = { ttlMs: undefined, skipped: false, tagReads: [] };
  let controller: AbortController | undefined;
  const abortable = () => {
    controller ??= new AbortController();
    return controller;
  };
  const context: LoadContext<unknown> = {
    get signal() {
      return abortable().signal;
    },
    staleValue: options.staleValue,
    setTTL(ttl) {
      notes.ttlMs = milliseconds(ttl, 'ttl');
    },
    addTags(...tags) {
      const read = options.addTags(checkedTags(tags));
      notes.tagReads.push(read);
      return read;
    },
    skip() {
      notes.skipped = true;
    },
  };
  if (options.hardTimeout === undefined) return { value: await load(context), notes };
  const value = await withinLimit(() => load(context), options.hardTimeout, abortable);
  return { value, notes };
}

async function withinLimit<T>(
  load: () => T | Promise<T>,
  ms: number,
  abortable: () => AbortController,
): Promise<T> {
  let cancel = () => {};
  const limit = new Promise<never>((_resolve, reject) => {
    cancel = after(ms, () => {
      const error = new CacheError(
        'TIMEOUT',
        `The load took longer than its hardTimeout (${ms} ms): give it more time, or find out what it waits for.`,
      );
      reject(error);
      abortable().abort(error);
    });
  });
  try {
    return await Promise.race([load(), limit]);
  } finally {
    cancel();
  }
}
