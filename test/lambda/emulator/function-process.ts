import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The process in which the runtime client runs the handler. */
export class FunctionProcess {
  readonly #child: ChildProcess;
  /** `exit status 1` or `signal: killed`, as Lambda's log has it. */
  readonly exited: Promise<string>;

  constructor(
    command: readonly [string, ...string[]],
    options: { cwd: string; env: Readonly<Record<string, string>>; onLine: (line: string) => void },
  ) {
    // The process ends with the tests, however they end: nobody else would resume it after a freeze.
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface(stream).on('line', options.onLine);
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      // Not `exit`: the last lines have been read once the streams are closed.
      this.#child.once('close', (code, signal) => {
        resolve(signal === null ? `exit status ${code}` : `signal: ${signal}`);
      });
    });
  }

  /** Stops all of its threads where they are, timers and sockets included. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Resolves when the process has ended. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
