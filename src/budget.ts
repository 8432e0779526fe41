/** How often pending operations are looked at, milliseconds. */
const TICK_MS = 50;

interface Pending {
  ticksLeft: number;
  readonly giveUp: () => void;
}

/**
 * Time budgets without a timer for each operation. Most operations end before the event loop turns, and cost one
 * place in a set; what is still pending then is counted down by one shared timer.
 *
 * Ticks are counted, not read off a clock: a sandbox that was frozen for an hour loses one tick, so a thaw is never
 * mistaken for a slow store.
 */
export class Budget {
  readonly #pending = new Set<Pending>();
  #looking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The promise's outcome, or a rejection with `onTimeout()` when it has none after `ms`. */
  race<T>(promise: Promise<T>, ms: number, onTimeout: () => unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const operation: Pending = {
        ticksLeft: Math.ceil(ms / TICK_MS),
        giveUp: () => reject(onTimeout()),
      };
      this.#pending.add(operation);
      this.#watch();
      promise.then(
        (value) => {
          this.#done(operation);
          resolve(value);
        },
        (error) => {
          this.#done(operation);
          reject(error);
        },
      );
    });
  }

  #done(operation: Pending): void {
    this.#pending.delete(operation);
    // The timer stays for the operations to come, but keeps no process alive that has none.
    if (this.#pending.size === 0) this.#timer?.unref();
  }

  #watch(): void {
    if (this.#timer) {
      this.#timer.ref();
    } else if (!this.#looking) {
      this.#looking = true;
      setImmediate(() => {
        this.#looking = false;
        this.#arm();
      });
    }
  }

  #arm(): void {
    if (this.#pending.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const operation of this.#pending) {
        if (--operation.ticksLeft > 0) continue;
        this.#pending.delete(operation);
        operation.giveUp();
      }
      this.#arm();
    }, TICK_MS);
  }
}
