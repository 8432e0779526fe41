import { UnorderedSet } from '../util/unordered-set.js';
import { currentTimers, type Timer, type Timers } from './timers.js';

interface Settings<Member> {
  readonly everyMs: number;
  /** Receives the pending members. It may add and delete some. */
  readonly beat: (pending: readonly Member[]) => void;
  /** Keep the process alive while something is pending, and keep the timer for later members. */
  readonly holds: boolean;
}

/** One timer for all pending members. It beats while there are any, and then ends by itself. */
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

  /** Arms the timer late, because most members are deleted before the event loop turns and need none. */
  #armAfterTurn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.timers.afterTurn(() => {
      this.#isTurning = false;
      this.#arm();
    });
  }

  #arm(): void {
    // A timer exists already if a beat has added a member.
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
 * Chooses the pulse for a new member: one for all. Fake timers may be dropped at any time, and all members of one pulse
 * would then wait for ever, so with fake timers each member gets its own pulse. Restored timers get a new one.
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
