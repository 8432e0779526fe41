import type { CacheStore } from '../model/cache-store.js';
import {
  CacheError,
  type CacheErrorCode,
  errorCode,
  readable,
  withoutPasswords,
} from '../model/errors.js';
import type { Emit } from '../model/event-log.js';
import { FAILED } from '../model/failed.js';
import type { Clock } from '../model/time.js';
import { callContext } from '../resilience/call-context.js';
import { CircuitBreaker } from '../resilience/circuit-breaker.js';
import { FreezeDetector } from '../resilience/freeze-detector.js';
import { LATE, OperationTimeouts } from '../resilience/operation-timeouts.js';
import { type StoreCalls, storeCalls, type TellStoreCall } from './store-calls.js';
import { capabilitiesOf, type StoreCapabilities } from './store-capabilities.js';

/** The timeout of a read or fill, milliseconds. After it the service continues without the store. */
export const STORE_BUDGET_MS = 2_500;

/** The timeout of an invalidation, milliseconds. Longer, because giving up leaves an invalid value in the store. */
export const INVALIDATION_BUDGET_MS = 5_000;

type Run<T> = (store: CacheStore) => Promise<T>;

/** Faults of the value or the call, which do not mean that the store fails. */
const NOT_THE_STORE: ReadonlySet<CacheErrorCode> = new Set([
  'CORRUPT',
  'INVALID_KEY',
  'INVALID_OPTION',
  'UNSERIALIZABLE',
  'VALUE_TOO_LARGE',
]);

interface Settings {
  readonly emit: Emit;
  readonly clock: Clock;
  readonly breaker: { readonly failures: number; readonly cooldownMs: number } | undefined;
  /** Receives every call to the store. */
  readonly storeCall?: TellStoreCall | undefined;
}

/**
 * The service's access to its store. Reads and fills fail open: an error, a timeout or an open breaker gives an event
 * and `FAILED`. Invalidations ignore the breaker, always try, and reject unless confirmed.
 */
export class StoreAccess {
  readonly store: CacheStore;
  readonly can: StoreCapabilities;
  readonly #emit: Emit;
  readonly #breaker: CircuitBreaker | undefined;
  readonly #freezes: FreezeDetector;
  readonly #timeouts: OperationTimeouts;
  readonly #calls: StoreCalls | undefined;
  /** The number of counted failures, and the last one's error. */
  #failures = 0;
  #lastError: unknown;

  constructor(store: CacheStore, { emit, clock, breaker, storeCall }: Settings) {
    this.store = store;
    this.#calls = storeCall && storeCalls(store, storeCall);
    this.can = capabilitiesOf(store);
    this.#emit = emit;
    this.#freezes = new FreezeDetector(clock);
    this.#timeouts = new OperationTimeouts(this.#freezes);
    this.#breaker =
      breaker && new CircuitBreaker(breaker, clock, (state) => emit({ type: 'breaker', state }));
  }

  /** Runs a read or a fill. Never rejects. */
  attempt<T>(operation: string, key: string | undefined, run: Run<T>): Promise<T | typeof FAILED> {
    if (this.#breaker && !this.#breaker.allows()) {
      this.#emit({ type: 'skip', operation, key });
      return Promise.resolve<typeof FAILED>(FAILED);
    }
    return this.#run(operation, key, run, STORE_BUDGET_MS, FAILED);
  }

  /**
   * Runs an invalidation, and resolves once the store has confirmed it. Or waits for work under way, whose end does not
   * show that the store works.
   *
   * @throws CacheError `NOT_CONFIRMED`, with the store's error as its cause.
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

  /**
   * Limits the time of work that is not the store's. Its failure does not count as one of the store.
   *
   * @throws The work's error; CacheError `TIMEOUT`, whose message begins with `what`.
   */
  inTime<T>(run: () => Promise<T>, ms: number, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#timeouts.limit(run(), ms, resolve, (error) => {
        const message = `${what} within ${Math.ceil(ms)} ms.`;
        reject(error === LATE ? new CacheError('TIMEOUT', message) : error);
      });
    });
  }

  /** See `FreezeDetector.count`: if the count changes, the process was frozen meanwhile. */
  freezes(): number {
    return this.#freezes.count();
  }

  /** Counts freezes while the work runs. */
  watch(work: Promise<unknown>): void {
    this.#freezes.watch(work);
  }

  /**
   * `instead` is the result that replaces an error, which an event reports. Five parameters and no object, because every
   * call to the store comes through here.
   */
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
    const asks = typeof run === 'function';
    const ended = asks ? this.#calls?.(operation, key) : undefined;
    return new Promise((resolve, reject) => {
      const failed = (thrown: unknown): void => {
        if (thrown === LATE) {
          // In the caller's context, because the timer is common to all calls, and a listener may need its request.
          context.runInAsyncScope(failed, undefined, late(operation, ms));
          return;
        }
        const error = readable(thrown);
        const harmless =
          error instanceof CacheError ? NOT_THE_STORE.has(error.code) : isParsing(error);
        // Nor does a connection that died during a freeze mean that the store fails.
        if (!harmless && this.#freezes.count() === freezes) this.#countFailure(error, failures);
        ended?.(errorCode(error));
        this.#emit({ type: 'store-error', operation, key, error });
        if (instead === undefined) reject(error);
        else resolve(instead);
      };
      const succeeded = (value: T) => {
        if (asks) this.#breaker?.succeeded();
        ended?.();
        resolve(value);
      };
      try {
        // A user's store may return no promise, or throw instead of rejecting.
        this.#timeouts.limit(Promise.resolve(asks ? run(this.store) : run), ms, succeeded, failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  /**
   * Counts one failure for all operations that fail with the same error, because a store that batches fails a whole
   * request at once. `failuresBefore` is the number of failures before the operation began.
   */
  #countFailure(error: unknown, failuresBefore: number): void {
    const isOfOneRequest = this.#failures > failuresBefore && error === this.#lastError;
    if (isOfOneRequest && Object(error) === error) return;
    this.#failures++;
    this.#lastError = error;
    this.#breaker?.failed();
  }
}

/** The cause's message. Advises another try if the cause is unknown: a store's own errors say what to do. */
export function reasonOf(cause: unknown): string {
  const why = withoutPasswords(String(Object(cause).message ?? cause)).replace(/[^.?!]$/, '$&.');
  const isKnown = cause instanceof CacheError && !why.startsWith(NO_ANSWER);
  return isKnown ? why : `${why} Try it again.`;
}

const NO_ANSWER = 'No answer to ';

const late = (operation: string, ms: number): CacheError =>
  new CacheError('TIMEOUT', `${NO_ANSWER}${operation} within ${ms} ms: can the store be reached?`);

/** True if a user's store cannot parse a value, or runs out of stack. The value is at fault, not the store. */
const isParsing = (error: unknown): boolean =>
  /^(SyntaxError|RangeError)$/.test(String(Object(error).name));
