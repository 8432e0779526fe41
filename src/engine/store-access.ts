import type { CacheStore } from '../model/cache-store.js';
import { CacheError, type CacheErrorCode, withoutPasswords } from '../model/errors.js';
import type { Emit } from '../model/events.js';
import { FAILED } from '../model/failed.js';
import type { Clock } from '../model/time.js';
import { callContext } from '../resilience/call-context.js';
import { CircuitBreaker } from '../resilience/circuit-breaker.js';
import { FreezeDetector } from '../resilience/freeze-detector.js';
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
  readonly #freezes: FreezeDetector;
  readonly #timeouts: OperationTimeouts;
  /** The failures that counted, and the error of the last one. */
  #failures = 0;
  #lastError: unknown;

  constructor(
    store: CacheStore,
    emit: Emit,
    clock: Clock,
    breaker: { failures: number; cooldownMs: number } | undefined,
  ) {
    this.store = store;
    this.can = capabilitiesOf(store);
    this.#emit = emit;
    this.#freezes = new FreezeDetector(clock);
    this.#timeouts = new OperationTimeouts(this.#freezes);
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
      const message = `The store did not confirm ${what}: the old value may still be served. ${reasonOf(cause)}`;
      throw new CacheError('NOT_CONFIRMED', message, { subject: key, cause });
    });
  }

  /** See `FreezeDetector.count`: counts that differ say that the process was frozen between them. */
  freezes(): number {
    return this.#freezes.count();
  }

  /** Counts freezes while the work runs. */
  watch(work: Promise<unknown>): void {
    this.#freezes.watch(work);
  }

  /** `instead`: what it gives in place of an error, of which an event has told. */
  #run<T, F>(
    operation: string,
    key: string | undefined,
    run: Run<T> | Promise<T>,
    ms: number,
    instead?: F,
  ): Promise<T | F> {
    const freezes = this.#freezes.count();
    const failures = this.#failures;
    const context = callContext();
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => {
        if (error === LATE) {
          // The timer of all calls said so; a listener must find the request that this call belongs to.
          context.runInAsyncScope(failed, undefined, late(operation, ms));
          return;
        }
        const harmless =
          error instanceof CacheError ? NOT_THE_STORE.has(error.code) : isParsing(error);
        // A connection that died while the sandbox was frozen says nothing about the store either.
        if (!harmless && this.#freezes.count() === freezes) this.#countFailure(error, failures);
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

  /**
   * A store that batches fails all operations of one request with one error: that is one failure. `failuresBefore`:
   * those that counted before the operation began.
   */
  #countFailure(error: unknown, failuresBefore: number): void {
    const isOfOneRequest = this.#failures > failuresBefore && error === this.#lastError;
    if (isOfOneRequest && Object(error) === error) return;
    this.#failures++;
    this.#lastError = error;
    this.#breaker?.failed();
  }
}

/** The cause's own words. Trying again can help where nobody knows what was wrong. */
function reasonOf(cause: unknown): string {
  const why = withoutPasswords(String(Object(cause).message ?? cause)).replace(/[^.?!]$/, '$&.');
  const isKnown = cause instanceof CacheError && cause.code !== 'TIMEOUT';
  return isKnown ? why : `${why} Try it again.`;
}

const late = (operation: string, ms: number): CacheError =>
  new CacheError('TIMEOUT', `No answer to ${operation} within ${ms} ms: can the store be reached?`);

/** A store of the user's that cannot parse what it holds, or runs out of stack: one value is at fault. */
const isParsing = (error: unknown): boolean =>
  /^(SyntaxError|RangeError)$/.test(String(Object(error).name));
