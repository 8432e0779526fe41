import { UnorderedSet } from '../../util/unordered-set.js';
import { InFlightLoad, type LoadBasis, type LoadStart } from './in-flight-load.js';
import { guarded, InFlightRead, InFlightReads, type Matches } from './in-flight-read.js';

/** A key to read, and the tags that are known of it before the read. */
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
  #order = 0;

  /** `countFreezes`: how many freezes the process has seen so far, where that is known. */
  constructor(countFreezes = () => 0) {
    this.#countFreezes = countFreezes;
  }

  /** The load that a caller may join who has just read this; `called`: the order of its call. */
  joinable(storageKey: string, snapshot: LoadBasis, called: number): InFlightLoad | undefined {
    const load = this.#youngest.get(storageKey);
    return load?.canJoin(snapshot, called) ? load : undefined;
  }

  /** The running load that makes another one from this read needless, whether or not anybody may join it. */
  superseding(storageKey: string, snapshot: LoadBasis): InFlightLoad | undefined {
    const load = this.#youngest.get(storageKey);
    return load?.supersedes(snapshot) ? load : undefined;
  }

  /** Starts a load; a caller that comes later joins this one, not an older one that it takes the place of. */
  start(start: LoadStart, work: (load: InFlightLoad) => Promise<unknown>): InFlightLoad {
    const load = new InFlightLoad(start, ++this.#order, this.#countFreezes);
    const { storageKey } = load;
    this.#loads.add(load);
    this.#youngest.set(storageKey, load);
    const ended = () => {
      load.chained.end();
      if (this.#youngest.get(storageKey) === load) this.#youngest.delete(storageKey);
      void load.written.then(() => this.#loads.delete(load));
    };
    load.start(work);
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
    return new InFlightRead(this.#reads, storageKey, tags, ++this.#order);
  }

  /** Reads under way, and loads that have not begun, may be older than the invalidation that has just resolved. */
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
  invalidateLoads(matches: Matches): Promise<void> {
    return this.#withdraw(matches, (load) => load.invalidate());
  }

  /** As `invalidateLoads`, for a forced load, which is newer and invalidates nothing: reads under way go on. */
  replaceLoads(matches: Matches): Promise<void> {
    return this.#withdraw(matches, (load) => load.replace());
  }

  /** Ends running loads: their callers are given the reason as an error. */
  abort(which: 'all' | 'foreground', reason: unknown): void {
    for (const { run } of this.#loads) {
      if (which === 'all' || !run.isInBackground) run.abort(reason);
    }
  }

  /** Resolves when the loads that are running now have ended, and their writes. */
  async settled(): Promise<void> {
    const ended = async (load: InFlightLoad) => {
      await load.outcome.catch(() => {});
      await load.written;
    };
    await Promise.all([...this.#loads].map(ended));
  }

  async #withdraw(matches: Matches, withdraw: (load: InFlightLoad) => void): Promise<void> {
    const matching = [...this.#loads].filter(matches);
    for (const load of matching) withdraw(load);
    await Promise.all(matching.map((load) => load.written));
  }
}
