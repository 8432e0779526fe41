import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Calls, Question } from './answer.js';

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** The Node binary. Default: the one that runs this. */
  readonly node?: string;
  /** Node's own options. */
  readonly nodeOptions?: readonly string[];
}

const running = new Set<ChildProcess>();
// However this process ends, short of SIGKILL; after that, each child notices that its channel has closed.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program in a process of its own: in this one it would share its processor time with the others. */
export class Child<C extends Calls> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #questions = 0;

  constructor(
    program: URL,
    { env = {}, node = process.execPath, nodeOptions = [] }: ChildOptions = {},
  ) {
    const file = fileURLToPath(program);
    const fail = (why: string) => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `${file} ${why}` });
      this.#waiting.clear();
    };
    // Whatever a child prints is not part of this program's output; it goes to stderr with the other messages.
    this.#process = spawn(node, [...nodeOptions, file], {
      env: childEnvironment(env),
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    track(this.#process);
    this.#process.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#process.on('error', (error) => fail(`failed: ${error.message}`));
    this.#process.once('exit', (code, signal) => fail(`ended with ${signal ?? `code ${code}`}`));
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
        if (!error) return;
        this.#waiting.delete(question.id);
        reject(error);
      });
    });
  }

  /** Lets the program end by itself, so that it writes the profile that it was asked for. */
  stop(): Promise<void> {
    return this.#end(() => this.#process.disconnect());
  }

  /** Ends the program at once, whatever it does. */
  kill(): Promise<void> {
    return this.#end(() => this.#process.kill('SIGKILL'));
  }

  async #end(how: () => void): Promise<void> {
    if (!running.has(this.#process)) return;
    const exit = once(this.#process, 'exit');
    how();
    await exit;
  }
}

/**
 * Runs a program once and gives what it printed.
 *
 * @throws Error when it ends with another code than 0.
 */
export async function runProgram(
  program: URL,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const file = fileURLToPath(program);
  const child = spawn(process.execPath, [file, ...args], {
    env: childEnvironment(env),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  track(child);
  let printed = '';
  child.stdout.on('data', (data) => {
    printed += data;
  });
  const [code, signal] = await once(child, 'close');
  if (code === 0) return printed;
  throw new Error(`${file} ended with ${signal ?? `code ${code}`}`);
}

function track(child: ChildProcess): void {
  running.add(child);
  const ended = () => running.delete(child);
  child.once('exit', ended);
  child.once('error', ended);
}

/** Nothing of this shell that an AWS client or Node would act on; credentials as on Lambda, from the environment. */
export function childEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  // Windows cannot open a socket without SystemRoot.
  const { PATH, HOME, TMPDIR, TEMP, SystemRoot } = process.env;
  return {
    ...{ PATH, HOME, TMPDIR, TEMP, SystemRoot },
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...extra,
  };
}
