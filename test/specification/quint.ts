import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = `${root}node_modules/@informalsystems/quint/dist/src/cli.js`;

/** `SPECIFICATION_SEED` repeats a run. */
export const seed = Number(process.env.SPECIFICATION_SEED ?? randomInt(2 ** 31));

export const readSpecification = (name: string): Promise<string> =>
  readFile(`${root}specification/${name}.qnt`, 'utf8');

export interface Simulation {
  /** Of the file, below `specification/`. */
  readonly name: string;
  /** The module whose constants are chosen. */
  readonly main: string;
  readonly invariant: string;
  readonly samples: number;
}

/** Whether a random run breaks the invariant, by Quint's own simulator: its other one is downloaded when it first runs. */
export async function findsViolation(simulation: Simulation): Promise<boolean> {
  const { name, main, invariant, samples } = simulation;
  const options = {
    main,
    invariant,
    backend: 'typescript',
    'max-samples': samples,
    'max-steps': 20,
    seed,
    verbosity: 1,
  };
  const flags = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
  const args = [binary, 'run', `specification/${name}.qnt`, ...flags];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    if (stdout.includes('No violation found')) return false;
    throw new Error(stdout);
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    if (output.includes('Found an issue')) return true;
    throw error;
  }
}
