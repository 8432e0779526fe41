/**
 * One run of a user's function, and the callers who wait for it. A batch is one run that serves several loads. When the
 * last caller has left, the run is aborted; work in the background and callers without a signal never leave.
 */
export class LoadRun {
  #waiting = 0;
  #isInBackground = false;
  #hasEnded = false;
  #abortion: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;
  #onAbort: (reason: unknown) => void = () => {};

  get isAborted(): boolean {
    return this.#abortion !== undefined;
  }

  /** Made when it is asked for: few functions do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortion) this.#controller.abort(this.#abortion.reason);
    return this.#controller.signal;
  }

  /** One more waits. Returns what ends that: when it is the last one, the run is aborted with the reason. */
  enter(): (reason: unknown) => void {
    this.#waiting++;
    let isWaiting = true;
    return (reason) => {
      if (!isWaiting) return;
      isWaiting = false;
      if (--this.#waiting === 0) this.abort(reason);
    };
  }

  /** Background work waits for it too, and never leaves. */
  enterBackground(): void {
    this.#isInBackground = true;
    this.#waiting++;
  }

  get isInBackground(): boolean {
    return this.#isInBackground;
  }

  /** Rejects every caller's wait, and aborts the signal. From here on nobody joins: see `InFlightLoad.canJoin`. */
  abort(reason: unknown): void {
    if (this.#hasEnded || this.#abortion) return;
    this.#abortion = { reason };
    this.#controller?.abort(reason);
    this.#onAbort(reason);
  }

  /** The work's outcome, or a rejection with the reason as soon as the run is aborted. It may be aborted already. */
  untilAborted<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onAbort = reject;
      if (this.#abortion) reject(this.#abortion.reason);
      else work().then(resolve, reject);
    });
  }

  /** @throws the reason, when it was aborted. */
  throwIfAborted(): void {
    if (this.#abortion) throw this.#abortion.reason;
  }

  /** The function has returned: there is nothing left to abort. */
  end(): void {
    this.#hasEnded = true;
  }
}
