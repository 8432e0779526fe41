import { ExtensionsApi, type InvokeEvent } from './extensions-api.js';
import { type Invocation, Invocations } from './invocations.js';
import type { Tasks } from './tasks.js';
import { immediate, within } from './waiting.js';
import { warnRefused, warnUnmarked } from './warnings.js';

/** The next event is requested this long before the deadline, milliseconds, because Lambda ends the sandbox at it. */
export const MARGIN_MS = 200;
/**
 * The longest time between an invocation's event and the start of its handler, ms, because middleware may run first.
 */
const START_MS = 1_000;
/** The same if no handler was marked. Then none will start, unless it is marked at its first call. */
const UNMARKED_START_MS = 100;
/** The most failures in a row of the request for the next event, and the milliseconds between them. */
const TRIES = 3;
const PAUSE_MS = 100;

/**
 * A Lambda extension inside this process. Lambda freezes the sandbox once the runtime and all extensions have requested
 * their next event, so this one requests it late:
 *
 *     INVOKE ─▶ handler starts ─▶ answers ─▶ runtime sends the answer ─▶ work ends ─▶ next event asked for ─▶ freeze
 *                                 │◀──── two turns of the event loop ───▶│
 *
 * The event and the handler's start may be seen in any order, and a fast handler may have answered before the event is
 * read. Runtimes on Node 22 and later send the answer one `setImmediate` after the handler is done.
 */
export class Extension {
  readonly invocations = new Invocations();
  /** Called at the end of each invocation. They never throw. */
  readonly atEnd = new Set<() => void>();
  /** True if the extension waits for work after answers. */
  isRegistered = false;
  /** True if a handler marks the start and end of invocations. */
  isMarked = false;
  readonly #api: ExtensionsApi;
  readonly #held = new Set<Tasks>();
  #registering: Promise<void> | undefined;
  #hasWarned = false;

  constructor(api: string) {
    this.#api = new ExtensionsApi(api);
  }

  /** Waits for these tasks after the next answer of any handler. */
  hold(tasks: Tasks): void {
    this.#held.add(tasks);
  }

  get isBusy(): boolean {
    return [...this.#held].some((tasks) => tasks.isBusy);
  }

  /** Waits for the held tasks, at most until this time, epoch milliseconds. */
  async finish(untilMs: number, timer: 'ref' | 'unref'): Promise<void> {
    const waits = [...this.#held].map(async (tasks) => {
      await tasks.finish(untilMs - Date.now(), timer);
      if (!tasks.isBusy) this.#held.delete(tasks);
    });
    await Promise.all(waits);
  }

  tellEnd(): void {
    for (const call of this.atEnd) call();
  }

  /** Registers the extension, once. Never rejects. */
  start(): Promise<void> {
    this.#registering ??= this.#api.register().then(() => {
      this.isRegistered = true;
      // Initialisation lasts until every extension has requested its first event.
      void this.#listen();
    }, warnRefused);
    return this.#registering;
  }

  /** Called when the runtime has a handler's outcome, or is about to get it. */
  end(invocation: Invocation): undefined {
    // With a registered extension, the invocation lasts until its background work is done.
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
    this.tellEnd();
    this.invocations.leave();
  }
}
