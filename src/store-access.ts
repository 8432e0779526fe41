import { Breaker } from './breaker.js';
import { Budget } from './budget.js';
import type { CacheStore } from './cache-store.js';
import { CacheError, type CacheErrorCode } from './errors.js';
import type { Emit } from './events.js';
import type { Clock } from './time.js';

/** How long one read or fill may take before the service goes on without the store, milliseconds. */
export const STORE_BUDGET_MS = 2_500;

/** Invalidations get longer: giving up leaves the caller with a value it must not serve. */
const INVALIDATION_BUDGET_MS = 5_000;

/** What an operation gives that failed; the event has been sent. */
export const FAILED: unique symbol = Symbol('failed');

/** Faults of the value or the call: they say nothing about the health of the store. */
const NOT_THE_STORE: ReadonlySet<CacheErrorCode> = new Set([
  'CORRUPT',
  'INVALID_KEY',
  'INVALID_OPTION',
  'UNSERIALIZABLE',
  'UNSUPPORTED',
  'VALUE_TOO_LARGE',
]);

/**
 * How the service talks to its store. Reads and fills fail open: an error, a hang or an open breaker is an event and
 * `FAILED`. Invalidations always try, breaker or not, and reject unless confirmed.
 */
export class StoreAccess {
  readonly store: CacheStore;
  readonly #emit: Emit;
  readonly #breaker: Breaker | undefined;
  readonly #budget = new Budget();

  constructor(
    store: CacheStore,
    emit: Emit,
    clock: Clock,
    breaker: { failures: number; cooldownMs: number } | undefined,
  ) {
    this.store = store;
    this.#emit = emit;
    this.#breaker =
      breaker && new Breaker(breaker, clock, (state) => emit({ type: 'breaker', state }));
  }

  /** A read or a fill: never rejects. */
  async attempt<T>(
    operation: string,
    key: string | undefined,
    run: (store: CacheStore) => Promise<T>,
  ): Promise<T | typeof FAILED> {
    if (this.#breaker && !this.#breaker.allows()) return FAILED;
    try {
      const result = await this.#race(operation, key, run, STORE_BUDGET_MS);
      this.#breaker?.succeeded();
      return result;
    } catch (error) {
      this.#report(operation, key, error);
      return FAILED;
    }
  }

  /**
   * An invalidation: resolves when the store has confirmed it.
   *
   * @throws CacheError `NOT_CONFIRMED`, with what the store said as its cause.
   */
  async confirm<T>(
    operation: string,
    key: string | undefined,
    run: (store: CacheStore) => Promise<T>,
  ): Promise<T> {
    try {
      const result = await this.#race(operation, key, run, INVALIDATION_BUDGET_MS);
      this.#breaker?.succeeded();
      return result;
    } catch (cause) {
      this.#report(operation, key, cause);
      throw new CacheError(
        'NOT_CONFIRMED',
        `The store "${this.store.name}" did not confirm ${operation}${key === undefined ? '' : ` of "${key}"`}: ` +
          'the old value may still be served. Try it again, or let the operation that changed the data fail.',
        { subject: key, cause },
      );
    }
  }

  #race<T>(
    operation: string,
    key: string | undefined,
    run: (store: CacheStore) => Promise<T>,
    ms: number,
  ): Promise<T> {
    return this.#budget.race(
      run(this.store),
      ms,
      () =>
        new CacheError(
          'TIMEOUT',
          `The store "${this.store.name}" gave no answer to ${operation} within ${ms} ms: check that it can be reached.`,
          { subject: key },
        ),
    );
  }

  #report(operation: string, key: string | undefined, error: unknown): void {
    if (!(error instanceof CacheError && NOT_THE_STORE.has(error.code))) this.#breaker?.failed();
    this.#emit({ type: 'store-error', operation, error, ...(key !== undefined && { key }) });
  }
}
