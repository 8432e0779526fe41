import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../exit.js';

/** Statistics of a production cache, as far as a price depends on them. */
export interface Cluster {
  readonly requests: number;
  readonly alpha: number | undefined;
  readonly hitRatio: number | undefined;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Seconds: the mean of the common ones. */
  readonly ttl: number;
}

/** The statistics that the package carries; examples/demo/README.md says where they are from. */
const SHIPPED = new URL('../examples/demo/twitter-2020-03-clusters.csv', import.meta.url);

/** @throws UsageError for a cluster that is missing or has no numbers. */
export function readCluster(number: string, file: string | undefined): Cluster {
  const rows = table(readFileSync(file ?? fileURLToPath(SHIPPED), 'utf8'));
  const row = rows.find(({ cluster }) => cluster === `cluster${number}`);
  if (!row) throw new UsageError(`There is no cluster ${number}: the file has ${rows.length}.`);
  const numberOf = (column: string): number | undefined => {
    const value = Number(row[column] || Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const needed = (column: string): number => {
    const value = numberOf(column);
    if (value !== undefined) return value;
    throw new UsageError(
      `Cluster ${number} has no ${column}: choose another one, or give the option.`,
    );
  };
  const missRatio = numberOf('production_miss_ratio');
  return {
    requests: needed('kqps') * 1000,
    alpha: numberOf('zipf_alpha'),
    hitRatio: missRatio === undefined ? undefined : 1 - missRatio,
    keyBytes: needed('key_bytes'),
    valueBytes: needed('value_bytes'),
    ttl: meanTTL(row.common_ttls ?? '', number),
  };
}

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** The weighted mean of "1d:0.65, 14d:0.27,", whose shares leave out rare values. */
function meanTTL(text: string, number: string): number {
  const parts = [...text.matchAll(/([\d.]+)([smhd]):([\d.]+)/g)].map(([, amount, unit, share]) => ({
    // The pattern matches only units of UNITS.
    seconds: Number(amount) * UNITS[unit as keyof typeof UNITS],
    share: Number(share),
  }));
  const sum = parts.reduce((total, { share }) => total + share, 0);
  if (sum > 0) return parts.reduce((mean, { seconds, share }) => mean + (seconds * share) / sum, 0);
  throw new UsageError(`Cluster ${number} has no common_ttls: choose another one.`);
}

/** The rows of a CSV file by its heading; a field may be in quotes and hold commas. */
function table(text: string): Readonly<Record<string, string>>[] {
  const [heading = [], ...rows] = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted ?? plain ?? '',
      ),
    );
  return rows.map((row) => Object.fromEntries(heading.map((name, i) => [name, row[i] ?? ''])));
}
