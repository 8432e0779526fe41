import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a child process answers, by name. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** The servers run in processes of their own: in this one they would hold up the requests that are measured. */
export class Child<C extends Calls> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #questions = 0;

  constructor(file: URL) {
    // What a child prints is not part of this program's output; it goes to stderr with the other messages.
    const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    this.#process = fork(file, { env, stdio: ['ignore', 2, 2, 'ipc'] });
    this.#process.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#process.once('exit', (code, signal) => {
      const error = `${file.pathname.split('/').at(-1)} ended with ${signal ?? `code ${code}`}`;
      for (const [id, settle] of this.#waiting) settle({ id, error });
      this.#waiting.clear();
    });
  }

  call<N extends keyof C & string>(
    name: N,
    argument: Parameters<C[N]>[0],
  ): Promise<Awaited<ReturnType<C[N]>>> {
    const question: Question = { id: ++this.#questions, name, argument };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.id, ({ result, error }) => {
        if (error === undefined) resolve(result as Awaited<ReturnType<C[N]>>);
        else reject(new Error(error));
      });
      this.#process.send(question, (error) => {
        if (error) reject(error);
      });
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}

/** The child's side. A child never outlives its parent, however that one ends. */
export function answerParent(calls: Calls): void {
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches the whole group; the parent decides when a child ends.
  process.on('SIGINT', () => {});
  process.on('message', async ({ id, name, argument }: Question) => {
    try {
      process.send?.({ id, result: await calls[name]?.(argument as never) });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
}
