import type { Outcome } from '../act.js';
import { USD_PER_MILLION } from '../capacity.js';
import type { Workload } from '../clusters.js';
import type { Column, Columns } from '../columns.js';
import { bad, type Cell, type Grid, good } from '../grid.js';
import { type Delay, DYNAMODB_DELAY, originDelay, p99 } from '../network.js';
import type { Options } from '../options.js';
import { type Latencies, percentile } from '../run.js';
import { count, ms, percent, rounded, span, usd } from '../text.js';
import { compress, type Traffic } from '../traffic.js';
import { figuresOf, problemsOf } from '../verdict.js';

/** The traffic that is sent, and the networks that are simulated. */
export function describe(
  workload: Workload,
  { compression, items, requests }: Traffic,
  { seed, origin }: Options,
): string {
  const { cluster, alpha, writeShare, keyBytes, valueBytes, missRatio } = workload;
  const most = workload.ttls.slice(0, 3);
  const ttls = most.map(
    ({ seconds, share }) =>
      `${percent(share)} ${span(seconds)} -> ${span(compress(seconds, compression))}`,
  );
  const rest = workload.ttls.length - most.length;
  const delay = (one: Delay) => `p50 ${rounded(one.median, 1)} p99 ${p99(one).toFixed(0)} ms`;
  return [
    `Twitter's cache cluster ${cluster}, scaled down: ${count(requests.length)} requests, ${count(items)} items, seed ${seed}`,
    `  popularity    Zipf, alpha ${alpha}; writes ${percent(writeShare)}`,
    `  sizes         keys ${keyBytes} B, values ${count(valueBytes)} B on average`,
    `  TTLs          ${ttls.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`,
    `                time runs ${count(compression)} times as fast, so that values expire`,
    `  networks      simulated, log-normal: queries ${delay(originDelay(origin))} (--origin),`,
    `                DynamoDB ${delay(DYNAMODB_DELAY)}`,
    ...(missRatio === undefined
      ? []
      : [`  in production ${percent(1 - missRatio)} hits, with real TTLs and a week of traffic`]),
  ].join('\n');
}

export function outcomeOf(columns: Columns, cluster: number): Outcome {
  const { none, dynamodb, tiered } = columns;
  const headline = figuresOf(columns, cluster);
  const errors = Object.values(columns).flatMap((column: Column) => column.errors);
  const p50 = ({ reads }: Latencies) => percentile(reads, 0.5);
  const { readUnits, writeUnits } = USD_PER_MILLION;
  return {
    headline,
    figures: { none: jsonOf(none), dynamodb: jsonOf(dynamodb), tiered: jsonOf(tiered) },
    grid: gridOf(columns),
    notes: [
      'Yellow is slower than without a cache: a miss takes a read and a write of DynamoDB on top of its query, and a ' +
        'write takes an invalidation.',
      'With the memory tier, another sandbox may serve its copy for up to 5 s after an update.',
      `DynamoDB on demand in us-east-1: ${readUnits} USD a million read units, ${writeUnits} a million write units, without storage.`,
    ],
    closing: [
      ['reads, p50', ms(p50(none)), good(ms(p50(dynamodb)))],
      ['  with a memory tier', ms(p50(none)), good(ms(p50(tiered)))],
      ['writes, p50', ms(percentile(none.writes, 0.5)), bad(ms(percentile(dynamodb.writes, 0.5)))],
      ['queries of the database', count(none.queries), good(count(dynamodb.queries))],
      ['USD a million requests', '0', bad(usd(dynamodb.usdPerMillion))],
    ],
    problems: problemsOf(headline, errors),
  };
}

function gridOf(columns: Columns): Grid {
  const { none, dynamodb, tiered } = columns;
  const cached = [dynamodb, tiered];
  const latency = (name: string, kind: keyof Latencies, share: number): Cell[] => {
    // There is neither hit nor miss without a cache: what they replace is a read.
    const without = percentile(none[kind === 'writes' ? 'writes' : 'reads'], share);
    const cells = cached.map((column) => judged(percentile(column[kind], share), without));
    const isPart = kind === 'hits' || kind === 'misses';
    return [name, isPart ? '' : ms(without), ...cells];
  };
  const saved = (column: Column) => 1 - column.queries / none.queries;
  return {
    head: ['', 'no cache', 'DynamoDB', 'with memory tier'],
    rows: [
      latency('reads, p50', 'reads', 0.5),
      latency('reads, p99', 'reads', 0.99),
      ['  hits', '', ...cached.map(({ hitRatio }) => percent(hitRatio))],
      latency('  hits, p50', 'hits', 0.5),
      latency('  hits, p99', 'hits', 0.99),
      latency('  misses, p50', 'misses', 0.5),
      latency('  misses, p99', 'misses', 0.99),
      ...(none.writes.length > 0
        ? [latency(`${count(none.writes.length)} writes, p50`, 'writes', 0.5)]
        : []),
      ['queries', ...[none, ...cached].map(({ queries }) => count(queries))],
      ['  saved', '', ...cached.map((column) => good(percent(saved(column))))],
      ['read units', '', ...cached.map(({ units }) => count(units.readUnits))],
      ['write units', '', ...cached.map(({ units }) => count(units.writeUnits))],
      ['USD a million', '', ...cached.map(({ usdPerMillion }) => usd(usdPerMillion))],
      ['errors', ...[none, ...cached].map(({ errors }) => count(errors.length))],
    ],
  };
}

const judged = (value: number, without: number): Cell => {
  if (Number.isNaN(value)) return '-';
  return value < without ? good(ms(value)) : bad(ms(value));
};

function jsonOf(column: Column) {
  const of = (times: readonly number[], share: number) =>
    times.length === 0 ? null : rounded(percentile(times, share), 2);
  const { reads, hits, misses, writes } = column;
  return {
    reads: reads.length,
    writes: writes.length,
    hitRatio: column.hitRatio,
    ...{ p50Ms: of(reads, 0.5), p99Ms: of(reads, 0.99) },
    ...{ hitP50Ms: of(hits, 0.5), hitP99Ms: of(hits, 0.99) },
    ...{ missP50Ms: of(misses, 0.5), missP99Ms: of(misses, 0.99) },
    writeP50Ms: of(writes, 0.5),
    originCalls: column.queries,
    ...column.units,
    usdPerMillion: column.usdPerMillion,
    errors: column.errors.length,
  };
}
