import type { Clock } from '../../model/time.js';

/** How long a process reads a key consistently after changing it, milliseconds. Replicas usually lag less than 1 s. */
const WINDOW_MS = 20_000;
const MOST_KEYS = 10_000;

/**
 * The keys that this process has changed recently. It reads them consistently and so sees its own invalidations, although
 * DynamoDB's default reads may lag behind.
 */
export class RecentChanges {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();
  /** After more changes than the map may hold, every key counts as changed until this time, epoch milliseconds. */
  #allUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(pk: string): void {
    const until = this.#clock.now() + WINDOW_MS;
    if (this.#until.size >= MOST_KEYS) {
      this.#until.clear();
      this.#allUntil = until;
    }
    this.#until.set(pk, until);
  }

  has(pk: string): boolean {
    if (this.#until.size === 0) return false;
    const now = this.#clock.now();
    if (now < this.#allUntil) return true;
    const until = this.#until.get(pk);
    if (until === undefined) return false;
    if (now < until) return true;
    this.#until.delete(pk);
    return false;
  }
}
