import { type DependencyVersions, tagsAmong } from '../../model/dependency.js';
import { CacheError } from '../../model/errors.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import { checkedTags } from '../../model/policy-rules.js';
import { type Duration, LONGEST_LIFE_MS, milliseconds } from '../../model/time.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { LoadRun } from '../inflight/load-run.js';
import type { VersionTracker } from '../reading/version-tracker.js';

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

/** The decisions of a function about its values while it runs, for all loads of its run. */
export class LoadNotes {
  /** Overrides the policy's ttl. With zero or less the value is not cached. */
  ttlMs: number | undefined;
  times: Pick<ResolvedPolicy, 'ttl' | 'staleTTL' | 'staleIfError'> | undefined;
  /** The versions of added tags. Undefined for those of which one is unknown. */
  readonly added: Promise<DependencyVersions | undefined>[] = [];
  readonly isReadable: boolean;
  readonly #loads: readonly { readonly inFlight: InFlightLoad }[];
  readonly #versions: VersionTracker;
  #isSkipped = false;

  constructor(
    loads: readonly { readonly inFlight: InFlightLoad }[],
    versions: VersionTracker,
    isReadable: boolean,
  ) {
    this.#loads = loads;
    this.#versions = versions;
    this.isReadable = isReadable;
  }

  get isSkipped(): boolean {
    return this.#isSkipped || (this.ttlMs ?? 1) <= 0;
  }

  skip(): void {
    this.#isSkipped = true;
  }

  async addTags(tags: readonly string[]): Promise<void> {
    const reading = this.#current(tags);
    this.#add(tags, reading);
    await reading;
  }

  carry(read: DependencyVersions): void {
    this.#add(tagsAmong(read), Promise.resolve(read));
  }

  #add(tags: readonly string[], reading: Promise<DependencyVersions | undefined>): void {
    for (const { inFlight } of this.#loads) inFlight.addTags(tags);
    this.added.push(reading);
  }

  async #current(tags: readonly string[]): Promise<DependencyVersions | undefined> {
    return this.#versions.ensure(await this.#versions.current(tags));
  }
}

/** Makes what a function takes from its context when it takes it: most take nothing. */
class OwnContext implements LoadContext<unknown> {
  readonly staleValue: unknown;
  readonly #run: LoadRun;
  readonly #notes: LoadNotes;

  constructor(run: LoadRun, staleValue: unknown, notes: LoadNotes) {
    this.#run = run;
    this.staleValue = staleValue;
    this.#notes = notes;
  }

  // Static, so that users' loads do not see it.
  static detailsOf(context: object): LoadDetails {
    if (!(#notes in context)) throw new TypeError('not the context of a load');
    const notes = context.#notes;
    return {
      isReadable: notes.isReadable,
      carry: (versions) => notes.carry(versions),
      setTimes(times) {
        notes.times = times;
      },
    };
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get setTTL(): LoadContext<unknown>['setTTL'] {
    return (ttl) => {
      this.#notes.ttlMs = ttlOfLoad(ttl);
    };
  }

  get addTags(): LoadContext<unknown>['addTags'] {
    return (...tags) => this.#notes.addTags(checkedTags(tags));
  }

  get skip(): LoadContext<unknown>['skip'] {
    return () => this.#notes.skip();
  }
}

/** The details of a running load, by the context that it was given. */
export const detailsOf = (context: LoadContext<unknown>): LoadDetails =>
  OwnContext.detailsOf(context);

/** The context for one call of a user's function. */
export const contextOf = (
  run: LoadRun,
  staleValue: unknown,
  notes: LoadNotes,
): LoadContext<unknown> => new OwnContext(run, staleValue, notes);

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
