import type { CacheVersion } from '../../model/cache-store.js';
import { UnorderedSet } from '../../util/unordered-set.js';

/**
 * The oldest load that may still fill or be joined, milliseconds. Stores keep what refuses a fill for an hour; a load
 * that was frozen for longer could find it gone and take its absence for "nothing was invalidated".
 */
export const LONGEST_LOAD_MS = 15 * 60_000;

type Versions = readonly (readonly [name: unknown, version: unknown])[];

/** What the read before a load saw, and when: its version is undefined where the store has none. */
export interface Basis {
  readonly version: CacheVersion | undefined;
  readonly versions: Versions | undefined;
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** A read or a load under way that an invalidation in this process can overtake. */
export interface InFlight {
  readonly key: string;
  /** The tags that its value will carry, as far as they are known yet. */
  readonly tags: ReadonlySet<string>;
  /** An invalidation in this process came after it began: its value must not be cached, nor served as the last good. */
  isInvalidated: boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** A read, from its start until its load has started, or there is none to start. */
export class InFlightRead implements InFlight {
  readonly key: string;
  readonly tags: ReadonlySet<string>;
  isInvalidated = false;
  place = 0;
  readonly #reads: UnorderedSet<InFlightRead>;
  /** The invalidations since it began that did not seem to concern it. */
  #others: ((watched: InFlight) => boolean)[] | undefined;

  constructor(reads: UnorderedSet<InFlightRead>, key: string, tags: readonly string[]) {
    this.#reads = reads;
    this.key = key;
    this.tags = tags.length === 0 ? NONE : new Set(tags);
    reads.add(this);
  }

  overtake(matches: (watched: InFlight) => boolean): void {
    this.isInvalidated ||= matches(this);
    if (!this.isInvalidated) this.#others = [...(this.#others ?? []), matches];
  }

  /**
   * Whether an invalidation of this process has come since the read began. `found`: the tags that the entry carries;
   * only the entry says which, so what did not seem to concern it is asked once more. Nothing may be awaited between
   * this and the start of a load.
   */
  isOvertaken(found: readonly string[]): boolean {
    if (this.isInvalidated || !this.#others) return this.isInvalidated;
    const { key, isInvalidated } = this;
    const tags = new Set(found);
    return this.#others.some((matches) => matches({ key, isInvalidated, tags }));
  }

  end(): void {
    this.#reads.delete(this);
  }
}

/** One running load and those who wait for it. */
export interface InFlightLoad<T = unknown> extends InFlight {
  basis: Basis;
  /** The marks that its value will carry: those of the basis, and in place of missing ones what was created. */
  versions: Versions | undefined;
  readonly tags: Set<string>;
  /** How often the process had slept when it started. */
  readonly freezes: number;
  /** Its load has begun; until then it only takes a lease or creates marks. */
  begun: boolean;
  /** It has added a tag, whose version no caller that comes later can have read. */
  extended: boolean;
  readonly outcome: Promise<T>;
  /** The write of its value, once it is on its way. */
  writing: Promise<unknown> | undefined;
  /** What all who joined are given, frozen, where the store shares. */
  shared?: unknown;
}

/**
 * One load a key in this process.
 *
 *     caller A   read v1 ── load ─────────────────── value ── fill if still v1
 *     caller B      read v1 ── joins A ────────────▶ value
 *     del                       key is now v2; A is detached
 *     caller C                     read v2 ── a load of its own: A's began before the invalidation
 *
 * A caller joins only when the versions it has just read, of the key and of its marks, are the ones that the load
 * started from. So an invalidation from another process, which this one knows nothing of, keeps callers from joining
 * as well. Nor does anybody join a load that was frozen meanwhile: it may wait for a connection that is dead, for ever.
 */
export class InFlightTracker {
  readonly #sleeps: () => number;
  readonly #running = new Set<InFlightLoad>();
  readonly #reads = new UnorderedSet<InFlightRead>();
  /** The youngest load of each key: the one to join. */
  readonly #youngest = new Map<string, InFlightLoad>();

  /** `sleeps`: how often the process has slept so far, where that is known. */
  constructor(sleeps = () => 0) {
    this.#sleeps = sleeps;
  }

  /**
   * The load to wait for, if there is one that this caller may join. With `extended`: the one that makes another from
   * the same read needless, whether or not anybody may join it.
   */
  joinable(key: string, snapshot: Basis, extended = false): InFlightLoad | undefined {
    const flight = this.#youngest.get(key);
    const open =
      flight && !flight.isInvalidated && (extended || !flight.extended) && !this.hasFrozen(flight);
    return open && isBasedOn(flight, snapshot) ? flight : undefined;
  }

  /** Whether the process was frozen since the load started. */
  hasFrozen(flight: InFlightLoad): boolean {
    return flight.freezes !== this.#sleeps();
  }

  /** Starts a load; a caller that comes later joins this one, not an older one that it takes the place of. */
  start<T>(
    key: string,
    basis: Basis,
    tags: Iterable<string>,
    work: (flight: InFlightLoad) => Promise<T>,
  ): InFlightLoad<T> {
    let begin: (outcome: Promise<T>) => void = () => {};
    const outcome = new Promise<T>((resolve) => {
      begin = resolve;
    });
    const flight: InFlightLoad<T> = {
      key,
      basis,
      versions: undefined,
      tags: new Set(tags),
      freezes: this.#sleeps(),
      begun: false,
      extended: false,
      isInvalidated: false,
      outcome,
      writing: undefined,
    };
    this.#running.add(flight);
    this.#youngest.set(key, flight);
    const done = () => {
      if (this.#youngest.get(key) === flight) this.#youngest.delete(key);
      // A write that nobody waits for any more can still land.
      void (flight.writing ?? Promise.resolve()).then(() => this.#running.delete(flight));
    };
    begin(work(flight));
    outcome.then(done, done);
    return flight;
  }

  /** Watches a read that begins now. */
  watch(key: string, tags: readonly string[]): InFlightRead {
    return new InFlightRead(this.#reads, key, tags);
  }

  /** What is being read may be older than the invalidation that has just resolved. Loads may have begun after its call. */
  invalidateReads(matches: (watched: InFlight) => boolean): void {
    for (const read of this.#reads.all()) read.overtake(matches);
    for (const flight of this.#running) {
      if (!flight.begun && matches(flight)) flight.isInvalidated = true;
    }
  }

  /** Bars the matching loads, and makes reads under way count as older than the invalidation. Resolves as `bar` does. */
  invalidate(matches: (watched: InFlight) => boolean): Promise<void> {
    this.invalidateReads(matches);
    return this.invalidateLoads(matches);
  }

  /** Lets nobody join the matching loads any more and bars their values. Resolves when writes under way have ended. */
  async invalidateLoads(matches: (watched: InFlight) => boolean): Promise<void> {
    const writes: unknown[] = [];
    for (const flight of this.#running) {
      if (!matches(flight)) continue;
      flight.isInvalidated = true;
      writes.push(flight.writing);
    }
    await Promise.all(writes);
  }
}

/** Whether the caller has read what the load had read: the same versions, of the same marks, and not long before. */
function isBasedOn({ basis, versions }: InFlightLoad, snapshot: Basis): boolean {
  const age = Math.max(snapshot.wallMs - basis.wallMs, snapshot.monotonicMs - basis.monotonicMs);
  if (snapshot.version !== basis.version || age > LONGEST_LOAD_MS) return false;
  if (!snapshot.versions || !basis.versions) return snapshot.versions === basis.versions;
  const [began, created] = [new Map(basis.versions), new Map(versions)];
  return (
    snapshot.versions.length === began.size &&
    snapshot.versions.every(
      ([name, version]) =>
        began.has(name) && (version === began.get(name) || version === created.get(name)),
    )
  );
}
