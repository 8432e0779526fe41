import type { Clock } from '../../model/time.js';

/** How long a process reads a key consistently after changing it, milliseconds. Replicas usually lag less than 1 s. */
const WINDOW_MS = 20_000;
const MOST_KEYS = 10_000;

/**
 * The keys that this process has changed recently. The store reads them consistently, so that a process sees its own
 * invalidations although DynamoDB's default reads may lag.
 */
export class RecentChanges {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();
  /** Every key counts as changed until this time, epoch milliseconds. Set when the map is full. */
  #allUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(pk: string): void {
    const now = this.#clock.now();
    const until = now + WINDOW_MS;
    // Moves the key to the end, because the oldest must come first.
    this.#until.delete(pk);
    for (const [old, oldUntil] of this.#until) {
      if (now < oldUntil) break;
      this.#until.delete(old);
    }
    if (this.#until.size >= MOST_KEYS) {
      this.#until.clear();
      this.#allUntil = until;
    }
    this.#until.set(pk, until);
  }

  has(pk: string): boolean {
    const until = this.#until.get(pk) ?? 0;
    return this.#clock.now() < Math.max(until, this.#allUntil);
  }
}
