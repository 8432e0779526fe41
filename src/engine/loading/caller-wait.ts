import type { Emit } from '../../model/events.js';
import { after, afterUnlessIdle } from '../../model/time.js';
import type { ChainedLoad } from '../inflight/load-chain.js';
import { joinerCopy } from './copies.js';
import { tooLong } from './load-context.js';
import type { Shared } from './load-coordinator.js';
import type { LoadRequest } from './load-request.js';

/** After so long a caller who waits for another's load tells of it, milliseconds. */
const SLOW_JOIN_MS = 10_000;

/** One caller's wait for a load. */
export interface CallerWait {
  /** The value, for a caller who joined a copy of it; or why the caller waits no longer. */
  readonly outcome: Promise<unknown>;
  /** The caller has what it wants: it lets go of timers and listeners, and its own load waits no more. */
  end(): void;
}

interface Parts {
  readonly sharesFrozen: boolean;
  readonly emit: Emit;
}

/**
 * Waits for a load until it ends, the caller's `signal` is aborted, or, for a caller who joined, its own `hardTimeout`
 * is over, whatever the caller allows that began the load. `callers`: the loads that the call is made in.
 */
export function waitForLoad(
  { sharesFrozen, emit }: Parts,
  { address, policy }: LoadRequest,
  { inFlight, hasJoined }: Shared,
  callers: readonly ChainedLoad[],
): CallerWait {
  const leave = inFlight.run.enter();
  const ends = callers.map((caller) => caller.waitFor(inFlight.chained));
  const end = () => {
    for (const each of ends) each();
  };
  const { signal, hardTimeout } = policy;
  if (!hasJoined && !signal) return { outcome: inFlight.outcome, end };
  // The copy is made as soon as there is a value: the caller that gets the value itself may change it a moment later.
  const value = hasJoined
    ? inFlight.outcome.then((loaded) => joinerCopy(inFlight, loaded, sharesFrozen))
    : inFlight.outcome;
  const outcome = new Promise<unknown>((resolve, reject) => {
    const giveUp = (reason: unknown) => {
      reject(reason);
      leave(reason);
    };
    if (signal) {
      const aborted = () => giveUp(signal.reason);
      signal.addEventListener('abort', aborted);
      ends.push(() => signal.removeEventListener('abort', aborted));
    }
    if (hasJoined && hardTimeout !== undefined)
      ends.push(after(hardTimeout, () => giveUp(tooLong(hardTimeout))));
    value.then(resolve, reject);
  });
  if (hasJoined) {
    const { key } = address;
    const waitingKey = callers[0]?.key;
    const tell = () => emit({ type: 'slow-join', key, waitingKey, waitedMs: SLOW_JOIN_MS });
    ends.push(afterUnlessIdle(SLOW_JOIN_MS, tell));
  }
  return { outcome, end };
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
