import type { UnorderedSet } from '../../util/unordered-set.js';

/** A read or a load under way. Invalidations are matched against it. */
export interface InFlight {
  readonly storageKey: string;
  /** The known tags of its value. */
  readonly tags: ReadonlySet<string>;
}

/** True if the invalidation concerns this read or load. */
export type Matches = (inFlight: InFlight) => boolean;

const NONE: ReadonlySet<string> = new Set();

/** A read under way. It ends when its load has started, or when none is needed. */
export class InFlightRead implements InFlight {
  readonly storageKey: string;
  readonly tags: ReadonlySet<string>;
  /** Its number among the calls and loads of this process, in the order of their starts. */
  readonly order: number;
  /** Its position in the set of reads under way. */
  place = 0;
  readonly #reads: UnorderedSet<InFlightRead>;
  #isInvalidated = false;
  /** The invalidations since its start that did not match its known tags. */
  #others: Matches[] | undefined;

  constructor(
    reads: UnorderedSet<InFlightRead>,
    storageKey: string,
    tags: readonly string[],
    order: number,
  ) {
    this.#reads = reads;
    this.order = order;
    this.storageKey = storageKey;
    this.tags = tags.length === 0 ? NONE : new Set(tags);
    reads.add(this);
  }

  invalidate(matches: Matches): void {
    if (this.#isInvalidated) return;
    this.#isInvalidated = matches(this);
    if (!this.#isInvalidated) this.#others = [...(this.#others ?? []), matches];
  }

  /**
   * True if this process has invalidated the key or a tag since the read began. `found` holds the tags of the entry.
   * They are unknown before the read, so earlier invalidations are matched against them now.
   */
  isInvalidated(found: readonly string[]): boolean {
    if (this.#isInvalidated || !this.#others) return this.#isInvalidated;
    const { storageKey } = this;
    const tags = new Set(found);
    return this.#others.some((matches) => matches({ storageKey, tags }));
  }

  end(): void {
    this.#reads.delete(this);
  }
}

/** The reads of several keys, which end together. */
export class InFlightReads {
  readonly #reads: readonly InFlightRead[];

  constructor(reads: readonly InFlightRead[]) {
    this.#reads = reads;
  }

  get order(): number {
    return this.#reads[0]?.order ?? 0;
  }

  /** The same as `InFlightRead.isInvalidated`, for the read at this index. */
  isInvalidated(index: number, found: readonly string[]): boolean {
    return this.#reads[index]?.isInvalidated(found) === true;
  }

  end(): void {
    for (const read of this.#reads) read.end();
  }
}

/** Reads under the watch, and ends the watch in the turn in which it calls `proceed`. */
export const guarded = <W extends { end(): void }, R, T>(
  watch: W,
  read: () => Promise<R>,
  proceed: (result: R, watch: W) => T | Promise<T>,
): Promise<T> =>
  read().then(
    (result) => {
      try {
        return proceed(result, watch);
      } finally {
        watch.end();
      }
    },
    (error) => {
      watch.end();
      throw error;
    },
  );
