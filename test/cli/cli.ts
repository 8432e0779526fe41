import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { bundleToRun } from '../../scripts/bundle.js';
import { bareEnvironment } from '../../scripts/package/manifest.js';
import { root } from '../../scripts/run.js';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

export interface CommandLine {
  /** The path of the bundled command line. */
  readonly file: string;
  /** Runs it to its end. Its environment names no store and no credentials but those given. */
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  start(args: readonly string[], options?: RunOptions): Running;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
}

/** Bundles the command line as the package ships it, for the tests of this file, and runs it as a program. */
export function bundledCommandLine(): CommandLine {
  // Inside the repository, so that the optional peers are found.
  const folder = join(root, '.cache', `cli-${randomUUID()}`);
  const file = join(folder, 'cli.js');
  const running = new Set<ChildProcess>();
  beforeAll(() => bundleToRun(folder));
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const start: CommandLine['start'] = (args, { env = {}, cwd, input } = {}) => {
    const child = spawn(process.execPath, [file, ...args], { env: bareEnvironment(env), cwd });
    running.add(child);
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    return { child, finished: outcome(child).finally(() => running.delete(child)) };
  };
  return { file, start, run: (args, options) => start(args, options).finished };
}

async function outcome(child: ChildProcess): Promise<Finished> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}
