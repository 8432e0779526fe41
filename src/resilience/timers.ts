/** A timer that was started. */
export interface Timer {
  ref(): void;
  unref(): void;
  cancel(): void;
}

/** The current timers of this process. A test runner may replace and restore them. */
export interface Timers {
  /** True if a test moves the time by hand. It may drop timers that were started. */
  readonly areFaked: boolean;
  /** Runs the action after the next turn of the event loop. */
  afterTurn(action: () => void): void;
  after(ms: number, action: () => void): Timer;
}

let timeout: typeof setTimeout | undefined;
let immediate: typeof setImmediate | undefined;
let current: Timers | undefined;

/**
 * Returns the same object until a function is replaced. It compares no more than needed: every store operation calls
 * it.
 */
export function currentTimers(): Timers {
  const isKnown = globalThis.setTimeout === timeout && globalThis.setImmediate === immediate;
  if (current && isKnown) return current;
  timeout = globalThis.setTimeout;
  immediate = globalThis.setImmediate;
  current = timersOf(timeout, globalThis.clearTimeout, immediate);
  return current;
}

/** Pairs `clear` with `start`: a fake `clear` complains about a real timer, and a real one ignores a fake timer. */
function timersOf(
  start: typeof setTimeout,
  clear: typeof clearTimeout,
  turn: typeof setImmediate | undefined,
): Timers {
  return {
    areFaked: isFake(start) || isFake(turn),
    afterTurn(action) {
      // jsdom removes setImmediate.
      if (turn) turn(action);
      else start(action, 0);
    },
    after(ms, action) {
      const started = start(action, ms);
      // In jsdom it is a number, which never keeps the process alive.
      const timer: Partial<Pick<NodeJS.Timeout, 'ref' | 'unref'>> = started;
      return {
        ref: () => timer.ref?.(),
        unref: () => timer.unref?.(),
        cancel: () => clear(started),
      };
    },
  };
}

/**
 * Recognises the fakes of Vitest, Jest and Sinon (`clock`), of Jest's legacy timers, and of node:test (bound
 * functions).
 */
function isFake(timer: object | undefined): boolean {
  const given = Object(timer);
  return 'clock' in given || '_isMockFunction' in given || String(given.name).startsWith('bound ');
}
