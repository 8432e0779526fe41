import { isPromise, type MaybePromise } from '../../util/promises.js';

/**
 * One run of a user's function, and the callers that wait for it. A batch is one run for several loads. When the last
 * caller leaves, the run is aborted. Background work and callers without a signal never leave.
 */
export class LoadRun {
  #waiting = 0;
  #isInBackground = false;
  #isKept = false;
  #hasEnded = false;
  #abortion: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;
  #onAbort: (reason: unknown) => void = () => {};

  get isAborted(): boolean {
    return this.#abortion !== undefined;
  }

  /** Created on first use, because few functions use it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortion) this.#controller.abort(this.#abortion.reason);
    return this.#controller.signal;
  }

  /** Adds a waiting caller. Returns the function by which it leaves. The last one to leave aborts the run. */
  enter(): (reason: unknown) => void {
    this.#waiting++;
    let isWaiting = true;
    return (reason) => {
      if (!isWaiting) return;
      isWaiting = false;
      if (--this.#waiting === 0) this.abort(reason);
    };
  }

  /** Adds background work, which never leaves. `isKept`: see `BackgroundTasks.run`. */
  enterBackground(isKept: boolean): void {
    this.#isInBackground = true;
    this.#isKept ||= isKept;
    this.#waiting++;
  }

  /** True if the process is kept alive until the run and its writes have ended. */
  get isKept(): boolean {
    return this.#isKept;
  }

  get isInBackground(): boolean {
    return this.#isInBackground;
  }

  /** Rejects every caller's wait and aborts the signal. No caller joins any more: see `InFlightLoad.canJoin`. */
  abort(reason: unknown): void {
    if (this.#hasEnded || this.#abortion) return;
    this.#abortion = { reason };
    this.#controller?.abort(reason);
    this.#onAbort(reason);
  }

  /** The work's outcome, or a rejection with the reason once the run is aborted. It may be aborted already. */
  untilAborted<T>(work: () => MaybePromise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onAbort = reject;
      if (this.#abortion) return reject(this.#abortion.reason);
      const outcome = work();
      if (isPromise(outcome)) outcome.then(resolve, reject);
      else resolve(outcome);
    });
  }

  /** @throws the reason, if the run was aborted. */
  throwIfAborted(): void {
    if (this.#abortion) throw this.#abortion.reason;
  }

  /** Called when the function has returned, and nothing is left to abort. */
  end(): void {
    this.#hasEnded = true;
  }
}
