import type { Clock } from '../model/time.js';
import { UnorderedSet } from '../util/unordered-set.js';

/** How often pending operations are looked at, milliseconds. */
const TICK_MS = 50;
/** The same while there is only work to watch, which has no limit. */
const WATCH_MS = 1_000;
/**
 * So much wall time between two looks, milliseconds, and the process has slept: frozen, suspended, or blocked by its
 * own code. Connections rarely die in less, and nothing awake is as late as that.
 */
const SLEPT_MS = 10_000;

/** What an operation fails with that had no outcome in time. */
export const LATE: unique symbol = Symbol('late');

interface Pending {
  place: number;
  ticksLeft: number;
  readonly failed: (error: unknown) => void;
}

/**
 * Time budgets without a timer for each operation. Most operations end before the event loop turns, and cost one
 * place in a bag; what is still pending then is counted down by one shared timer.
 *
 * Ticks are counted, not read off a clock: a sandbox that was frozen for an hour loses one tick, so a thaw is never
 * mistaken for a slow store. The clock only tells that there was such a freeze:
 *
 *     tick ── 50 ms ── tick ── 50 ms ── tick ────── an hour ────── tick: one sleep more
 */
export class OperationTimeouts {
  readonly #clock: Clock;
  readonly #pending = new UnorderedSet<Pending>();
  #watched = 0;
  #sleeps = 0;
  #awakeMs = 0;
  #looking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * How often the process has slept while something was pending. Asked before work begins and after it has ended, two
   * counts that differ say that it slept meanwhile.
   */
  freezes(): number {
    const now = this.#clock.now();
    // What comes first after a thaw, a tick or the end of some work, is not known: whatever it is takes note.
    if (this.#isBusy && now - this.#awakeMs > SLEPT_MS) this.#sleeps++;
    this.#awakeMs = now;
    return this.#sleeps;
  }

  /** Looks out for a sleep while the work runs, which may take as long as it likes and keeps no process alive. */
  watch(work: Promise<unknown>): void {
    this.#watched++;
    const ended = () => {
      this.freezes();
      this.#watched--;
      if (!this.#isBusy) this.#stop();
    };
    work.then(ended, ended);
    if (!this.#timer) this.#look();
  }

  /**
   * Calls one of the two, once: with the work's outcome, or with `LATE` when it has none after `ms`. No promise, since
   * whoever asks for this makes one: every hit on a store comes through here.
   */
  limit<T>(
    work: Promise<T>,
    ms: number,
    succeeded: (value: T) => void,
    failed: (error: unknown) => void,
  ): void {
    const operation: Pending = { place: 0, ticksLeft: Math.ceil(ms / TICK_MS), failed };
    if (this.#pending.size === 0 && this.#watched > 0) this.#stop();
    this.#pending.add(operation);
    if (this.#timer) this.#timer.ref();
    else this.#look();
    work.then(
      (value) => {
        if (this.#ends(operation)) succeeded(value);
      },
      (error) => {
        this.freezes();
        if (this.#ends(operation)) failed(error);
      },
    );
  }

  /** Whether it does, and was not given up before. */
  #ends(operation: Pending): boolean {
    this.#pending.delete(operation);
    // The timer stays for the operations to come, but keeps no process alive that has none.
    if (this.#pending.size === 0) this.#timer?.unref();
    return operation.ticksLeft > 0;
  }

  get #isBusy(): boolean {
    return this.#pending.size > 0 || this.#watched > 0;
  }

  /** Starts the timer for what is still pending when the event loop has turned. */
  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    setImmediate(() => {
      this.#looking = false;
      this.#arm();
    });
  }

  #arm(): void {
    // There is a timer already where `failed` has called `limit` while a tick went through what is pending.
    if (!this.#isBusy || this.#timer) return;
    const limited = this.#pending.size > 0;
    this.#timer = setTimeout(() => this.#tick(), limited ? TICK_MS : WATCH_MS);
    if (!limited) this.#timer.unref();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    this.freezes();
    for (const operation of this.#pending.all()) {
      if (--operation.ticksLeft > 0) continue;
      this.#pending.delete(operation);
      operation.failed(LATE);
    }
    this.#arm();
  }
}
