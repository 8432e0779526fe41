import type { CacheStore } from '../../model/cache-store.js';
import type { Emit } from '../../model/events.js';
import { after, afterUnlessIdle } from '../../model/time.js';
import { copyForJoiner, NOT_COPIED } from '../copies.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { ChainedLoad } from '../inflight/load-chain.js';
import { tooLong } from './load-context.js';
import type { Shared } from './load-coordinator.js';
import type { LoadRequest } from './load-request.js';

/** After so long a caller who waits for another's load tells of it, milliseconds. */
const SLOW_JOIN_MS = 10_000;

/** The load that a caller waits for, and the loads that the call is made in. */
export interface Awaited extends Shared {
  /** The loads that the call is made in. */
  readonly callers: readonly ChainedLoad[];
  /** Starts a load for this caller alone, where a value cannot be copied. */
  readonly loadAlone: () => InFlightLoad;
}

interface Parts {
  readonly access: { readonly store: CacheStore };
  readonly emit: Emit;
}

/**
 * One caller's wait for a load. It ends with the load; when the caller's `signal` is aborted; or, for a caller who
 * joined, when its own `hardTimeout` is over, whatever the caller allows that began the load.
 */
export class CallerWait {
  /** The value, for a caller who joined a copy of it; or why the caller waits no longer. */
  readonly outcome: Promise<unknown>;
  readonly #parts: Parts;
  readonly #awaited: Awaited;
  readonly #ends: (() => unknown)[] = [];
  #inFlight: InFlightLoad;
  #leave: (reason: unknown) => void = () => {};
  #hasGivenUp = false;

  constructor(parts: Parts, { address, policy }: LoadRequest, awaited: Awaited) {
    this.#parts = parts;
    this.#awaited = awaited;
    const { inFlight, hasJoined } = awaited;
    this.#inFlight = inFlight;
    this.#enter(inFlight);
    // Copied as soon as there is a value: the caller that gets the value itself may change it a moment later.
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

  /** Lets go of timers and listeners, and of the chain of loads. */
  end(): void {
    for (const end of this.#ends) end();
  }

  #enter(inFlight: InFlightLoad): void {
    this.#inFlight = inFlight;
    this.#leave = inFlight.run.enter();
    for (const caller of this.#awaited.callers) this.#ends.push(caller.waitFor(inFlight.chained));
  }

  async #copied(loaded: unknown): Promise<unknown> {
    const copy = await copyForJoiner(this.#parts.access.store, this.#inFlight, loaded);
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
    const waitingKey = this.#awaited.callers[0]?.key;
    const tell = () =>
      this.#parts.emit({ type: 'slow-join', key, waitingKey, waitedMs: SLOW_JOIN_MS });
    this.#ends.push(afterUnlessIdle(SLOW_JOIN_MS, tell));
  }
}

/** @throws the signal's reason, when it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** The work's outcome; or a rejection with the signal's reason, as soon as that is aborted. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    signal.addEventListener('abort', aborted);
    const end = () => signal.removeEventListener('abort', aborted);
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
  });
}
