import type { Call, Connection } from './connection.js';
import type { Connections } from './connections.js';
import type { Outgoing } from './request.js';
import type { Answer } from './response.js';

/** A try without a complete answer. */
export interface Failure {
  readonly error: Error & { readonly code?: string };
  /** True if a time limit ran out. */
  readonly late: boolean;
  /** False if no byte can have reached the service. */
  readonly sent: boolean;
  /** True if the socket had served before. It may have been dead when this request got it. */
  readonly reused: boolean;
}

/** One try: the request and its limits. */
export interface Try {
  /** Called once: while the connection opens, or right before the request is written. */
  compose(): Outgoing;
  /** Checked right before the request is written. If true, it must not be sent any more. */
  readonly isLate?: (() => boolean) | undefined;
  readonly longestIdleMs: number;
  /** Milliseconds to connect, for this try, and for the rest of the total. */
  readonly limits: Readonly<Record<Budget, number>>;
  /** True if the process was frozen since this try began. Its timers measure nothing then. */
  readonly hasSlept: () => boolean;
}
type Budget = 'connect' | 'request' | 'total';

/** After a freeze, the time to read an answer that arrived meanwhile, milliseconds. */
const GRACE_MS = 100;

/**
 * Sends a request once and reads the whole answer. Never rejects. Later errors of the connection are ignored.
 */
export const exchange = (connections: Connections, attempt: Try): Promise<Answer | Failure> =>
  new Promise((resolve) => new Exchange(connections, attempt, resolve).begin());

class Exchange implements Call {
  connection: Connection | undefined;
  readonly longestIdleMs: number;
  readonly #connections: Connections;
  readonly #try: Try;
  readonly #resolve: (outcome: Answer | Failure) => void;
  #outgoing: Outgoing | undefined;
  #sent = false;
  #reused = false;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(
    connections: Connections,
    attempt: Try,
    resolve: (outcome: Answer | Failure) => void,
  ) {
    this.#connections = connections;
    this.#try = attempt;
    this.#resolve = resolve;
    this.longestIdleMs = attempt.longestIdleMs;
  }

  begin(): void {
    const { limits } = this.#try;
    this.#timer = this.#limit(limits.total < limits.request ? 'total' : 'request');
    try {
      this.#connections.run(this);
      // Sign while the connection opens.
      if (this.#connectTimer) this.#compose();
    } catch (error) {
      // The code that connects and composes throws errors only. A connection that has begun to open serves the next call.
      this.ended(error as Error);
    }
  }

  connecting(): void {
    this.#connectTimer = this.#limit('connect').unref();
  }

  outgoing(isReused: boolean): Outgoing {
    clearTimeout(this.#connectTimer);
    if (this.#try.isLate?.()) throw new Error('a freeze came between, too long to send it now');
    const outgoing = this.#compose();
    this.#sent = true;
    this.#reused = isReused;
    return outgoing;
  }

  ended(outcome: Answer | Error): void {
    this.#settle(outcome, false);
  }

  #compose(): Outgoing {
    this.#outgoing ??= this.#try.compose();
    return this.#outgoing;
  }

  #limit(budget: Budget) {
    return setTimeout(() => this.#ranOut(budget), this.#try.limits[budget]);
  }

  #ranOut(budget: Budget): void {
    if (this.#try.hasSlept()) this.#grace = setTimeout(() => this.#giveUp(budget), GRACE_MS);
    else this.#giveUp(budget);
  }

  #giveUp(budget: Budget): void {
    // A timer that fake timers could not clear must not end the next call of its connection.
    if (this.#isOver) return;
    this.#settle(new Error(`timeouts.${budget} ran out`), true);
    this.#connections.abandon(this);
  }

  #settle(outcome: Answer | Error, late: boolean): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#grace);
    this.#resolve(
      outcome instanceof Error
        ? { error: outcome, late, sent: this.#sent, reused: this.#reused }
        : outcome,
    );
  }
}
