import type { Emit } from '../events.js';
import { monotonic } from '../time.js';
import { immediate, within } from './waiting.js';

/** In so many invocations a task is waited for. One that never ends would be billed in every invocation otherwise. */
const WAITS = 2;

/** Promises that nobody awaits, of one `afterResponse()`. */
export class Tasks {
  /** With the number of waits that it has outlasted. */
  readonly #pending = new Map<Promise<void>, number>();
  readonly #watchers = new Set<() => void>();
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** An unhandled rejection would kill the next, innocent invocation, so none leaves here. */
  add(work: unknown): void {
    const task = Promise.resolve(work)
      .then(
        () => {},
        (error: unknown) => this.#emit({ type: 'background-error', error }),
      )
      .then(() => {
        this.#pending.delete(task);
        for (const wake of this.#watchers) wake();
      });
    this.#pending.set(task, 0);
  }

  get isAwaited(): boolean {
    return [...this.#pending.values()].some((waits) => waits < WAITS);
  }

  /**
   * Waits until nothing is pending, work that was added meanwhile included, or `ms` have passed: that is an event.
   *
   * @param timer `'ref'` where somebody waits for this: a process whose event loop is empty would end instead.
   */
  async finish(ms: number, timer: 'ref' | 'unref'): Promise<void> {
    if (!this.isAwaited) return;
    const startMs = monotonic();
    const leftMs = () => ms - (monotonic() - startMs);
    while (this.isAwaited && leftMs() > 0) {
      await this.#change(leftMs(), timer);
      // What has just ended may lead its own caller to more work.
      await immediate();
    }
    if (!this.isAwaited) return;
    for (const [task, waits] of this.#pending) this.#pending.set(task, waits + 1);
    const waitedMs = Math.round(monotonic() - startMs);
    this.#emit({ type: 'background-unfinished', pending: this.#pending.size, waitedMs });
  }

  async #change(ms: number, timer: 'ref' | 'unref'): Promise<void> {
    let wake = () => {};
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#watchers.add(wake);
    await within(changed, ms, timer);
    this.#watchers.delete(wake);
  }
}
