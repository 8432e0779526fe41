import type { CacheStore } from '../../model/cache-store.js';
import type { Emit } from '../../model/event-log.js';
import { after, afterUnlessIdle } from '../../model/time.js';
import { copyForJoiner, NOT_COPIED } from '../copies.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { ChainedLoad } from '../inflight/load-chain.js';
import { tooLong } from './load-context.js';
import type { Shared } from './load-coordinator.js';
import type { LoadRequest } from './load-request.js';

/** The wait for another caller's load after which `slow-join` is reported, milliseconds. */
const SLOW_JOIN_MS = 10_000;

/** The load that a caller waits for, and the loads from which it was called. */
export interface Awaited extends Shared {
  /** Starts a load for this caller alone, if a value cannot be copied. */
  readonly loadAlone: () => InFlightLoad;
}

interface Parts {
  readonly access: { readonly store: CacheStore };
  readonly emit: Emit;
}

/**
 * One caller's wait for a load. It ends with the load, or when the caller's `signal` is aborted. For a caller that
 * joined, it also ends after its own `hardTimeout`, even if the caller that began the load allows more.
 */
export class CallerWait {
  /** The value, or a copy for a caller that joined. Rejects with the reason why the wait ended. */
  readonly outcome: Promise<unknown>;
  readonly #parts: Parts;
  readonly #awaited: Awaited;
  readonly #callers: readonly ChainedLoad[];
  readonly #ends: (() => unknown)[] = [];
  #inFlight: InFlightLoad;
  #leave: (reason: unknown) => void = () => {};
  #hasGivenUp = false;

  constructor(parts: Parts, request: LoadRequest, awaited: Awaited) {
    const { address, policy, callers } = request;
    this.#parts = parts;
    this.#callers = callers;
    this.#awaited = awaited;
    const { inFlight, hasJoined } = awaited;
    this.#inFlight = inFlight;
    this.#enter(inFlight);
    // Copied immediately, because the caller that gets the value itself may change it a moment later.
    const value = hasJoined
      ? inFlight.outcome.then((loaded) => this.#copied(loaded))
      : inFlight.outcome;
    const { signal, hardTimeout } = policy;
    this.outcome = hasJoined || signal ? this.#limited(value, signal, hardTimeout) : value;
    if (hasJoined) this.#tellWhenSlow(address.key);
  }

  /** The load that the caller waits for now. */
  get inFlight(): InFlightLoad {
    return this.#inFlight;
  }

  /** The outcome, and then `end`. Most waits have nothing to release, and need no other promise. */
  toEnd(): Promise<unknown> {
    return this.#ends.length === 0 ? this.outcome : this.outcome.finally(() => this.end());
  }

  /** Releases timers, listeners and the chain of loads. */
  end(): void {
    for (const end of this.#ends) end();
  }

  #enter(inFlight: InFlightLoad): void {
    this.#inFlight = inFlight;
    this.#leave = inFlight.run.enter();
    for (const caller of this.#callers) this.#ends.push(caller.waitFor(inFlight.chained));
  }

  async #copied(loaded: unknown): Promise<unknown> {
    const value = this.#inFlight.sharedFrom(loaded);
    const copy = await copyForJoiner(this.#parts.access.store, this.#inFlight, value);
    if (copy !== NOT_COPIED || this.#hasGivenUp) return copy;
    this.#enter(this.#awaited.loadAlone());
    return this.#inFlight.outcome;
  }

  #limited(
    value: Promise<unknown>,
    signal: AbortSignal | undefined,
    hardTimeout: number | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const giveUp = (reason: unknown) => {
        this.#hasGivenUp = true;
        reject(reason);
        this.#leave(reason);
      };
      if (signal) {
        const aborted = () => giveUp(signal.reason);
        signal.addEventListener('abort', aborted);
        this.#ends.push(() => signal.removeEventListener('abort', aborted));
      }
      if (this.#awaited.hasJoined && hardTimeout !== undefined)
        this.#ends.push(after(hardTimeout, () => giveUp(tooLong(hardTimeout))));
      value.then(resolve, reject);
    });
  }

  #tellWhenSlow(key: string): void {
    const waitingKey = this.#callers[0]?.key;
    const tell = () =>
      this.#parts.emit({ type: 'slow-join', key, waitingKey, waitedMs: SLOW_JOIN_MS });
    this.#ends.push(afterUnlessIdle(SLOW_JOIN_MS, tell));
  }
}

/** @throws the signal's reason, if it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** The work's outcome, or a rejection with the signal's reason once it is aborted. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    const end = () => signal.removeEventListener('abort', aborted);
    // First, because a listener that cannot be added must not leave a rejection without a handler.
    work.then(
      (value) => {
        end();
        resolve(value);
      },
      (error) => {
        end();
        reject(error);
      },
    );
    signal.addEventListener('abort', aborted);
  });
}
