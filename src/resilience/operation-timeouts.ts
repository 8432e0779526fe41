import type { FreezeDetector } from './freeze-detector.js';
import { type Pulse, Pulses } from './pulse.js';
import type { Timers } from './timers.js';

/** The interval at which pending operations are counted down, milliseconds. */
const TICK_MS = 50;

/** The error of an operation that did not end in time. */
export const LATE: unique symbol = Symbol('late');

interface Pending {
  place: number;
  ticksLeft: number;
  readonly pulse: Pulse<Pending>;
  readonly failed: (error: unknown) => void;
}

/**
 * Limits the time of operations. One timer counts down all that are pending, instead of a timer for each.
 *
 * It counts ticks instead of reading a clock: a sandbox that was frozen for an hour loses one tick, so neither a freeze
 * nor a clock that jumps is mistaken for a slow store.
 */
export class OperationTimeouts {
  readonly #freezes: FreezeDetector | undefined;
  readonly #pulses: Pulses<Pending>;

  /** `freezes` counts at every tick, and whenever an operation fails. */
  constructor(freezes?: FreezeDetector, timers?: () => Timers) {
    this.#freezes = freezes;
    const beat = (pending: readonly Pending[]) => this.#countDown(pending);
    this.#pulses = new Pulses<Pending>({ everyMs: TICK_MS, beat, holds: true }, timers);
  }

  /**
   * Calls one of the two, once: with the work's outcome, or with `LATE` if the work has not ended after `ms`. The
   * shared timer calls `failed` outside the asynchronous context of this call. It returns no promise, because each
   * caller makes its own, and every hit on a store comes through here.
   */
  limit<T>(
    work: Promise<T>,
    ms: number,
    succeeded: (value: T) => void,
    failed: (error: unknown) => void,
  ): void {
    const pulse = this.#pulses.next();
    const operation: Pending = { place: 0, ticksLeft: Math.ceil(ms / TICK_MS), pulse, failed };
    this.#freezes?.begin();
    pulse.add(operation);
    work.then(
      (value) => {
        if (operation.ticksLeft <= 0) return;
        this.#end(operation);
        succeeded(value);
      },
      (error) => {
        this.#freezes?.count();
        if (operation.ticksLeft <= 0) return;
        this.#end(operation);
        failed(error);
      },
    );
  }

  #end(operation: Pending): void {
    operation.pulse.delete(operation);
    this.#freezes?.end();
  }

  #countDown(pending: readonly Pending[]): void {
    this.#freezes?.count();
    for (const operation of pending) {
      if (--operation.ticksLeft > 0) continue;
      this.#end(operation);
      operation.failed(LATE);
    }
  }
}
