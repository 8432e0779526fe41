import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('..', import.meta.url));

const execFileAsync = promisify(execFile);
/** Nothing that is run here takes that long. */
const TIMEOUT_MS = 600_000;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Takes the output of a command that failed, too: its JSON says why. */
  readonly failing?: boolean;
  /** npm is a batch file on Windows, which only a shell runs. */
  readonly shell?: boolean;
}

/** Standard output of a command; rejects with all that it printed. */
export async function run(
  file: string,
  args: readonly string[],
  { cwd = root, env = process.env, failing = false, shell = false }: RunOptions = {},
): Promise<string> {
  const options = { cwd, env, shell, maxBuffer: 64 * 1024 * 1024, timeout: TIMEOUT_MS };
  try {
    const { stdout } = await execFileAsync(file, args, options);
    return stdout;
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string };
    if (failing && stdout?.trim()) return stdout;
    // Below its first line the message repeats what the command printed.
    const [summary = ''] = message.trim().split('\n');
    throw new Error([summary, stdout, stderr].filter(Boolean).join('\n'), { cause: error });
  }
}

export function node(args: readonly string[], options?: RunOptions): Promise<string> {
  return run(process.execPath, args, options);
}
