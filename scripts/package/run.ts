import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, object | string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>;
}

export const manifest: Manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** Module specifiers of the code entrances: '@glasswork/cache', '@glasswork/cache/memory', … */
export const entrances = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([subpath]) => manifest.name + subpath.slice(1));

const execFileAsync = promisify(execFile);

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Takes the output of a command that failed, too: its JSON says why. */
  readonly failing?: boolean;
}

/** Standard output of a command; rejects with all that it printed. */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execFileAsync(file, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      maxBuffer: 64 * 1024 * 1024,
      timeout: 180_000,
    });
    return stdout;
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string };
    if (options.failing && stdout?.trim()) return stdout;
    // Below its first line the message repeats what the command printed.
    const [summary = ''] = message.trim().split('\n');
    throw new Error([summary, stdout, stderr].filter(Boolean).join('\n'), { cause: error });
  }
}

export function node(args: readonly string[], options?: RunOptions): Promise<string> {
  return run(process.execPath, args, options);
}

/** The environment without anything that an AWS client or a package manager's script would pick up. */
export function bareEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, ...extra };
}

export function ensure(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
