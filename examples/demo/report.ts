import Table from 'cli-table3';
import colors from 'picocolors';
import { USD_PER_MILLION } from './capacity.js';
import type { Workload } from './clusters.js';
import type { Progress, Result } from './demo.js';
import { DATABASE_DELAY, type Delay, DYNAMODB_DELAY, p99 } from './network.js';
import { percentile } from './run.js';
import { compress, type Traffic } from './traffic.js';

/** On a terminal one line that moves; elsewhere a line for each step when it is done. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  let moving = false;
  const say = (text: string) => {
    stream.write(`${moving ? '\n' : ''}${text}\n`);
    moving = false;
  };
  let drawnAt = 0;
  return {
    say,
    step(what, done, of) {
      if (!stream.isTTY) {
        if (done === of) say(`${what}: ${count(done)} requests`);
        return;
      }
      const now = performance.now();
      if (done < of && now - drawnAt < 100) return;
      drawnAt = now;
      const bar = '█'.repeat(Math.round((done / of) * 30)).padEnd(30, '░');
      stream.write(`\r${what.padEnd(18)} ${colors.cyan(bar)} ${count(done)} of ${count(of)}`);
      moving = true;
      if (done === of) say('');
    },
  };
}

/** What will be measured. */
export function describe(workload: Workload, traffic: Traffic, seed: number): string {
  const { cluster, alpha, writeShare, keyBytes, valueBytes, missRatio } = workload;
  const { compression, items, requests } = traffic;
  const most = workload.ttls.slice(0, 5);
  const ttls = most.map(
    ({ seconds, share }) =>
      `${percent(share)} ${span(seconds)} -> ${span(compress(seconds, compression))}`,
  );
  const rest = workload.ttls.length - most.length;
  return [
    `Twitter's cache cluster ${cluster}, scaled down: ${count(requests.length)} requests for ${count(items)} items, seed ${seed}`,
    `  popularity    Zipf, alpha ${alpha}`,
    `  writes        ${percent(writeShare)}`,
    `  sizes         keys ${keyBytes} B, values ${count(valueBytes)} B on the average`,
    `  TTLs          ${ttls.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`,
    `                time runs ${count(compression)} times as fast, so that values expire within the run`,
    `  networks      simulated, both log-normal: PostgreSQL ${delayText(DATABASE_DELAY)}, DynamoDB ${delayText(DYNAMODB_DELAY)}`,
    missRatio === undefined
      ? ''
      : `  in production ${percent(1 - missRatio)} hits, with real TTLs and a week of traffic`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** The closing table. */
export function report({ figures, withCache, withoutCache }: Result): string {
  const writes = withCache.writes.length;
  const saved = 1 - figures.originCalls / figures.originCallsWithout;
  const table = new Table({
    head: ['', 'without the cache', 'with the cache'].map((text) => colors.bold(text)),
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [] },
  });
  table.push(
    ['requests', count(figures.requests), count(figures.requests)],
    ['hits', '', colors.green(percent(figures.hitRatio))],
    ['reads, p50', ms(figures.p50MsWithout), colors.green(ms(figures.p50Ms))],
    ['reads, p99', ms(figures.p99MsWithout), ms(figures.p99Ms)],
  );
  if (writes > 0) {
    const median = (times: readonly number[]) => ms(percentile(times, 0.5));
    table.push([
      `${count(writes)} writes, p50`,
      median(withoutCache.writes),
      median(withCache.writes),
    ]);
  }
  table.push(
    [
      'queries of the database',
      count(figures.originCallsWithout),
      `${count(figures.originCalls)}, ${colors.green(`${percent(saved)} saved`)}`,
    ],
    ['DynamoDB read units', '', count(figures.readUnits)],
    ['DynamoDB write units', '', count(figures.writeUnits)],
    ['a million requests cost', '', `${figures.usdPerMillion.toFixed(2)} USD`],
    ['errors', { content: String(figures.errors), colSpan: 2, hAlign: 'right' }],
  );
  const { readUnits, writeUnits } = USD_PER_MILLION;
  return `${table}\nUnits on demand in us-east-1: ${readUnits} USD a million reads, ${writeUnits} a million writes. Storage is not in it.
A miss takes a read and a write of DynamoDB longer than no cache, and a write an invalidation.`;
}

const count = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const delayText = (delay: Delay): string => `p50 ${delay.median} p99 ${p99(delay).toFixed(0)} ms`;

/** Seconds in the largest unit that gives at least one. */
function span(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const;
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ['s', 1];
  return `${Number((seconds / size).toPrecision(3))}${unit}`;
}
