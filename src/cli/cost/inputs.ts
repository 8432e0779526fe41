import { InvalidArgumentError } from 'commander';
import { type Duration, milliseconds } from '../../model/time.js';
import { UsageError } from '../exit.js';
import { type Cluster, readCluster } from './clusters.js';
import { type Workload, zipfHitRatio } from './workload.js';

export interface CostOptions {
  readonly rps?: number;
  readonly hitRatio?: number;
  readonly alpha?: number;
  readonly keys?: number;
  readonly valueBytes?: number;
  readonly keyBytes?: number;
  readonly ttl?: number;
  readonly tags?: number;
  readonly tierTtl?: number;
  readonly sandboxes?: number;
  readonly coldStarts?: number;
  readonly initMs?: number;
  readonly memory?: number;
  readonly region?: string;
  readonly prices?: string;
  readonly cluster?: string;
  readonly clusters?: string;
  readonly chart?: string;
  readonly spec?: string;
}

export const DEFAULT_KEYS = 1_000_000;

/** Every number stays below it, so that no product of them is infinite. */
const MOST = 1e12;

/** The workload of the options, and the same with other requests. @throws UsageError. */
export function workloads(options: CostOptions): {
  requests: number;
  at: (requests: number) => Workload;
} {
  const cluster =
    options.cluster === undefined ? undefined : readCluster(options.cluster, options.clusters);
  /** An option wins over the cluster, whose file leaves some numbers out. */
  const from = (option: keyof CostOptions, column: keyof Cluster, otherwise: number): number => {
    const given = options[option];
    if (typeof given === 'number') return given;
    if (!cluster) return otherwise;
    const value = cluster[column];
    if (value !== undefined) return value;
    const flag = `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new UsageError(`Cluster ${options.cluster} has no such number: give ${flag}.`);
  };
  if (options.rps === undefined && !cluster)
    throw new UsageError('How many reads? Give --rps or --cluster.');
  const requests = from('rps', 'requests', 0);
  const alpha = options.alpha ?? (options.hitRatio === undefined ? cluster?.alpha : undefined);
  const given = options.hitRatio ?? (options.alpha === undefined ? cluster?.hitRatio : undefined);
  if (alpha === undefined && given === undefined)
    throw new UsageError('How many hits? Give --hit-ratio or --alpha.');
  if (options.hitRatio !== undefined && options.alpha !== undefined)
    throw new UsageError('Give --hit-ratio or --alpha.');
  const { tierTtl, sandboxes = 10 } = options;
  if (tierTtl !== undefined && alpha === undefined)
    throw new UsageError('--tier-ttl needs --alpha, from which its hit ratio follows.');
  const ttl = from('ttl', 'ttl', 300);
  const valueBytes = from('valueBytes', 'valueBytes', 1024);
  const keyBytes = from('keyBytes', 'keyBytes', 40);
  const popularity = { alpha: alpha ?? 1, keys: options.keys ?? DEFAULT_KEYS };
  const tierOf = (all: number) =>
    tierTtl === undefined ? undefined : zipfHitRatio(popularity, all / sandboxes, tierTtl);
  const at = (all: number): Workload => ({
    requests: all,
    ttl,
    valueBytes,
    keyBytes,
    hitRatio: given ?? zipfHitRatio(popularity, all, ttl),
    tags: options.tags ?? 0,
    tierHitRatio: tierOf(all),
    keys: options.keys ?? (given === undefined ? DEFAULT_KEYS : undefined),
    coldStarts: options.coldStarts ?? 100_000,
    initMs: options.initMs ?? 30,
    memoryMB: options.memory ?? 512,
  });
  return { requests, at };
}

export function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && number <= MOST) return number;
  throw new InvalidArgumentError('Give a number above zero, at most 1e12.');
}

export function whole(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(number) && number >= 0 && number <= MOST)
    return number;
  throw new InvalidArgumentError('Give a whole number, 0 to 1e12.');
}

export function ratio(text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('Give a number from 0 to 1.');
}

export function seconds(text: string): number {
  try {
    const isNumber = /^[\d.]+$/.test(text);
    // `milliseconds` refuses a text that is no duration.
    return milliseconds(isNumber ? Number(text) : (text as Duration), 'duration') / 1000;
  } catch {
    throw new InvalidArgumentError('Give seconds, or a duration such as 90s, 5m or 7d.');
  }
}
