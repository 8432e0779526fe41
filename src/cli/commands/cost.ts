import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { localCommand } from '../command.js';
import { chartSpec, drawChart } from '../cost/chart.js';
import { type Cost, costs, initialisation, leftOut } from '../cost/cost.js';
import { type Crossing, crossings } from '../cost/crossings.js';
import {
  type CostOptions,
  DEFAULT_KEYS,
  positive,
  ratio,
  seconds,
  whole,
  workloads,
} from '../cost/inputs.js';
import { pricesOf } from '../cost/prices.js';
import { UsageError } from '../exit.js';
import { renderTable } from '../table.js';
import { printable } from '../terminal.js';

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
      const { region = 'us-east-1' } = options;
      const { list, prices } = pricesOf(region, options.prices);
      const { requests, at } = workloads(options);
      const workload = at(requests);
      const rows = costs(workload, prices).sort((a, b) => a.total - b.total);
      const crossed = crossings(at, prices);
      const title = `A month of a cache: ${options.cluster ? `cluster ${options.cluster}, ` : ''}values of ${workload.valueBytes} bytes`;
      const spec = chartSpec(at, prices, title);
      if (options.spec) writeOut(options.spec, `${JSON.stringify(spec, null, 2)}\n`);
      if (options.chart) writeOut(options.chart, await drawChart(spec));
      const initCost = initialisation(workload, prices);
      const left = leftOut(workload, prices);
      if (terminal.json) {
        const json = {
          workload,
          region,
          date: list.date,
          source: list.source,
          sources: prices.sources ?? [],
          costs: rows,
          leftOut: left,
          initialisation: initCost ?? null,
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
        ...left.map(({ store, reason }) => `Without ${store}: ${reason}.`),
        ...(left.some(({ reason }) => reason.startsWith('no price'))
          ? [`--prices FILE adds the prices that are missing for ${region}.`]
          : []),
        initCost === undefined
          ? `Initialisation: no price of lambda for ${region}.`
          : `Initialisation: ${dollars(initCost)} for ${workload.coldStarts.toLocaleString('en-US')} cold starts of ${workload.initMs} ms.`,
        ...crossed.map(crossingText),
        `Prices of ${region}, ${list.date}.`,
      ];
      await terminal.write(`\n${lines.map(printable).join('\n')}\n`);
      return undefined;
    },
  });

const crossingText = ({ below, above, requests }: Crossing): string =>
  `${below} is the cheapest below ${Number(requests.toPrecision(2))} reads a second, then ${above}.`;

/** @throws UsageError if the file cannot be written. */
function writeOut(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${String(Object(error).message)}`);
  }
}

/** Cents only where they matter. */
const dollars = (amount: number): string =>
  amount >= 100 ? Math.round(amount).toLocaleString('en-US') : amount.toFixed(2);
