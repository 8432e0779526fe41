import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { type Duration, milliseconds } from '../../model/time.js';
import { localCommand } from '../command.js';
import { chartSpec, drawChart } from '../cost/chart.js';
import { readCluster } from '../cost/clusters.js';
import { type Cost, costs, crossings, initialisation } from '../cost/cost.js';
import { pricesOf } from '../cost/prices.js';
import { type Workload, zipfHitRatio } from '../cost/workload.js';
import { UsageError } from '../exit.js';
import { renderTable } from '../table.js';

interface CostOptions {
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

const DEFAULT_KEYS = 1_000_000;

export const costCommand = () =>
  localCommand<CostOptions>({
    usage: 'cost',
    description:
      'Compare what a workload costs a month on each store, from requests a second, hit ratio or Zipf alpha, sizes and time.',
    examples: [
      'glasswork-cache cost --rps 100 --hit-ratio 0.9 --value-bytes 2000 --ttl 5m',
      'glasswork-cache cost --rps 100 --alpha 1.1 --keys 100000 --value-bytes 2000 --ttl 5m --tier-ttl 5s --chart cost.svg',
      'glasswork-cache cost --cluster 4',
    ],
    options(command: Command) {
      command
        .option('--rps <n>', 'reads a second of all functions', positive)
        .option('--hit-ratio <n>', 'the part of reads that hits, 0 to 1', ratio)
        .option(
          '--alpha <n>',
          'or the popularity of keys by Zipf, from which the hit ratio follows',
          positive,
        )
        .option(
          '--keys <n>',
          `the number of keys (default with --alpha: ${DEFAULT_KEYS})`,
          positive,
        )
        .option('--value-bytes <n>', 'the size of a value (default: 1024)', positive)
        .option('--key-bytes <n>', 'the size of a key (default: 40)', positive)
        .option('--ttl <duration>', 'the life of a value, such as 90s or 5m (default: 5m)', seconds)
        .option('--tags <n>', 'tags of a value (default: 0)', whole)
        .option(
          '--tier-ttl <duration>',
          'memory in front, and how long it keeps a copy; needs --alpha',
          seconds,
        )
        .option(
          '--sandboxes <n>',
          'sandboxes that run at once, for --tier-ttl (default: 10)',
          positive,
        )
        .option('--cold-starts <n>', 'sandboxes that start in a month (default: 100000)', whole)
        .option(
          '--init-ms <n>',
          'what the cache adds to the initialisation (default: 30)',
          positive,
        )
        .option('--memory <mb>', 'memory of the function (default: 512)', positive)
        .option('--region <region>', 'the region of the prices (default: us-east-1)')
        .option('--prices <file>', 'your own prices, in the form of the package’s')
        .option('--cluster <n>', 'a production cache of Twitter as the workload, 1 to 54')
        .option('--clusters <file>', 'another file of such clusters')
        .option('--chart <file>', 'draw an SVG of cost over requests; needs vega and vega-lite')
        .option('--spec <file>', 'write the chart’s Vega-Lite specification');
    },
    async run({ options, terminal }) {
      const { list, prices } = pricesOf(options.region ?? 'us-east-1', options.prices);
      const { requests, at } = workloads(options);
      const workload = at(requests);
      const rows = costs(workload, prices).sort((a, b) => a.total - b.total);
      const crossed = crossings(at, prices);
      const title = `A month of a cache: ${options.cluster ? `cluster ${options.cluster}, ` : ''}values of ${workload.valueBytes} bytes`;
      const spec = chartSpec(at, prices, title);
      if (options.spec) writeFileSync(options.spec, `${JSON.stringify(spec, null, 2)}\n`);
      if (options.chart) writeFileSync(options.chart, await drawChart(spec));
      const initCost = initialisation(workload, prices);
      if (terminal.json) {
        const json = {
          workload,
          date: list.date,
          source: list.source,
          costs: rows,
          initialisation: initCost,
          crossings: crossed,
        };
        await terminal.write(`${JSON.stringify(json, null, 2)}\n`);
        return undefined;
      }
      const { requests: rps, hitRatio, ttl } = workload;
      await terminal.write(
        `${rps.toLocaleString('en-US')} reads a second, ${(100 * hitRatio).toFixed(1)} % hits, ttl ${Math.round(ttl)} s; US dollars a month\n\n`,
      );
      const money = (name: 'reads' | 'writes' | 'fixed' | 'total') => ({
        head: name.toUpperCase(),
        align: 'right' as const,
        text: (row: Cost) => dollars(row[name]),
      });
      const columns = [
        { head: 'STORE', text: ({ store }: Cost) => store },
        ...[money('reads'), money('writes'), money('fixed'), money('total')],
        { head: 'ABOUT', flexible: true as const, text: ({ about }: Cost) => about },
      ];
      await terminal.write(await renderTable<Cost>(terminal, columns, rows));
      const lines = [
        `Initialisation: ${dollars(initCost)} for ${workload.coldStarts.toLocaleString('en-US')} cold starts of ${workload.initMs} ms.`,
        ...crossed.map(
          ({ below, above, requests: n }) =>
            `${below} is the cheapest below ${Number(n.toPrecision(2))} reads a second, then ${above}.`,
        ),
        `Prices of ${list.date}.`,
      ];
      await terminal.write(`\n${lines.join('\n')}\n`);
      return undefined;
    },
  });

/** The workload of the options, and the same with other requests. @throws UsageError. */
export function workloads(options: CostOptions): {
  requests: number;
  at: (requests: number) => Workload;
} {
  const cluster =
    options.cluster === undefined ? undefined : readCluster(options.cluster, options.clusters);
  const requests = options.rps ?? cluster?.requests;
  if (requests === undefined) throw new UsageError('How many reads? Give --rps or --cluster.');
  const alpha = options.alpha ?? (options.hitRatio === undefined ? cluster?.alpha : undefined);
  const given = options.hitRatio ?? (options.alpha === undefined ? cluster?.hitRatio : undefined);
  if (alpha === undefined && given === undefined)
    throw new UsageError('How many hits? Give --hit-ratio or --alpha.');
  if (options.hitRatio !== undefined && options.alpha !== undefined)
    throw new UsageError('Give --hit-ratio or --alpha.');
  const { tierTtl, sandboxes = 10 } = options;
  if (tierTtl !== undefined && alpha === undefined)
    throw new UsageError('--tier-ttl needs --alpha, from which its hit ratio follows.');
  const ttl = options.ttl ?? cluster?.ttl ?? 300;
  const popularity = { alpha: alpha ?? 1, keys: options.keys ?? DEFAULT_KEYS };
  const tierOf = (all: number) =>
    tierTtl === undefined ? undefined : zipfHitRatio(popularity, all / sandboxes, tierTtl);
  const at = (all: number): Workload => ({
    requests: all,
    ttl,
    valueBytes: options.valueBytes ?? cluster?.valueBytes ?? 1024,
    keyBytes: options.keyBytes ?? cluster?.keyBytes ?? 40,
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

/** Cents only where they matter. */
const dollars = (amount: number): string =>
  amount >= 100 ? Math.round(amount).toLocaleString('en-US') : amount.toFixed(2);

function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('Give a number above zero.');
}

function whole(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError('Give a whole number.');
}

function ratio(text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('Give a number from 0 to 1.');
}

function seconds(text: string): number {
  try {
    const isNumber = /^[\d.]+$/.test(text);
    // `milliseconds` refuses a text that is no duration.
    return milliseconds(isNumber ? Number(text) : (text as Duration), 'duration') / 1000;
  } catch {
    throw new InvalidArgumentError('Give seconds, or a duration such as 90s, 5m or 7d.');
  }
}
