import type { Clock } from '../model/time.js';
import { type Pulse, Pulses } from './pulse.js';
import { currentTimers, type Timers } from './timers.js';

/** The interval between readings of the clock while work is watched, milliseconds. */
const PULSE_MS = 1_000;
/**
 * After this much wall time without any activity, milliseconds, the process was frozen, suspended, or blocked by its
 * own code. Connections rarely die in less, and no timer of a running process is that late.
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
 * A clock that jumps forward by more than ten seconds counts as a freeze and costs no more. So do timers that a test
 * replaces or restores, because work that waits for one of the old timers may never end.
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
   * The number of freezes while something was under way. If the count changes between the start and the end of some
   * work, the process was frozen meanwhile.
   */
  count(): number {
    const now = this.#clock.now();
    // After a freeze, a timer or the end of some work may come first. Either counts the freeze.
    const timers = this.#timers();
    const isFrozen = now - this.#seenMs > FROZEN_MS || timers !== this.#lastTimers;
    if (isFrozen && this.#underWay > 0) this.#freezes++;
    this.#seenMs = now;
    this.#lastTimers = timers;
    return this.#freezes;
  }

  /** Marks something as under way until `end`. The caller must call `count` often enough meanwhile. */
  begin(): void {
    this.#underWay++;
  }

  end(): void {
    this.#underWay--;
  }

  /** Notices freezes while the work runs, however long it takes. It does not keep the process alive. */
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
