import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

/** What a row says of one production cluster, as far as traffic can be drawn from it. */
export interface Workload {
  readonly cluster: number;
  readonly alpha: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** How often a key was asked for, on the average. */
  readonly meanFrequency: number;
  readonly missRatio: number | undefined;
  /** Shares of all operations; together 1. */
  readonly writeShare: number;
  readonly ttls: readonly Share[];
}

export interface Share {
  readonly seconds: number;
  /** Together 1. */
  readonly share: number;
}

/** What the user asked for cannot be done; the message says why. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

type Row = Readonly<Record<string, string>>;

const FILE = new URL('twitter-2020-03-clusters.csv', import.meta.url);

export const readRows = (): readonly Row[] =>
  parse(readFileSync(FILE, 'utf8'), { columns: true, relax_quotes: true });

/** @throws DemoError when there is no such cluster, or no traffic to be drawn from it. */
export function readWorkload(cluster: number): Workload {
  const row = readRows().find((one) => one.cluster === `cluster${cluster}`);
  if (!row) throw new DemoError(`There is no cluster ${cluster}: give a number from 1 to 54.`);
  return workloadOf(row, cluster);
}

export function workloadOf(row: Row, cluster: number): Workload {
  const number = (column: string): number => {
    const value = Number(row[column] || Number.NaN);
    if (Number.isFinite(value)) return value;
    throw new DemoError(
      `Cluster ${cluster} says ${JSON.stringify(row[column])} for ${column}, so no traffic can be drawn from it: ` +
        'choose another one.',
    );
  };
  const alpha = number('zipf_alpha');
  const keyBytes = number('key_bytes');
  const valueBytes = number('value_bytes');
  const meanFrequency = number('mean_frequency');
  const writeShare = parseWriteShare(row.operations ?? '');
  if (writeShare === undefined || writeShare === 1) {
    throw new DemoError(
      `Cluster ${cluster} says ${JSON.stringify(row.operations)} for operations, so nothing is read that a cache ` +
        'could answer: choose another one.',
    );
  }
  const missRatio = Number(row.production_miss_ratio);
  return {
    cluster,
    alpha,
    keyBytes,
    valueBytes,
    meanFrequency,
    missRatio: Number.isFinite(missRatio) ? missRatio : undefined,
    writeShare,
    ttls: parseTTLs(row.common_ttls ?? ''),
  };
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** "1d:0.65, 14d:0.27," as shares that add up to 1: the data leave out the rare ones. */
export function parseTTLs(text: string): Share[] {
  const shares = items(text, ',').map((item): Share => {
    const [, amount, unit, share] = /^([\d.]+)([smhd]):([\d.]+)$/.exec(item) ?? [];
    if (unit === undefined) throw new DemoError(`"${item}" is no TTL with its share.`);
    return {
      seconds: Number(amount) * SECONDS[unit as keyof typeof SECONDS],
      share: Number(share),
    };
  });
  const sum = shares.reduce((total, { share }) => total + share, 0);
  return shares.map(({ seconds, share }) => ({ seconds, share: share / sum }));
}

/** Of "get:0.91 set:0.09": what is not a get or a gets, as a part of all that is named. */
export function parseWriteShare(text: string): number | undefined {
  let [reads, all] = [0, 0];
  for (const item of items(text, ' ')) {
    const [name = '', share] = item.split(':');
    const value = Number(share);
    if (!Number.isFinite(value)) return undefined;
    all += value;
    if (name === 'get' || name === 'gets') reads += value;
  }
  return all === 0 ? undefined : 1 - reads / all;
}

const items = (text: string, separator: string): string[] =>
  text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
