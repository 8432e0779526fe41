import { Latch } from './waiting.js';

/** One invocation. Its event reaches the extension before its handler starts, or after, or even after its answer. */
export interface Invocation {
  readonly requestId: string;
  /** Epoch milliseconds. */
  deadlineMs?: number | undefined;
  readonly started: Latch;
  readonly answered: Latch;
  /** The number of running calls: one marked handler may call another. */
  running: number;
}

/** The running invocation. A sandbox that freezes runs one at a time. */
export class Invocations {
  #current: Invocation | undefined;

  get deadlineMs(): number | undefined {
    return this.#current?.deadlineMs;
  }

  /** Lambda announced it to the extension. */
  announce(requestId: string, deadlineMs: number): Invocation {
    const invocation = this.#at(requestId);
    invocation.deadlineMs = deadlineMs;
    return invocation;
  }

  /** A handler was called with this context. */
  begin(context: unknown): Invocation {
    const { requestId, deadlineMs } = read(context);
    const invocation = this.#at(requestId);
    invocation.deadlineMs ??= deadlineMs;
    invocation.running++;
    invocation.started.open();
    return invocation;
  }

  /** One of its handlers is done. Returns whether that was the last one. */
  end(invocation: Invocation): boolean {
    if (--invocation.running > 0) return false;
    invocation.answered.open();
    return true;
  }

  /** The invocation is over. A retry has the same id and must not be mistaken for it. */
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

/** The part of Lambda's context that is needed. Tests call handlers with less than that. */
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
