import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Calls, Question } from './programs/answer.js';

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** The Node binary. Default: the one that runs this. */
  readonly node?: string;
  /** Node's own options. */
  readonly nodeOptions?: readonly string[];
}

/** A contestant or a server in a process of its own: in this one it would share its processor time with the others. */
export class Child<C extends Calls> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #questions = 0;

  constructor(
    program: URL,
    { env = {}, node = process.execPath, nodeOptions = [] }: ChildOptions = {},
  ) {
    const file = fileURLToPath(program);
    this.#process = spawn(node, [...nodeOptions, file], {
      env: childEnvironment(env),
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#process.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#process.once('exit', (code, signal) => {
      const error = `${file} ended with ${signal ?? `code ${code}`}`;
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
    // Not a signal: a program that ends by itself writes the profile that it was asked for.
    this.#process.disconnect();
    await exit;
  }
}

/** Nothing of this shell that an AWS client or Node would act on; credentials as on Lambda, from the environment. */
export function childEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return {
    ...{ PATH, HOME, TMPDIR },
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...extra,
  };
}
