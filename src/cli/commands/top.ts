import { createInterface } from 'node:readline';
import { localCommand } from '../command.js';
import { UsageError } from '../exit.js';
import { renderPairs } from '../table.js';
import type { Terminal } from '../terminal.js';
import { type Percentiles, type Report, Top } from '../top/report.js';

/** The time between two pictures, milliseconds. */
const REDRAW_MS = 1_000;
const CLEAR = '\u001b[2J\u001b[H';

export const topCommand = () =>
  localCommand<object>({
    usage: 'top',
    description:
      'Show hit ratio, misses by reason, times and errors, live, from the EMF lines of a service on the standard input. Without a terminal it prints once, at the end of the input.',
    examples: [
      'aws logs tail /aws/lambda/my-api --follow --format short | glasswork-cache top',
      'glasswork-cache top --json < lines.log',
    ],
    async run({ terminal }) {
      if (process.stdin.isTTY)
        throw new UsageError(
          'Nothing is on the standard input: pipe the log of a service with emf() into it.',
        );
      const top = new Top();
      const isLive = Number.isFinite(terminal.width) && !terminal.json;
      let drawnAt = 0;
      for await (const line of createInterface({ input: process.stdin })) {
        if (!top.add(line) || !isLive || performance.now() - drawnAt < REDRAW_MS) continue;
        drawnAt = performance.now();
        await terminal.write(CLEAR + picture(terminal, top.report()));
      }
      const report = top.report();
      const text = terminal.json
        ? `${JSON.stringify(report, null, 2)}\n`
        : picture(terminal, report);
      await terminal.write(isLive ? CLEAR + text : text);
      return undefined;
    },
  });

function picture(terminal: Terminal, report: Report): string {
  const { hitRatio, hits, misses, staleHits, loads, loadErrors, storeErrors } = report;
  const number = (value: number) => value.toLocaleString('en-US');
  const by = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${number(count)}`)
      .join(', ') || undefined;
  return renderPairs(terminal, [
    ['hit ratio', hitRatio === undefined ? 'no reads yet' : `${(100 * hitRatio).toFixed(1)} %`],
    ['hits', `${number(hits)}, of which stale ${number(staleHits)}`],
    ['misses', [number(misses), by(report.missesBy)].filter(Boolean).join(': ')],
    ['loads', `${number(loads)}, failed ${number(loadErrors)}${timesText(report.loadTime)}`],
    ['store', `failed ${number(storeErrors)}${timesText(report.storeTime)}`],
    ['errors', by(report.errorsBy)],
    ['refused', by(report.refusedBy)],
  ]);
}

const timesText = (times: Percentiles | undefined): string =>
  times ? `; p50 ${times.p50} ms, p99 ${times.p99} ms, slowest ${times.max} ms` : '';
