import { ExtensionsApi, type InvokeEvent } from './extensions-api.js';
import { type Invocation, Invocations } from './invocations.js';
import type { Tasks } from './tasks.js';
import { immediate, within } from './waiting.js';
import { warnRefused, warnUnmarked } from './warnings.js';

/** Lambda ends the sandbox at the deadline, so the next event is asked for this much earlier, milliseconds. */
export const MARGIN_MS = 200;
/** From the announcement of an invocation to the start of its handler, milliseconds: middleware may come first. */
const START_MS = 1_000;
/** The same where no handler was marked: then none will start, unless it is marked at its first call. */
const UNMARKED_START_MS = 100;
/** Failures in a row of the request for the next event, and milliseconds between them. */
const TRIES = 3;
const PAUSE_MS = 100;

/**
 * An extension of Lambda inside this process. The sandbox is frozen once the runtime and every extension have asked for
 * their next event, so this one asks late:
 *
 *     INVOKE ─▶ handler starts ─▶ answers ─▶ runtime sends the answer ─▶ work ends ─▶ next event asked for ─▶ freeze
 *                                 │◀──── two turns of the event loop ───▶│
 *
 * The event and the handler's start are two messages, and either may be read first; a fast handler may have answered
 * before the event is read. Runtimes on Node 22 and later send the answer one `setImmediate` after the handler is done.
 */
export class Extension {
  readonly invocations = new Invocations();
  /** Whether it waits for work after answers. */
  isRegistered = false;
  /** Whether some handler marks where invocations end. */
  isMarked = false;
  readonly #api: ExtensionsApi;
  readonly #held = new Set<Tasks>();
  #registering: Promise<void> | undefined;
  #hasWarned = false;

  constructor(api: string) {
    this.#api = new ExtensionsApi(api);
  }

  /** Waits for these tasks behind the next answer, whichever handler gives it. */
  hold(tasks: Tasks): void {
    this.#held.add(tasks);
  }

  get isBusy(): boolean {
    return [...this.#held].some((tasks) => tasks.isBusy);
  }

  /** Waits for what is held, until this time at most, epoch milliseconds. */
  async finish(untilMs: number, timer: 'ref' | 'unref'): Promise<void> {
    const waits = [...this.#held].map(async (tasks) => {
      await tasks.finish(untilMs - Date.now(), timer);
      if (!tasks.isBusy) this.#held.delete(tasks);
    });
    await Promise.all(waits);
  }

  /** Registers it, once. Never rejects. */
  start(): Promise<void> {
    this.#registering ??= this.#api.register().then(() => {
      this.isRegistered = true;
      // Initialisation lasts until every extension has asked for its first event.
      void this.#listen();
    }, warnRefused);
    return this.#registering;
  }

  /** A handler's outcome is with the runtime, or gets there next. */
  end(invocation: Invocation): undefined {
    // While it is registered, the invocation lasts until the work behind it is done.
    if (this.invocations.end(invocation) && !this.isRegistered) this.invocations.leave();
  }

  async #listen(): Promise<void> {
    for (let failures = 0; ; ) {
      try {
        const event = await this.#api.nextInvoke();
        failures = 0;
        await this.#stayAwake(event);
      } catch (error) {
        if (++failures === TRIES) {
          this.isRegistered = false;
          return warnRefused(error);
        }
        await within(new Promise(() => {}), PAUSE_MS, 'unref');
      }
    }
  }

  async #stayAwake({ requestId, deadlineMs }: InvokeEvent): Promise<void> {
    const untilMs = deadlineMs - MARGIN_MS;
    const leftMs = () => untilMs - Date.now();
    const invocation = this.invocations.announce(requestId, deadlineMs);
    const startMs = this.isMarked ? START_MS : UNMARKED_START_MS;
    if (await within(invocation.started.opened, Math.min(startMs, leftMs()), 'unref')) {
      await within(invocation.answered.opened, leftMs(), 'unref');
    } else if (!this.isMarked && !this.#hasWarned) {
      this.#hasWarned = true;
      warnUnmarked();
    }
    await immediate();
    await immediate();
    await this.finish(untilMs, 'unref');
    this.invocations.leave();
  }
}
