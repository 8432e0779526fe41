import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { root } from './run.js';

// Looks for a schedule that breaks a promise of `specification/`: npx tsx scripts/specification.ts --seconds 60

const binary = `${root}node_modules/@informalsystems/quint/dist/src/cli.js`;
export const SPECIFICATIONS = ['fence', 'eviction', 'tags', 'lease'] as const;

export interface Simulation {
  /** The name of the file, below `specification/`. */
  readonly name: string;
  /** The module whose constants are chosen. */
  readonly main: string;
  readonly invariant: string;
  readonly samples: number;
  /** Repeats a run. */
  readonly seed: number;
}

/** True if a random run breaks the invariant, by Quint's own simulator: its other one is downloaded when it first runs. */
export async function findsViolation(simulation: Simulation): Promise<boolean> {
  const { name, main, invariant, samples, seed } = simulation;
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

/** Simulates all of them in turn, with seeds that follow one another, until the time is over. */
async function simulate(seconds: number, first: number): Promise<void> {
  const until = performance.now() + seconds * 1000;
  const samples = 500;
  let runs = 0;
  for (let seed = first; performance.now() < until; seed++) {
    for (const name of SPECIFICATIONS) {
      const simulation = { name, main: 'right', invariant: 'promise', samples, seed };
      if (await findsViolation(simulation))
        throw new Error(`specification/${name}.qnt breaks its promise: --seed ${seed}`);
      runs += samples;
      if (performance.now() >= until) break;
    }
  }
  console.log(`${runs} runs kept the promises, from --seed ${first} on.`);
}

if (import.meta.filename === process.argv[1]) {
  const program = new Command('npx tsx scripts/specification.ts')
    .option('--seconds <number>', 'how long', '60')
    .option('--seed <number>', 'the first seed; a random one by default')
    .action(({ seconds, seed }: { seconds: string; seed?: string }) => {
      const first = Number(seed ?? randomInt(2 ** 31));
      console.log(`--seed ${first}`);
      return simulate(Number(seconds), first);
    });
  await program.parseAsync().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
