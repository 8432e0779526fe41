/** A timer that was started. */
export interface Timer {
  ref(): void;
  unref(): void;
  cancel(): void;
}

/** The timers of this process, as they are now: a test runner may replace them and put them back. */
export interface Timers {
  /** A test moves the time by hand, and may drop what has been started. */
  readonly areFaked: boolean;
  /** Runs the action when the event loop has turned. */
  afterTurn(action: () => void): void;
  after(ms: number, action: () => void): Timer;
}

let timeout: typeof setTimeout | undefined;
let immediate: typeof setImmediate | undefined;
let current: Timers | undefined;

/** The same object until somebody replaces the functions. Every operation of a store asks, so it compares no more. */
export function currentTimers(): Timers {
  const isKnown = globalThis.setTimeout === timeout && globalThis.setImmediate === immediate;
  if (current && isKnown) return current;
  timeout = globalThis.setTimeout;
  immediate = globalThis.setImmediate;
  current = timersOf(timeout, globalThis.clearTimeout, immediate);
  return current;
}

/** `clear` belongs to `start`: a fake one complains of a real timer, and the other way round it does nothing. */
function timersOf(
  start: typeof setTimeout,
  clear: typeof clearTimeout,
  turn: typeof setImmediate | undefined,
): Timers {
  return {
    areFaked: isFake(start) || isFake(turn),
    afterTurn(action) {
      // jsdom takes setImmediate away.
      if (turn) turn(action);
      else start(action, 0);
    },
    after(ms, action) {
      const started = start(action, ms);
      // A number in jsdom, which keeps no process alive.
      const timer: Partial<Pick<NodeJS.Timeout, 'ref' | 'unref'>> = started;
      return {
        ref: () => timer.ref?.(),
        unref: () => timer.unref?.(),
        cancel: () => clear(started),
      };
    },
  };
}

/** The marks that Vitest, Jest and Sinon (`clock`), Jest's legacy fakes, and node:test (a bound function) leave. */
const isFake = (timer: object | undefined): boolean =>
  timer !== undefined &&
  ('clock' in timer ||
    '_isMockFunction' in timer ||
    ('name' in timer && String(timer.name).startsWith('bound ')));
