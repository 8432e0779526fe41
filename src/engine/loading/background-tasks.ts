import type { Emit } from '../../model/event-log.js';
import { isPromise } from '../../util/promises.js';
import type { ChainedLoad } from '../inflight/load-chain.js';
import type { LoadRequest } from './load-request.js';

/** Background work. It resolves to the loads that it ran. */
export type Work = (isKept: boolean) => Promise<readonly ChainedLoad[]>;

/** Background work: every promise is caught, kept until it settles, and passed to `waitUntil`. */
export class BackgroundTasks {
  /** Each pending work, with a promise that also waits for the work that its loads have begun. */
  readonly #pending = new Map<Promise<void>, Promise<unknown>>();
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
  run({ policy, callers }: Pick<LoadRequest, 'policy' | 'callers'>, start: Work): boolean {
    const fail = (error: unknown) => this.#emit({ type: 'background-error', error });
    let begin: (work: ReturnType<Work>) => void = () => {};
    const started = new Promise<readonly ChainedLoad[]>((resolve) => {
      begin = resolve;
    });
    const work = started.then(
      (loads) => loads,
      (error) => {
        fail(error);
        return [];
      },
    );
    const kept = work.then(() => void this.#pending.delete(kept));
    const all = work.then((loads) => Promise.all(loads.map((load) => load.begun())));
    this.#pending.set(kept, all);
    for (const caller of callers) caller.begin(kept);
    let isKept = true;
    try {
      const result: unknown = policy.waitUntil?.(kept);
      if (isPromise(result)) result.then(undefined, fail);
    } catch (error) {
      isKept = false;
      fail(error);
    }
    begin(start(isKept));
    return isKept;
  }

  /** Resolves once the work has ended that is pending now, and the work that its loads have begun. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending.values());
  }
}
