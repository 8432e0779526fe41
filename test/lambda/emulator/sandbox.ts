import { ExtensionsApi, type Registration } from './extensions-api.js';
import { FunctionProcess } from './function-process.js';
import { type HttpServer, serve } from './http.js';
import type { FunctionError, Invocation, Outcome } from './invocation.js';
import type { FunctionOptions } from './options.js';
import { RuntimeApi } from './runtime-api.js';
import { runtimeCommand } from './runtimes.js';

/** Lambda's limit is ten seconds; a busy machine takes longer for what Lambda does in one. */
const INIT_TIMEOUT_MS = 120_000;

/**
 * One execution environment: a process, and the two APIs that it talks to.
 *
 *     starting ── runtime and extensions parked ──▶ frozen (SIGSTOP)
 *                                                   │        ▲
 *                              an event (SIGCONT)   ▼        │  answered, and runtime and extensions parked again
 *                                                  awake ────┘
 *     any of these ── the process exits, or the function's time is over (SIGKILL) ──▶ gone
 */
export class Sandbox {
  readonly #options: FunctionOptions;
  readonly #extensions: ExtensionsApi;
  readonly #runtime: RuntimeApi;
  readonly #running = new Set<Invocation>();
  #server: HttpServer | undefined;
  #process: FunctionProcess | undefined;
  #initError: FunctionError | undefined;
  #state: 'starting' | 'frozen' | 'awake' | 'gone' = 'starting';
  #onQuiet: () => void = () => {};
  /** From the start of the process to its first freeze. */
  initMs = 0;

  private constructor(options: FunctionOptions) {
    this.#options = options;
    const onParked = () => this.#settle();
    this.#extensions = new ExtensionsApi({
      functionName: options.handler,
      managed: options.managed !== undefined,
      onParked,
    });
    this.#runtime = new RuntimeApi({
      onParked: () => {
        this.#extensions.registering = 'closed';
        onParked();
      },
      onAnswered: onParked,
      onInitError: (error) => {
        this.#initError = error;
      },
    });
  }

  /** Starts the extensions, then the function, and waits until all of them ask for their first event. */
  static async start(options: FunctionOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options);
    await sandbox.#start();
    return sandbox;
  }

  get isGone(): boolean {
    return this.#state === 'gone';
  }

  /** The error of a failed start. */
  get initError(): FunctionError | undefined {
    return this.#initError;
  }

  get registrations(): readonly Registration[] {
    return this.#extensions.registrations;
  }

  /** Wakes the sandbox with an event. It has to be quiet. */
  run(invocation: Invocation): void {
    const { timeoutMs = 3_000, now = Date.now, handler } = this.#options;
    const deadlineMs = now() + timeoutMs;
    const arn = `arn:aws:lambda:us-east-1:123456789012:function:${handler}`;
    this.#running.add(invocation);
    this.#state = 'awake';
    this.#process?.resume();
    invocation.begin();
    this.#extensions.deliver({
      deadlineMs,
      requestId: invocation.requestId,
      invokedFunctionArn: arn,
      tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-0-0;Sampled=0' },
    });
    this.#runtime.deliver(invocation, {
      'Lambda-Runtime-Deadline-Ms': String(deadlineMs),
      'Lambda-Runtime-Invoked-Function-Arn': arn,
      'Lambda-Runtime-Trace-Id': 'Root=1-0-0;Sampled=0',
    });
    const timer = setTimeout(() => void this.#end('timeout', timeoutMessage(timeoutMs)), timeoutMs);
    void invocation.ended.then(() => clearTimeout(timer));
  }

  /** Resolves when the sandbox can take an event, or is gone. */
  async quiet(): Promise<void> {
    while (!this.#isQuiet()) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    await this.#end('stopped', 'The sandbox was stopped');
  }

  async #start(): Promise<void> {
    this.#server = await serve([...this.#runtime.routes, ...this.#extensions.routes]);
    const { address } = this.#server;
    for (const extension of this.#options.extensions ?? []) await extension(`http://${address}`);
    this.#extensions.registering = 'internal';
    const { runtime, handler, folder, nodeOptions = [], onLine = () => {} } = this.#options;
    const command = await runtimeCommand(runtime, handler, nodeOptions);
    const started = performance.now();
    this.#process = new FunctionProcess(command, {
      cwd: folder,
      env: { ...lambdaEnvironment(this.#options, address), ...this.#options.env },
      onLine,
    });
    void this.#process.exited.then((how) =>
      this.#end('crash', `Runtime exited with error: ${how}`),
    );
    const timer = setTimeout(() => void this.#end('timeout', 'INIT timed out'), INIT_TIMEOUT_MS);
    await this.quiet();
    clearTimeout(timer);
    this.initMs = performance.now() - started;
  }

  #isQuiet(): boolean {
    if (this.#state === 'gone') return true;
    if (this.#options.managed) return this.#runtime.isParked;
    return this.#state === 'frozen';
  }

  /** After every request that may have been the last one before the sandbox sleeps. */
  #settle(): void {
    if (this.#state === 'gone') return;
    if (this.#options.managed) {
      for (const invocation of this.#running)
        if (invocation.isAnswered) this.#leave(invocation, 'awake');
    } else if (this.#isIdle()) {
      this.#process?.freeze();
      this.#state = 'frozen';
      for (const invocation of this.#running) this.#leave(invocation, 'frozen');
    }
    if (this.#isQuiet()) this.#onQuiet();
  }

  #isIdle(): boolean {
    const areAnswered = [...this.#running].every((invocation) => invocation.isAnswered);
    return areAnswered && this.#runtime.isParked && this.#extensions.areParked;
  }

  #leave(invocation: Invocation, outcome: Outcome): void {
    this.#running.delete(invocation);
    invocation.end(outcome);
  }

  /** The process is gone, or has to go. Who has an answer keeps it; who has none gets an error. */
  async #end(outcome: Outcome, message: string): Promise<void> {
    if (this.#state === 'gone') return;
    if (this.#state === 'starting') {
      this.#initError ??= { errorType: 'Runtime.ExitError', errorMessage: message };
    }
    this.#state = 'gone';
    for (const invocation of this.#running) {
      const type = outcome === 'timeout' ? 'Sandbox.Timedout' : 'Runtime.ExitError';
      if (!invocation.isAnswered) {
        invocation.fail(type, `RequestId: ${invocation.requestId} Error: ${message}`);
      }
      this.#leave(invocation, outcome);
    }
    this.#onQuiet();
    await this.#process?.kill();
    await this.#server?.close();
  }
}

const timeoutMessage = (ms: number) => `Task timed out after ${(ms / 1_000).toFixed(2)} seconds`;

/** Lambda's variables that the runtime client and our module read. */
function lambdaEnvironment(
  { runtime, folder, handler, managed }: FunctionOptions,
  address: string,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    AWS_LAMBDA_RUNTIME_API: address,
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: folder,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtime.name}`,
    AWS_LAMBDA_FUNCTION_NAME: 'emulated',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/emulated',
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/03/01/[$LATEST]0123456789abcdef',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...(managed && {
      AWS_LAMBDA_MAX_CONCURRENCY: String(managed.concurrency),
      AWS_LAMBDA_NODEJS_WORKER_COUNT: String(managed.workers),
    }),
  };
}
