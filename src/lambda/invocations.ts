import { Latch } from './waiting.js';

/**
 * One invocation. Its event may reach the extension before its handler starts, after that, or even after its answer.
 */
export interface Invocation {
  readonly requestId: string;
  /** The end of the invocation, epoch milliseconds. */
  deadlineMs?: number | undefined;
  readonly started: Latch;
  readonly answered: Latch;
  /** The number of running calls, because one marked handler may call another. */
  running: number;
}

/** The current invocation. A sandbox that can freeze runs one at a time. */
export class Invocations {
  #current: Invocation | undefined;

  get deadlineMs(): number | undefined {
    return this.#current?.deadlineMs;
  }

  /** Called when Lambda announces an invocation to the extension. */
  announce(requestId: string, deadlineMs: number): Invocation {
    const invocation = this.#at(requestId);
    invocation.deadlineMs = deadlineMs;
    return invocation;
  }

  /** Called when a handler starts with this context. */
  begin(context: unknown): Invocation {
    const { requestId, deadlineMs } = read(context);
    const invocation = this.#at(requestId);
    invocation.deadlineMs ??= deadlineMs;
    invocation.running++;
    invocation.started.open();
    return invocation;
  }

  /** Called when a handler is done. Returns true if it was the invocation's last one. */
  end(invocation: Invocation): boolean {
    if (--invocation.running > 0) return false;
    invocation.answered.open();
    return true;
  }

  /** Forgets the invocation, because a retry has the same id and must not be mistaken for it. */
  leave(): void {
    this.#current = undefined;
  }

  #at(requestId: string): Invocation {
    if (this.#current?.requestId !== requestId) {
      this.#current = { requestId, started: new Latch(), answered: new Latch(), running: 0 };
    }
    return this.#current;
  }
}

/** The part of Lambda's context in use. Tests may call handlers with less. */
interface Context {
  readonly awsRequestId?: unknown;
  readonly getRemainingTimeInMillis?: { call?(self: unknown): unknown };
}

function read(context: unknown): { requestId: string; deadlineMs: number | undefined } {
  const { awsRequestId, getRemainingTimeInMillis: remaining }: Context = Object(context);
  return {
    requestId: String(awsRequestId),
    deadlineMs: Date.now() + Number(remaining?.call?.(context)) || undefined,
  };
}
