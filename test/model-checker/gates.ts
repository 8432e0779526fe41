import type { Random } from './random.js';
import { turn } from './virtual-time.js';

/**
 * Where something waits until the schedule lets it go on: `process` for what the process itself must do, which does
 * not happen while it is frozen and never after it has crashed; `network` for what has left it.
 */
interface Gate {
  readonly process: number;
  readonly where: 'process' | 'network';
  readonly label: string;
  /** Held up longer than the others. */
  readonly slow: boolean;
  readonly open: () => void;
}

export type Point = 'load' | 'request' | 'reply' | 'replay';

/** Everything that waits, in the order in which it came. */
export class Gates {
  readonly #random: Random;
  readonly #log: (line: string) => void;
  /** How likely each is to be slow; a copy of a request that arrives at once undoes nothing. */
  readonly #slowness: Readonly<Record<Point, number>>;
  #waiting: Gate[] = [];
  #frozen = new Set<number>();
  #crashed = new Set<number>();
  #busy = 0;

  constructor(random: Random, log: (line: string) => void) {
    this.#random = random;
    this.#log = log;
    this.#slowness = {
      load: random.pick([0.15, 0.6, 1]),
      request: random.pick([0.02, 0.1, 0.4]),
      reply: random.pick([0.02, 0.1, 0.4]),
      replay: random.pick([0.5, 1]),
    };
  }

  /** `point`: what is waited for, such as a load or a reply; some kinds of it are slow in one schedule and not in another. */
  wait(
    process: number,
    point: Point,
    label: string,
    kind: Gate['where'] = 'process',
  ): Promise<void> {
    return new Promise((open) => {
      // Its timers go on here, but a process that does not run sends nothing.
      if (this.#crashed.has(process)) return;
      const where = this.#frozen.has(process) ? 'process' : kind;
      const slow = this.#random.chance(this.#slowness[point]);
      this.#waiting.push({ process, where, label: `${point} of ${label}`, slow, open });
    });
  }

  /** Runs what really takes time, such as a request; the schedule goes on when it has ended. */
  async busy<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
    }
  }

  /** Until nothing moves any more of itself. */
  async settle(): Promise<void> {
    do await turn();
    while (this.#busy > 0);
  }

  get ready(): number {
    return this.#ready().length;
  }

  /** The process of one of those that wait. */
  someoneWaiting(): number | undefined {
    return this.#waiting.length > 0 ? this.#random.pick(this.#waiting).process : undefined;
  }

  /** Nothing waits but what is slow. */
  get quiet(): boolean {
    return this.#ready().every(({ slow }) => slow);
  }

  #ready(): Gate[] {
    return this.#waiting.filter(
      ({ process, where }) => where === 'network' || !this.#frozen.has(process),
    );
  }

  releaseOne(): void {
    const ready = this.#ready();
    const quick = ready.filter(({ slow }) => !slow);
    const gate = this.#random.pick(quick.length > 0 && !this.#random.chance(0.03) ? quick : ready);
    if (gate) this.#open(gate);
  }

  releaseAll(): void {
    for (const gate of this.#ready()) this.#open(gate);
  }

  #open(gate: Gate): void {
    this.#waiting.splice(this.#waiting.indexOf(gate), 1);
    this.#log(`  p${gate.process} ${gate.label}`);
    gate.open();
  }

  get anyFrozen(): boolean {
    return this.#frozen.size > 0;
  }

  isFrozen = (process: number): boolean => this.#frozen.has(process);
  isCrashed = (process: number): boolean => this.#crashed.has(process);

  freeze(process: number): void {
    this.#frozen.add(process);
  }

  resume(process: number): void {
    this.#frozen.delete(process);
  }

  /** Requests already sent still arrive. */
  crash(process: number): void {
    this.#crashed.add(process);
    this.#waiting = this.#waiting.filter(
      (gate) => gate.process !== process || gate.where === 'network',
    );
  }
}
