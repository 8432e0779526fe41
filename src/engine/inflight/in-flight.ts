import { UnorderedSet } from '../../util/unordered-set.js';
import { InFlightLoad, type LoadBasis, type LoadStart } from './in-flight-load.js';
import {
  guarded,
  InFlightRead,
  InFlightReads,
  type Matches,
  type Strength,
} from './in-flight-read.js';

/** A key to read, with its tags as known before the read. */
export interface Watched {
  readonly storageKey: string;
  readonly tags: readonly string[];
}

/**
 * Tracks the reads and loads of this process, so that invalidations reach them, and callers of one key share a load.
 *
 *     caller A   read v1 ── load ─────────────────── value ── fill if still v1
 *     caller B      read v1 ── joins A ────────────▶ value
 *     del                       key is now v2; A is invalidated
 *     caller C                     read v2 ── its own load, because A's began before the invalidation
 *
 * A caller joins only if it has just read the same versions, of the key and its dependencies, that the load started
 * from. So callers do not join either after an invalidation by another process, which this one does not know about.
 */
export class InFlightTracker {
  readonly #countFreezes: () => number;
  readonly #now: () => number;
  readonly #loads = new UnorderedSet<InFlightLoad>();
  readonly #reads = new UnorderedSet<InFlightRead>();
  /** The youngest load of each key, which callers may join. */
  readonly #youngest = new Map<string, InFlightLoad>();
  #order = 0;
  /** The last call before `abort`, and its reason. */
  #end: { readonly order: number; readonly reason?: unknown } = { order: 0 };

  /** `countFreezes` returns the number of freezes of this process so far; `now` the time, epoch milliseconds. */
  constructor(countFreezes = () => 0, now = () => 0) {
    this.#countFreezes = countFreezes;
    this.#now = now;
  }

  /** The load that a caller with this snapshot may join. `called` is the number of its call. */
  joinable(storageKey: string, snapshot: LoadBasis, called: number): InFlightLoad | undefined {
    const load = this.#youngest.get(storageKey);
    return load?.canJoin(snapshot, called, this.#now()) ? load : undefined;
  }

  /** The running load that makes a load from this snapshot unnecessary, even if nobody may join it. */
  superseding(storageKey: string, snapshot: LoadBasis): InFlightLoad | undefined {
    const load = this.#youngest.get(storageKey);
    return load?.supersedes(snapshot) ? load : undefined;
  }

  /** Starts a load. Later callers join it instead of an older load of the key. */
  start(start: LoadStart, work: (load: InFlightLoad) => Promise<unknown>): InFlightLoad {
    const load = new InFlightLoad(start, ++this.#order, this.#countFreezes);
    const { storageKey } = load;
    this.#loads.add(load);
    this.#youngest.set(storageKey, load);
    const close = () => {
      if (this.#youngest.get(storageKey) === load) this.#youngest.delete(storageKey);
    };
    const ended = () => {
      load.chained.end();
      if (load.landed) void load.landed.then(close);
      else close();
      void load.written.then(() => this.#loads.delete(load));
    };
    load.start(work);
    load.outcome.then(ended, ended);
    return load;
  }

  /**
   * Reads one key and passes the snapshot to `proceed`. No invalidation can miss a load that `proceed` starts, because
   * the watch on the read ends in the turn in which `proceed` runs. So `proceed` must start the load before any
   * `await`.
   */
  guard<R, T>(
    watched: Watched,
    read: () => Promise<R>,
    proceed: (result: R, watch: InFlightRead) => T | Promise<T>,
  ): Promise<T> {
    return guarded(this.watch(watched), read, proceed);
  }

  /** The same for many keys. */
  guardAll<R, T>(
    watched: readonly Watched[],
    read: () => Promise<R>,
    proceed: (result: R, watches: InFlightReads) => T | Promise<T>,
  ): Promise<T> {
    return guarded(new InFlightReads(watched.map((each) => this.watch(each))), read, proceed);
  }

  /** Registers a read that begins now. */
  watch({ storageKey, tags }: Watched): InFlightRead {
    return new InFlightRead(this.#reads, storageKey, tags, ++this.#order);
  }

  /**
   * Invalidates reads under way and loads that have not begun, which may predate an invalidation that just resolved.
   */
  invalidateReads(matches: Matches, strength: Strength = 'hard'): void {
    for (const read of this.#reads.all()) read.invalidate(matches, strength);
    // A load that has begun may have begun after the call of the invalidation.
    for (const load of this.#loads.all())
      if (!load.hasBegun && matches(load)) load.invalidate(strength);
  }

  /**
   * Invalidates reads and loads under way: new callers do not join the loads, and only after a soft invalidation are their
   * values still cached. Resolves once writes under way have ended.
   */
  invalidate(matches: Matches, strength: Strength = 'hard'): Promise<void> {
    this.invalidateReads(matches, strength);
    return this.#withdraw(matches, (load) => load.invalidate(strength));
  }

  /** The same for a forced load, which is newer but invalidates nothing, so reads continue. */
  replaceLoads(matches: Matches): Promise<void> {
    return this.#withdraw(matches, (load) => load.replace());
  }

  /** Aborts running loads. Their callers get the reason as an error. */
  abort(which: 'all' | 'foreground', reason: unknown): void {
    this.#end = { order: this.#order, reason };
    for (const { run } of this.#loads.all()) {
      if (which === 'all' || !run.isInBackground) run.abort(reason);
    }
  }

  /** Aborts a load that a call has just started, if the call was reading when `abort` was called. */
  abortIfOver(load: InFlightLoad, called: number): void {
    if (called <= this.#end.order) load.run.abort(this.#end.reason);
  }

  /** Resolves once the loads running now and their writes have ended. */
  async settled(): Promise<void> {
    const ended = async (load: InFlightLoad) => {
      await load.ended();
      await load.written;
    };
    await Promise.all(this.#loads.all().map(ended));
  }

  async #withdraw(matches: Matches, withdraw: (load: InFlightLoad) => void): Promise<void> {
    const matching = this.#loads.all().filter(matches);
    for (const load of matching) withdraw(load);
    await Promise.all(matching.map((load) => load.written));
  }
}
