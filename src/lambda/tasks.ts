import type { CacheEvent } from '../model/events.js';
import { monotonic } from '../model/time.js';
import { immediate, within } from './waiting.js';

/**
 * A task is awaited in at most this many invocations. Otherwise a task that never ends would be billed in every one.
 */
const WAITS = 2;

/** The background promises of one `afterResponse()`. */
export class Tasks {
  /** Each task with the number of waits that it has outlasted. */
  readonly #pending = new Map<Promise<void>, number>();
  readonly #maxWaitMs: number;
  readonly #tell: (event: CacheEvent) => void;

  constructor(maxWaitMs: number, tell: (event: CacheEvent) => void) {
    this.#maxWaitMs = maxWaitMs;
    this.#tell = tell;
  }

  /** Handles rejections, because an unhandled one would kill the next invocation. */
  add(work: unknown): void {
    const task = Promise.resolve(work)
      .catch((error: unknown) => this.#tell({ type: 'background-error', error }))
      .then(() => void this.#pending.delete(task));
    this.#pending.set(task, 0);
  }

  /** True while work is pending. */
  get isBusy(): boolean {
    return this.#awaited().length > 0;
  }

  /**
   * Waits until nothing is pending, work added meanwhile included. Emits an event if the time runs out first.
   *
   * @param leftMs the rest of the invocation, milliseconds.
   * @param timer `'ref'` if a response waits for this, because a process with an empty event loop would end instead.
   */
  async finish(leftMs: number, timer: 'ref' | 'unref'): Promise<void> {
    const ms = Math.min(leftMs, this.#maxWaitMs);
    const startMs = monotonic();
    while (this.isBusy) {
      const waitedMs = Math.round(monotonic() - startMs);
      if (waitedMs >= ms) {
        for (const [task, waits] of this.#pending) this.#pending.set(task, waits + 1);
        return this.#tell({ type: 'background-unfinished', pending: this.#pending.size, waitedMs });
      }
      await within(Promise.all(this.#awaited()), ms - waitedMs, timer);
      // Finished work may start more work.
      await immediate();
    }
  }

  #awaited(): Promise<void>[] {
    return [...this.#pending].flatMap(([task, waits]) => (waits < WAITS ? task : []));
  }
}
