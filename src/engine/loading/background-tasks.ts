import type { Emit } from '../../model/events.js';
import type { WaitUntil } from '../../model/policy.js';

/** Background work: every promise is caught, kept until it settles, and passed to `waitUntil`. */
export class BackgroundTasks {
  readonly #pending = new Set<Promise<void>>();
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Handles rejections, because an unhandled one would kill the next invocation. */
  run(work: Promise<unknown>, waitUntil: WaitUntil | undefined): void {
    const fail = (error: unknown) => this.#emit({ type: 'background-error', error });
    const caught = work.then(() => {}, fail);
    const kept = caught.finally(() => this.#pending.delete(kept));
    this.#pending.add(kept);
    try {
      const result: unknown = waitUntil?.(kept);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Resolves once nothing is pending, work started meanwhile included. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
