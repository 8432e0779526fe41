import { mkdir, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';
import { type Figure, misses, passes } from './figure.js';

/** Everything that a reader needs to judge the figures, as it is kept. */
export function describeRun(figures: readonly Figure[], date: Date) {
  return {
    date: date.toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()}-${arch()}`,
      // Above the number of cores somebody else was at work: the figures are then less sure than they look.
      loadAverages: loadavg().map((load) => Math.round(load * 100) / 100),
    },
    node: process.version,
    missed: misses(figures).length,
    figures: figures.map((figure) => ({
      ...figure,
      checks: figure.checks.map((check) => ({ ...check, ok: passes(check) })),
    })),
  };
}
export type Run = ReturnType<typeof describeRun>;

/** A run of all figures is the latest result; one of some of them is kept apart, and not for long. */
export async function saveRun(run: Run, whole: boolean): Promise<string> {
  const folder = new URL('results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const file = whole ? 'latest.json' : 'partial.tmp.json';
  await writeFile(new URL(file, folder), `${toText(run)}\n`);
  return `bench/results/${file}`;
}

/** A line for each row of a table, so that two results can be compared line by line. */
export const toText = (run: Run): string =>
  JSON.stringify(run, rounded, 2).replace(/\[\n\s+[^[\]{}]*?\n\s+\]/g, (array) =>
    array.replace(/\n\s+/g, ' '),
  );

/** Five significant digits are more than any of these measurements has. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}
