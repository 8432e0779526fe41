import type { Registration } from './extensions-api.js';
import { type End, Invocation } from './invocation.js';
import type { FunctionOptions } from './options.js';
import { Sandbox } from './sandbox.js';

/**
 * A function on an emulated Lambda: one sandbox at a time, started by the first event and after a crash. Events wait for
 * their turn, as they would for a function whose concurrency is limited to one.
 *
 * @example
 * ```ts no-check: the emulator is a part of the tests
 * const lambda = new LambdaFunction({ runtime, folder, handler: 'index.handler' });
 * const { answered, ended } = lambda.invoke({ id: 7 });
 * const { body, ms } = await answered; // the caller has its response
 * const { billedMs } = await ended; // the sandbox sleeps
 * await lambda.stop();
 * ```
 */
export class LambdaFunction {
  readonly #options: FunctionOptions;
  readonly #lines: string[] = [];
  readonly #registrations: Registration[] = [];
  #sandbox: Sandbox | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: FunctionOptions) {
    const onLine = (line: string) => {
      this.#lines.push(line);
      options.onLine?.(line);
    };
    this.#options = { ...options, onLine };
  }

  /** Lines printed by all of the function's sandboxes. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Every request to register an extension, in the running sandbox. */
  get registrations(): readonly Registration[] {
    return this.#sandbox?.registrations ?? this.#registrations;
  }

  /** Sends an event, as JSON. The sandbox sleeps until it comes, and wakes for it alone. */
  invoke(event: unknown): Invocation {
    const invocation = new Invocation(event);
    this.#turn = this.#turn.then(() => this.#serve(invocation));
    return invocation;
  }

  /** Sends an event and waits until the sandbox sleeps again. */
  async invokeAndFreeze(event: unknown): Promise<{ value: unknown; ms: number; end: End }> {
    const { answered, ended } = this.invoke(event);
    const { body, error, ms } = await answered;
    if (error) throw new Error(`${error.errorType}: ${error.errorMessage}`);
    return { value: JSON.parse(body.toString()), ms, end: await ended };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#sandbox?.stop();
    await this.#turn;
    await this.#sandbox?.stop();
  }

  async #serve(invocation: Invocation): Promise<void> {
    if (this.#sandbox === undefined || this.#sandbox.isGone) {
      invocation.begin();
      if (this.#isStopped) return refuse(invocation, 'Stopped', 'The function was stopped');
      this.#sandbox = await Sandbox.start(this.#options);
      const { initError, initMs } = this.#sandbox;
      if (initError) return refuse(invocation, initError.errorType, initError.errorMessage);
      invocation.initMs = initMs;
    }
    this.#sandbox.run(invocation);
    await this.#sandbox.quiet();
  }
}

function refuse(invocation: Invocation, type: string, message: string): void {
  invocation.fail(type, message);
  invocation.end('crash');
}
