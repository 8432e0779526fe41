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

  /** Whether to try the store. When the cooldown is over, one caller may, and the rest wait for another cooldown. */
  allows(): boolean {
    if (this.#openedAt === undefined) return true;
    const now = this.#clock.now();
    const age = now - this.#openedAt;
    // A negative age is a clock that was set back: better a probe too many than a store skipped for hours.
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
