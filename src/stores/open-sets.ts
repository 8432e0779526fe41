/** The sets of one key that have not ended. */
interface OpenKey {
  open: number;
  /** The turn of the last call that has overtaken them. */
  overtakenAt: number;
}

/**
 * The sets that have not ended. A set may wait for an asynchronous serializer or for the overflow store until long after
 * its caller has given it up, and must not undo what came after it:
 *
 *     set ── waits ─────────────────────────── not sent, because it is overtaken
 *        its caller gives up ── del: confirmed
 */
export class OpenSets {
  readonly #keys = new Map<string, OpenKey>();
  #turns = 0;

  /** Runs a set, which asks right before it is sent whether it is overtaken, and then counts as written. */
  async run(key: string, set: (isOvertaken: () => boolean) => Promise<boolean>): Promise<void> {
    const turn = ++this.#turns;
    const sets = this.#keys.get(key) ?? { open: 0, overtakenAt: 0 };
    this.#keys.set(key, sets);
    sets.open++;
    try {
      await set(() => sets.overtakenAt > turn);
      // Not before it is written: should it fail, an earlier set still counts.
      if (sets.overtakenAt < turn) sets.overtakenAt = turn;
    } finally {
      if (--sets.open === 0) this.#keys.delete(key);
    }
  }

  /** Called when an invalidation of these keys begins. */
  overtake(keys: Iterable<string>): void {
    const turn = ++this.#turns;
    for (const key of keys) {
      const sets = this.#keys.get(key);
      if (sets) sets.overtakenAt = turn;
    }
  }

  /** The same for all keys that match. */
  overtakeAll(matches: (key: string) => boolean = () => true): void {
    this.overtake([...this.#keys.keys()].filter(matches));
  }
}
