import type { DependencyVersions } from '../../model/dependency.js';
import { CacheError } from '../../model/errors.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import { checkedTags } from '../../model/policy-rules.js';
import { type Duration, LONGEST_LIFE_MS, milliseconds } from '../../model/time.js';
import type { LoadRun } from '../inflight/load-run.js';

/**
 * Passed to every load.
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
  /** Aborted by `hardTimeout`, by `close()`, and once no caller waits for the load any more. */
  readonly signal: AbortSignal;
  /** The last good value, unless it was invalidated. For a conditional request, for example. */
  readonly staleValue: T | undefined;
  /**
   * Sets the life of this value, instead of the policy's `ttl`. With zero or less seconds the value is not cached, and
   * 366 days are the most that count.
   *
   * @throws CacheError `INVALID_DURATION` for an invalid duration.
   */
  setTTL(ttl: Duration): void;
  /** Adds tags. Await it before you read the data that the tags cover, because the call reads their versions. */
  addTags(...tags: string[]): Promise<void>;
  /** Returns the value without caching it. */
  skip(): void;
}

/**
 * How a load of this package decides about its own value, through `detailsOf`. Users' loads have `setTTL` and
 * `addTags`.
 */
export interface LoadDetails {
  /** False if the key could not be read, so that nothing may be written. */
  readonly isReadable: boolean;
  /** Sets the times of the entry, milliseconds, instead of the policy's. */
  setTimes(times: Pick<ResolvedPolicy, 'ttl' | 'staleTTL' | 'staleIfError'>): void;
  /** Adds tags with versions that were read before the load read anything that they cover. */
  carry(versions: DependencyVersions): void;
}

/** The settings that a load makes for its value while it runs. */
export class LoadNotes {
  /** Overrides the policy's ttl. With zero or less the value is not cached. */
  ttlMs: number | undefined;
  times: Pick<ResolvedPolicy, 'ttl' | 'staleTTL' | 'staleIfError'> | undefined;
  #isSkipped = false;

  get isSkipped(): boolean {
    return this.#isSkipped || (this.ttlMs ?? 1) <= 0;
  }

  skip(): void {
    this.#isSkipped = true;
  }
}

/** Makes what a function takes from its context when it takes it: most take nothing. */
class OwnContext implements LoadContext<unknown> {
  readonly staleValue: unknown;
  readonly #run: LoadRun;
  readonly #controls: LoadControls;

  constructor(run: LoadRun, staleValue: unknown, controls: LoadControls) {
    this.#run = run;
    this.staleValue = staleValue;
    this.#controls = controls;
  }

  // Static, so that users' loads do not see it.
  static detailsOf(context: object): LoadDetails {
    if (!(#controls in context)) throw new TypeError('not the context of a load');
    const { isReadable, carry, notes } = context.#controls;
    const setTimes: LoadDetails['setTimes'] = (times) => {
      notes.times = times;
    };
    return { isReadable, carry, setTimes };
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get setTTL(): LoadContext<unknown>['setTTL'] {
    return (ttl) => {
      this.#controls.notes.ttlMs = ttlOfLoad(ttl);
    };
  }

  get addTags(): LoadContext<unknown>['addTags'] {
    return (...tags) => this.#controls.addTags(checkedTags(tags));
  }

  get skip(): LoadContext<unknown>['skip'] {
    return () => this.#controls.notes.skip();
  }
}

/** The details of a running load, by the context that it was given. */
export const detailsOf = (context: LoadContext<unknown>): LoadDetails =>
  OwnContext.detailsOf(context);

/** How a load decides about its value: by notes, and by adding to its tags. */
export interface LoadControls extends Pick<LoadDetails, 'isReadable' | 'carry'> {
  readonly notes: LoadNotes;
  addTags(tags: readonly string[]): Promise<void>;
}

/** The context for one call of a user's function. */
export const contextOf = (
  run: LoadRun,
  staleValue: unknown,
  controls: LoadControls,
): LoadContext<unknown> => new OwnContext(run, staleValue, controls);

/**
 * Accepts zero and less, and any number of years, because a ttl is often computed, for example as the rest of a token's
 * life.
 */
function ttlOfLoad(ttl: Duration): number {
  if (typeof ttl === 'number' && ttl <= 0) return 0;
  if (Number.isFinite(ttl) && Number(ttl) * 1_000 > LONGEST_LIFE_MS) return LONGEST_LIFE_MS;
  if (typeof ttl === 'string' && ttl.startsWith('-')) {
    // A duration without its sign is one. `milliseconds` refuses any other text.
    return -milliseconds(ttl.slice(1) as Duration, 'ttl', 'zero');
  }
  return milliseconds(ttl, 'ttl', 'zero');
}

export function tooLong(limitMs: number): CacheError {
  const message = `The load took longer than its hardTimeout (${limitMs} ms): give it more time.`;
  return new CacheError('TIMEOUT', message, { subject: 'hardTimeout' });
}
