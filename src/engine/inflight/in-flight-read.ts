import type { UnorderedSet } from '../../util/unordered-set.js';

/** A read or a load under way. Invalidations are matched against it. */
export interface InFlight {
  readonly storageKey: string;
  /** The known tags of its value. */
  readonly tags: ReadonlySet<string>;
}

/** True if the invalidation concerns this read or load. */
export type Matches = (inFlight: InFlight) => boolean;

/** `hard`: the value must not be used. `soft`: it counts as stale. */
export type Strength = 'hard' | 'soft';

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
  #invalidated: Strength | undefined;
  /** The invalidations since its start that did not match its known tags. */
  #others: { readonly matches: Matches; readonly strength: Strength }[] | undefined;

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

  invalidate(matches: Matches, strength: Strength = 'hard'): void {
    if (this.#invalidated === 'hard') return;
    if (matches(this)) this.#invalidated = strength;
    else this.#others = [...(this.#others ?? []), { matches, strength }];
  }

  /** True if this process has invalidated anything since the read began. Most reads end without. */
  get isOvertaken(): boolean {
    return this.#invalidated !== undefined || this.#others !== undefined;
  }

  /**
   * How this process has invalidated the key or a tag since the read began. `found` holds the tags of the entry. They are
   * unknown before the read, so earlier invalidations are matched against them now.
   */
  invalidatedBy(found: readonly string[]): Strength | undefined {
    if (this.#invalidated === 'hard' || !this.#others) return this.#invalidated;
    const { storageKey } = this;
    const tags = new Set(found);
    const matching = this.#others.filter(({ matches }) => matches({ storageKey, tags }));
    const isHard = matching.some(({ strength }) => strength === 'hard');
    return isHard ? 'hard' : (matching[0]?.strength ?? this.#invalidated);
  }

  isInvalidated(found: readonly string[]): boolean {
    return this.invalidatedBy(found) === 'hard';
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

  /** The same as `InFlightRead.invalidatedBy`, for the read at this index. */
  invalidatedBy(index: number, found: readonly string[]): Strength | undefined {
    return this.#reads[index]?.invalidatedBy(found);
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
