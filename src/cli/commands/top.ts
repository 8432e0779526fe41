import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { pause } from '../../model/time.js';
import { plainCommand } from '../command.js';
import { UsageError } from '../exit.js';
import { addPlace, count, type Shared } from '../options.js';
import { renderPairs } from '../table.js';
import { openTarget } from '../target/open.js';
import type { Target } from '../target/target.js';
import type { Terminal } from '../terminal.js';
import type { Percentiles } from '../top/percentiles.js';
import { type Report, Top } from '../top/report.js';
import { type Sample, Sampler } from '../top/sampler.js';

/** The time between two pictures, milliseconds. */
const REDRAW_MS = 1_000;
const CLEAR = '\u001b[2J\u001b[H';
const SAMPLE_SIZE = 1_000;
const EVERY_SECONDS = 5;

interface TopOptions {
  readonly sample?: number;
  readonly every?: number;
  readonly times?: number;
}

export const topCommand = () =>
  addPlace(
    plainCommand<TopOptions & Shared>({
      usage: 'top',
      description:
        'Show live what a cache does: hit ratio, misses by reason, times and errors, from the EMF lines of a service on the standard input; or, with a store, what a sample of its keys says: those that would be served or be misses and why, the slowest loads, and on Redis the hit ratio of the server. Without a terminal it prints once.',
      examples: [
        'aws logs tail /aws/lambda/my-api --follow --format short | glasswork-cache top',
        'glasswork-cache top --json < lines.log',
        'glasswork-cache top --table my-cache --prefix shop --every 10',
      ],
      options(command: Command) {
        command
          .option('--sample <n>', `keys of a sample (default: ${SAMPLE_SIZE})`, count)
          .option('--every <s>', `seconds between samples (default: ${EVERY_SECONDS})`, count)
          .option(
            '--times <n>',
            'end after this many samples (default: 1 without a terminal)',
            count,
          );
      },
      async run({ options, terminal, command }) {
        if (!isSampled(options, command)) return follow(terminal);
        const target = await openTarget(options, command);
        try {
          await watch(target, options, terminal);
        } finally {
          await target.close();
        }
        return undefined;
      },
    }),
  );

/** True if a store is named here. One of the environment is meant only if nothing is on the standard input. */
function isSampled(options: Shared, command: Command): boolean {
  const names = (['table', 'redis', 'bucket'] as const).filter((name) => options[name]);
  if (names.some((name) => command.getOptionValueSource(name) === 'cli')) return true;
  if (process.stdin.isTTY !== true) return false;
  if (names.length > 0) return true;
  throw new UsageError(
    'Nothing is on the standard input: pipe the log of a service with emf() into it, or name a store with --table, --redis or --bucket.',
  );
}

const isLive = ({ width, json }: Terminal): boolean => Number.isFinite(width) && !json;

async function follow(terminal: Terminal): Promise<undefined> {
  const top = new Top();
  let drawnAt = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    if (!top.add(line) || !isLive(terminal) || performance.now() - drawnAt < REDRAW_MS) continue;
    drawnAt = performance.now();
    await terminal.write(CLEAR + picture(terminal, top.report()));
  }
  await show(terminal, top.report(), picture);
  return undefined;
}

async function watch(
  target: Target,
  { sample = SAMPLE_SIZE, every = EVERY_SECONDS, times }: TopOptions,
  terminal: Terminal,
): Promise<void> {
  const sampler = new Sampler(target, sample);
  const most = times ?? (isLive(terminal) ? Number.POSITIVE_INFINITY : 1);
  for (let i = 1; i <= most; i++) {
    const report = await sampler.next();
    // Several are one a line, so that a program can tell them apart.
    if (terminal.json && most > 1) await terminal.write(`${JSON.stringify(report)}\n`);
    else await show(terminal, report, samplePicture);
    if (i < most) await pause(every * 1_000);
  }
}

async function show<T extends Report | Sample>(
  terminal: Terminal,
  report: T,
  draw: (terminal: Terminal, report: T) => string,
): Promise<void> {
  if (terminal.json) return terminal.write(`${JSON.stringify(report, null, 2)}\n`);
  await terminal.write((isLive(terminal) ? CLEAR : '') + draw(terminal, report));
}

const number = (value: number) => value.toLocaleString('en-US');
const percent = (ratio: number) => `${(100 * ratio).toFixed(1)} %`;
const by = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(', ') || undefined;

function picture(terminal: Terminal, report: Report): string {
  const { hitRatio, hits, misses, staleHits, loads, loadErrors, storeErrors } = report;
  return renderPairs(terminal, [
    ['hit ratio', hitRatio === undefined ? 'no reads yet' : percent(hitRatio)],
    ['hits', `${number(hits)}, of which stale ${number(staleHits)}`],
    ['misses', [number(misses), by(report.missesBy)].filter(Boolean).join(': ')],
    ['loads', `${number(loads)}, failed ${number(loadErrors)}${timesText(report.loadTime)}`],
    ['store', `failed ${number(storeErrors)}${timesText(report.storeTime)}`],
    ['errors', by(report.errorsBy)],
    ['refused', by(report.refusedBy)],
  ]);
}

function samplePicture(terminal: Terminal, sample: Sample): string {
  const { keys, servedRatio, served, missesBy, filled, loadTime, slowest, hitRatio } = sample;
  return renderPairs(terminal, [
    [
      'hit ratio',
      hitRatio === undefined ? undefined : `${percent(hitRatio)} of the server's reads`,
    ],
    [
      'sampled',
      `${number(keys)} keys${servedRatio === undefined ? '' : `, ${percent(servedRatio)} would be served`}`,
    ],
    ['served', by(served)],
    ['misses', by(missesBy)],
    ['written', `${number(filled)} in the last minute`],
    ['loads', timesText(loadTime).replace(/^; /, '') || undefined],
    ...slowest.map(
      ({ key, loadMs }) => ['slowest', `${number(Math.round(loadMs))} ms  ${key}`] as const,
    ),
  ]);
}

const timesText = (times: Percentiles | undefined): string =>
  times ? `; p50 ${times.p50} ms, p99 ${times.p99} ms, slowest ${times.max} ms` : '';
