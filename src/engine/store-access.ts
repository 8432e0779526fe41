import type { CacheStore } from '../model/cache-store.js';
import { CacheError, type CacheErrorCode } from '../model/errors.js';
import type { Emit } from '../model/events.js';
import { FAILED } from '../model/failed.js';
import type { Clock } from '../model/time.js';
import { CircuitBreaker } from '../resilience/circuit-breaker.js';
import { LATE, OperationTimeouts } from '../resilience/operation-timeouts.js';
import { capabilitiesOf, type StoreCapabilities } from './store-capabilities.js';

/** How long one read or fill may take before the service goes on without the store, milliseconds. */
export const STORE_BUDGET_MS = 2_500;

/** Invalidations get longer: giving up leaves the caller with a value it must not serve. */
const INVALIDATION_BUDGET_MS = 5_000;

type Run<T> = (store: CacheStore) => Promise<T>;

/** Faults of the value or the call: they say nothing about the health of the store. */
const NOT_THE_STORE: ReadonlySet<CacheErrorCode> = new Set([
  'CORRUPT',
  'INVALID_KEY',
  'INVALID_OPTION',
  'UNSERIALIZABLE',
  'VALUE_TOO_LARGE',
]);

/**
 * How the service talks to its store. Reads and fills fail open: an error, a hang or an open breaker is an event and
 * `FAILED`. Invalidations always try, breaker or not, and reject unless confirmed.
 */
export class StoreAccess {
  readonly store: CacheStore;
  readonly can: StoreCapabilities;
  readonly #emit: Emit;
  readonly #breaker: CircuitBreaker | undefined;
  readonly #timeouts: OperationTimeouts;

  constructor(
    store: CacheStore,
    emit: Emit,
    clock: Clock,
    breaker: { failures: number; cooldownMs: number } | undefined,
  ) {
    this.store = store;
    this.can = capabilitiesOf(store);
    this.#emit = emit;
    this.#timeouts = new OperationTimeouts(clock);
    this.#breaker =
      breaker && new CircuitBreaker(breaker, clock, (state) => emit({ type: 'breaker', state }));
  }

  /** A read or a fill: never rejects. */
  attempt<T>(operation: string, key: string | undefined, run: Run<T>): Promise<T | typeof FAILED> {
    if (this.#breaker && !this.#breaker.allows()) {
      this.#emit({ type: 'skip', operation, key });
      return Promise.resolve<typeof FAILED>(FAILED);
    }
    return this.#run(operation, key, run, STORE_BUDGET_MS, FAILED);
  }

  /**
   * An invalidation: resolves when the store has confirmed it. Or a wait for what is under way already, which says
   * nothing of the health of the store when it ends.
   *
   * @throws CacheError `NOT_CONFIRMED`, with what the store said as its cause.
   */
  confirm<T>(
    operation: string,
    key: string | undefined,
    run: Run<T> | Promise<T>,
    budgetMs = INVALIDATION_BUDGET_MS,
  ): Promise<T> {
    return this.#run<T, never>(operation, key, run, budgetMs).catch((cause) => {
      const what = key === undefined ? operation : `${operation} (${key})`;
      const message = `The store did not confirm ${what}: the old value may still be served. Try it again.`;
      throw new CacheError('NOT_CONFIRMED', message, { subject: key, cause });
    });
  }

  /** How many freezes the process has seen: counts that differ say that it was frozen between them. */
  freezes(): number {
    return this.#timeouts.freezes();
  }

  /** Counts freezes while the work runs. */
  watch(work: Promise<unknown>): void {
    this.#timeouts.watch(work);
  }

  /** `instead`: what it gives in place of an error, of which an event has told. */
  #run<T, F>(
    operation: string,
    key: string | undefined,
    run: Run<T> | Promise<T>,
    ms: number,
    instead?: F,
  ): Promise<T | F> {
    const freezes = this.#timeouts.freezes();
    return new Promise((resolve, reject) => {
      const failed = (reason: unknown) => {
        const error = reason === LATE ? late(operation, ms) : reason;
        const harmless = error instanceof CacheError && NOT_THE_STORE.has(error.code);
        // A connection that died while the sandbox was frozen says nothing about the store either.
        if (!harmless && this.#timeouts.freezes() === freezes) this.#breaker?.failed();
        this.#emit({ type: 'store-error', operation, key, error });
        if (instead === undefined) reject(error);
        else resolve(instead);
      };
      const asks = typeof run === 'function';
      const succeeded = (value: T) => {
        if (asks) this.#breaker?.succeeded();
        resolve(value);
      };
      try {
        // A store of the user's may forget to give a promise, or throw instead of rejecting.
        this.#timeouts.limit(Promise.resolve(asks ? run(this.store) : run), ms, succeeded, failed);
      } catch (error) {
        failed(error);
      }
    });
  }
}

const late = (operation: string, ms: number): CacheError =>
  new CacheError('TIMEOUT', `No answer to ${operation} within ${ms} ms: can the store be reached?`);
