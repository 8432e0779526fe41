import { UnorderedSet } from '../util/unordered-set.js';
import { currentTimers, type Timer, type Timers } from './timers.js';

interface Settings<Member> {
  readonly everyMs: number;
  /** Given the members that are pending. It may add and delete some. */
  readonly beat: (pending: readonly Member[]) => void;
  /** Keep the process alive while something is pending, and the timer for what comes next. */
  readonly holds: boolean;
}

/** One timer for all that is pending: it beats while there is something, and ends by itself. */
export class Pulse<Member extends { place: number }> {
  readonly timers: Timers;
  readonly #settings: Settings<Member>;
  readonly #pending = new UnorderedSet<Member>();
  #isTurning = false;
  #timer: Timer | undefined;

  constructor(timers: Timers, settings: Settings<Member>) {
    this.timers = timers;
    this.#settings = settings;
  }

  add(member: Member): void {
    this.#pending.add(member);
    if (this.#timer) {
      if (this.#settings.holds) this.#timer.ref();
    } else if (this.timers.areFaked) this.#arm();
    else this.#armAfterTurn();
  }

  /** May be called again. */
  delete(member: Member): void {
    this.#pending.delete(member);
    if (this.#pending.size > 0 || !this.#timer) return;
    if (this.#settings.holds && !this.timers.areFaked) {
      this.#timer.unref();
    } else {
      this.#timer.cancel();
      this.#timer = undefined;
    }
  }

  /** Most of what is added ends before the event loop turns, and needs no timer. */
  #armAfterTurn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.timers.afterTurn(() => {
      this.#isTurning = false;
      this.#arm();
    });
  }

  #arm(): void {
    // There is a timer already where a beat has added a member.
    if (this.#pending.size === 0 || this.#timer) return;
    this.#timer = this.timers.after(this.#settings.everyMs, () => this.#beat());
    if (!this.#settings.holds) this.#timer.unref();
  }

  #beat(): void {
    this.#timer = undefined;
    this.#settings.beat(this.#pending.all());
    this.#arm();
  }
}

/**
 * The pulse for what is about to be added: one for all. Timers that are faked may be dropped at any time, and all that
 * shared one would wait for ever: there, each has a pulse of its own, and so has whatever comes after the fakes.
 */
export class Pulses<Member extends { place: number }> {
  readonly #settings: Settings<Member>;
  readonly #timers: () => Timers;
  #shared: Pulse<Member> | undefined;

  constructor(settings: Settings<Member>, timers: () => Timers = currentTimers) {
    this.#settings = settings;
    this.#timers = timers;
  }

  next(): Pulse<Member> {
    const timers = this.#timers();
    if (this.#shared?.timers === timers) return this.#shared;
    const pulse = new Pulse(timers, this.#settings);
    if (!timers.areFaked) this.#shared = pulse;
    return pulse;
  }
}
