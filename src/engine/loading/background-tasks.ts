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

  /**
   * Starts the work and handles its rejection, because an unhandled one would kill the next invocation. Both `start` and
   * the caller learn if the work is kept: false if `waitUntil` threw, so that the process may end before the work does.
   */
  run(waitUntil: WaitUntil | undefined, start: (isKept: boolean) => Promise<unknown>): boolean {
    const fail = (error: unknown) => this.#emit({ type: 'background-error', error });
    let settle: () => void = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const kept = settled.then(() => void this.#pending.delete(kept));
    this.#pending.add(kept);
    let isKept = true;
    try {
      const result: unknown = waitUntil?.(kept);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      isKept = false;
      fail(error);
    }
    void start(isKept).catch(fail).then(settle);
    return isKept;
  }

  /** Resolves once the work has ended that is pending now. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
