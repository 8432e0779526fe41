import type { Clock } from '@glasswork/cache';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
  ref(): Timer;
  unref(): Timer;
}

const realSetImmediate = setImmediate;

/** Every promise job that is ready has run when it resolves. */
export const turn = (): Promise<void> => new Promise((resolve) => realSetImmediate(resolve));

/** Up to this step every timer fires at its own time; a longer one is a freeze, from which it wakes late. */
const LONGEST_STEP_MS = 10_000;

/** The time of a schedule: it stands still until the schedule moves it, and the timers with it. */
export class VirtualTime implements Clock {
  #now = Date.UTC(2030, 0, 1);
  #monotonic = 1_000;
  #timers = new Set<Timer>();
  #order = 0;

  now(): number {
    return this.#now;
  }

  /** `frozen`: the monotonic clock does not count it, as on a machine that was suspended. */
  advance(ms: number, frozen = false): void {
    const target = this.#now + ms;
    if (ms <= LONGEST_STEP_MS) {
      for (let timer = this.#due(target); timer; timer = this.#due(target)) {
        this.#pass(Math.max(timer.at - this.#now, 0), frozen);
        this.#timers.delete(timer);
        timer.action();
      }
      this.#pass(target - this.#now, frozen);
      return;
    }
    this.#pass(ms, frozen);
    const woken = [...this.#timers].filter((timer) => timer.at <= target);
    for (const timer of woken) if (this.#timers.delete(timer)) timer.action();
  }

  #pass(ms: number, frozen: boolean): void {
    this.#now += ms;
    if (!frozen) this.#monotonic += ms;
  }

  #due(target: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > target) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }

  /** Puts this time in the place of the machine's: timers, the monotonic clock, and chance. Returns what undoes it. */
  install(random: () => number): () => void {
    const { setTimeout, clearTimeout } = globalThis;
    const now = process.hrtime.bigint;
    const chance = Math.random;
    globalThis.setTimeout = ((action: () => void, ms = 0): Timer => {
      const itself = () => timer;
      const at = this.#now + ms;
      const timer: Timer = { at, order: this.#order++, action, ref: itself, unref: itself };
      this.#timers.add(timer);
      return timer;
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: Timer | undefined) => {
      if (timer) this.#timers.delete(timer);
    }) as unknown as typeof clearTimeout;
    process.hrtime.bigint = () => BigInt(Math.round(this.#monotonic * 1e6));
    Math.random = random;
    return () => {
      globalThis.setTimeout = setTimeout;
      globalThis.clearTimeout = clearTimeout;
      process.hrtime.bigint = now;
      Math.random = chance;
    };
  }
}
