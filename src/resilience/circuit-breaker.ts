import type { Clock } from '../model/time.js';

/**
 * Skips a store that keeps failing, so that its time budget is not paid on every call.
 *
 *     closed ── `failures` in a row ──▶ open ── `cooldown` later ──▶ one probe ── it works ──▶ closed
 *                                         ▲                             │
 *                                         └────────── it fails ─────────┘
 */
export class CircuitBreaker {
  readonly #failures: number;
  readonly #cooldownMs: number;
  readonly #clock: Clock;
  readonly #changed: (state: 'open' | 'closed') => void;
  #inARow = 0;
  #openedAt: number | undefined;

  constructor(
    options: { failures: number; cooldownMs: number },
    clock: Clock,
    changed: (state: 'open' | 'closed') => void,
  ) {
    this.#failures = options.failures;
    this.#cooldownMs = options.cooldownMs;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** True if the store may be tried. After the cooldown one caller may; the rest wait for another cooldown. */
  allows(): boolean {
    if (this.#openedAt === undefined) return true;
    const now = this.#clock.now();
    const age = now - this.#openedAt;
    // A negative age means that the clock was set back. An extra probe is better than skipping the store for hours.
    if (age >= 0 && age < this.#cooldownMs) return false;
    this.#openedAt = now;
    return true;
  }

  succeeded(): void {
    this.#inARow = 0;
    if (this.#openedAt === undefined) return;
    this.#openedAt = undefined;
    this.#changed('closed');
  }

  failed(): void {
    this.#inARow++;
    if (this.#openedAt !== undefined || this.#inARow < this.#failures) return;
    this.#openedAt = this.#clock.now();
    this.#changed('open');
  }
}
