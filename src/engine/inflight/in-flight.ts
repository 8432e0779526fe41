import { UnorderedSet } from '../../util/unordered-set.js';
import { InFlightLoad, type LoadBasis } from './in-flight-load.js';
import { guarded, InFlightRead, InFlightReads, type Matches } from './in-flight-read.js';

/** What is read, and the tags that are known of it before the read. */
export interface Watched {
  readonly storageKey: string;
  readonly tags: readonly string[];
}

/**
 * The reads and loads of this process that an invalidation can overtake, and one load a key.
 *
 *     caller A   read v1 ── load ─────────────────── value ── fill if still v1
 *     caller B      read v1 ── joins A ────────────▶ value
 *     del                       key is now v2; A is invalidated
 *     caller C                     read v2 ── a load of its own: A's began before the invalidation
 *
 * A caller joins only when the versions it has just read, of the key and of its dependencies, are the ones that the
 * load started from. So an invalidation from another process, of which this one knows nothing, keeps callers from
 * joining as well.
 */
export class InFlightTracker {
  readonly #countFreezes: () => number;
  readonly #loads = new Set<InFlightLoad>();
  readonly #reads = new UnorderedSet<InFlightRead>();
  /** The youngest load of each key: the one to join. */
  readonly #youngest = new Map<string, InFlightLoad>();

  /** `countFreezes`: how many freezes the process has seen so far, where that is known. */
  constructor(countFreezes = () => 0) {
    this.#countFreezes = countFreezes;
  }

  /** The load that a caller may join who has just read this. */
  joinable(storageKey: string, snapshot: LoadBasis): InFlightLoad | undefined {
    const load = this.#youngest.get(storageKey);
    return load?.canJoin(snapshot) ? load : undefined;
  }

  /** Whether a running load makes another one from this read needless, if only in the background. */
  isLoading(storageKey: string, snapshot: LoadBasis): boolean {
    return this.#youngest.get(storageKey)?.supersedes(snapshot) === true;
  }

  /** Starts a load; a caller that comes later joins this one, not an older one that it takes the place of. */
  start(
    storageKey: string,
    basis: LoadBasis,
    tags: Iterable<string>,
    work: (load: InFlightLoad) => Promise<unknown>,
  ): InFlightLoad {
    const load = new InFlightLoad(storageKey, basis, tags, this.#countFreezes);
    this.#loads.add(load);
    this.#youngest.set(storageKey, load);
    const ended = () => {
      if (this.#youngest.get(storageKey) === load) this.#youngest.delete(storageKey);
      void load.written.then(() => this.#loads.delete(load));
    };
    load.run(work);
    load.outcome.then(ended, ended);
    return load;
  }

  /**
   * Reads one key, and goes on with what was read. A load that `proceed` starts cannot be missed by any invalidation:
   * `proceed` runs in the turn in which the read ends to be watched, and must await nothing before it starts the load.
   */
  guard<R, T>(
    watched: Watched,
    read: () => Promise<R>,
    proceed: (result: R, watch: InFlightRead) => T | Promise<T>,
  ): Promise<T> {
    return guarded(this.watch(watched), read, proceed);
  }

  /** The same for many keys at once. */
  guardAll<R, T>(
    watched: readonly Watched[],
    read: () => Promise<R>,
    proceed: (result: R, watches: InFlightReads) => T | Promise<T>,
  ): Promise<T> {
    return guarded(new InFlightReads(watched.map((each) => this.watch(each))), read, proceed);
  }

  /** A read that begins now. */
  watch({ storageKey, tags }: Watched): InFlightRead {
    return new InFlightRead(this.#reads, storageKey, tags);
  }

  /** What is being read, or waits to load, may be older than the invalidation that has just resolved. */
  invalidateReads(matches: Matches): void {
    for (const read of this.#reads.all()) read.invalidate(matches);
    // Loads that have begun may have begun after the invalidation was called.
    for (const load of this.#loads) if (!load.hasBegun && matches(load)) load.invalidate();
  }

  /** Invalidates reads and loads under way. Resolves when writes under way have ended. */
  invalidate(matches: Matches): Promise<void> {
    this.invalidateReads(matches);
    return this.invalidateLoads(matches);
  }

  /** Their values are not cached, and new callers do not join them. Resolves when writes under way have ended. */
  async invalidateLoads(matches: Matches): Promise<void> {
    const invalidated = [...this.#loads].filter(matches);
    for (const load of invalidated) load.invalidate();
    await Promise.all(invalidated.map((load) => load.written));
  }
}
