import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../exit.js';

/** Statistics of a production cache, as far as a price depends on them; undefined where the file has no number. */
export interface Cluster {
  readonly requests: number | undefined;
  readonly alpha: number | undefined;
  readonly hitRatio: number | undefined;
  readonly keyBytes: number | undefined;
  readonly valueBytes: number | undefined;
  /** Seconds: the mean of the common ones. */
  readonly ttl: number | undefined;
}

/** The statistics that the package carries; examples/demo/README.md says where they are from. */
const SHIPPED = new URL('../examples/demo/twitter-2020-03-clusters.csv', import.meta.url);

/** @throws UsageError for a file that cannot be read, and a cluster that is missing. */
export function readCluster(number: string, file: string | undefined): Cluster {
  const path = file ?? fileURLToPath(SHIPPED);
  const rows = table(contentOf(path));
  const row = rows.find(({ cluster }) => cluster === `cluster${number}`);
  if (!row) throw new UsageError(`There is no cluster ${number}: ${path} has ${rows.length}.`);
  const numberOf = (column: string): number | undefined => {
    const value = Number(row[column] || Number.NaN);
    return value >= 0 ? value : undefined;
  };
  const missRatio = numberOf('production_miss_ratio');
  const thousands = numberOf('kqps');
  return {
    requests: thousands === undefined ? undefined : thousands * 1000,
    alpha: numberOf('zipf_alpha'),
    hitRatio: missRatio === undefined ? undefined : Math.max(0, 1 - missRatio),
    keyBytes: numberOf('key_bytes'),
    valueBytes: numberOf('value_bytes'),
    ttl: meanTTL(row.common_ttls ?? ''),
  };
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw new UsageError(
      `The clusters in ${path} cannot be read: ${String(Object(error).message)}`,
    );
  }
}

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** The weighted mean of "1d:0.65, 14d:0.27,", whose shares leave out rare values. */
function meanTTL(text: string): number | undefined {
  const parts = [...text.matchAll(/([\d.]+)([smhd]):([\d.]+)/g)].map(([, amount, unit, share]) => ({
    // The pattern matches only units of UNITS.
    seconds: Number(amount) * UNITS[unit as keyof typeof UNITS],
    share: Number(share),
  }));
  const sum = parts.reduce((total, { share }) => total + share, 0);
  if (sum <= 0) return undefined;
  return parts.reduce((mean, { seconds, share }) => mean + (seconds * share) / sum, 0);
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
