import type { Clock } from '../model/time.js';
import { type Pulse, Pulses } from './pulse.js';
import { currentTimers, type Timers } from './timers.js';

/** How often work that is watched is a reason to read the clock, milliseconds. */
const PULSE_MS = 1_000;
/**
 * So much wall time in which nothing ran, milliseconds, and the process was frozen, suspended, or blocked by its own
 * code. Connections rarely die in less, and no timer of a running process is as late as that.
 */
const FROZEN_MS = 10_000;

interface Watched {
  place: number;
  readonly pulse: Pulse<Watched>;
}

/**
 * Counts the freezes of this process while something is under way:
 *
 *     pulse ── 1 s ── pulse ── 1 s ── pulse ────── an hour ────── pulse: one freeze more
 *
 * A clock that jumps forward by ten seconds or more looks the same, and costs no more than a freeze does. So do timers
 * that a test replaces or puts back: what waits for one of the others may never end.
 */
export class FreezeDetector {
  readonly #clock: Clock;
  readonly #timers: () => Timers;
  readonly #pulses: Pulses<Watched>;
  #lastTimers: Timers;
  #underWay = 0;
  #freezes = 0;
  #seenMs = 0;

  constructor(clock: Clock, timers: () => Timers = currentTimers) {
    this.#clock = clock;
    this.#timers = timers;
    this.#lastTimers = timers();
    const beat = () => void this.count();
    this.#pulses = new Pulses<Watched>({ everyMs: PULSE_MS, beat, holds: false }, timers);
  }

  /**
   * How often the process was frozen while something was under way. Two counts that differ, before work begins and
   * after it has ended, say that it was frozen meanwhile.
   */
  count(): number {
    const now = this.#clock.now();
    // After a freeze a timer may come first, or the end of some work: whichever it is counts.
    const timers = this.#timers();
    const isFrozen = now - this.#seenMs > FROZEN_MS || timers !== this.#lastTimers;
    if (isFrozen && this.#underWay > 0) this.#freezes++;
    this.#seenMs = now;
    this.#lastTimers = timers;
    return this.#freezes;
  }

  /** Something is under way from here to `end`, and whoever calls this counts often enough meanwhile. */
  begin(): void {
    this.#underWay++;
  }

  end(): void {
    this.#underWay--;
  }

  /** Notices a freeze while the work runs, which may take as long as it likes and keeps no process alive. */
  watch(work: Promise<unknown>): void {
    const watched: Watched = { place: 0, pulse: this.#pulses.next() };
    const ended = () => {
      this.count();
      this.end();
      watched.pulse.delete(watched);
    };
    this.count();
    this.begin();
    watched.pulse.add(watched);
    work.then(ended, ended);
  }
}
