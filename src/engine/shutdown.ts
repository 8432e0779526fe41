import { CacheError } from '../model/errors.js';
import type { Emit } from '../model/event-log.js';
import type { CacheEvent } from '../model/events.js';
import { withTimeout } from '../model/time.js';
import type { InFlightTracker } from './inflight/in-flight.js';
import type { BackgroundTasks } from './loading/background-tasks.js';
import type { StoreAccess } from './store-access.js';

/** The longest time that `close()` waits for background work before it closes the store, milliseconds. */
const CLOSE_WAIT_MS = 5_000;

const FAILURES: ReadonlySet<CacheEvent['type']> = new Set([
  'background-error',
  'breaker',
  'load-error',
  'refused',
  'skip',
  'store-error',
]);

interface Parts {
  readonly access: StoreAccess;
  readonly inFlight: InFlightTracker;
  readonly background: BackgroundTasks;
  readonly emit: Emit;
}

/**
 * The end of a service:
 *
 *     close() ── loads that callers wait for are aborted
 *             ── background work ends, or 5 seconds pass
 *             ── all other loads are aborted ── the store is closed ── no event reports a failure any more
 */
export class Shutdown {
  #reason: CacheError | undefined;
  #isOver = false;

  /** Passes events on, except for failures caused by closing. */
  filter(emit: Emit): Emit {
    return (event) => {
      if (!this.#isOwnFault(event)) emit(event);
    };
  }

  async run({ access, inFlight, background, emit }: Parts): Promise<void> {
    const reason = closed();
    this.#reason = reason;
    inFlight.abort('foreground', reason);
    const pending = Promise.all([background.settled(), inFlight.settled()]);
    await withTimeout(pending, CLOSE_WAIT_MS, () => {
      const { size } = background;
      if (size > 0) emit({ type: 'background-unfinished', pending: size, waitedMs: CLOSE_WAIT_MS });
    });
    this.#isOver = true;
    inFlight.abort('all', reason);
    await access.store.close?.();
  }

  #isOwnFault(event: CacheEvent): boolean {
    if (this.#isOver) return FAILURES.has(event.type);
    return this.#reason !== undefined && 'error' in event && event.error === this.#reason;
  }
}

const closed = (): CacheError =>
  new CacheError(
    'LOAD_FAILED',
    'The cache was closed while the load ran: close it when no call is under way.',
  );
