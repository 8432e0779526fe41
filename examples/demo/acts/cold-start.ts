import type { Act, Outcome, Stage } from '../act.js';
import type { Bundle } from '../bundle.js';
import { runProgram } from '../child.js';
import { good } from '../grid.js';
import { percentile } from '../run.js';
import { TABLES } from '../tables.js';
import { kilobytes, ms, rounded } from '../text.js';

const STARTS = 5;
const VALUE = { id: '1', name: 'Item 1', description: 'x'.repeat(1_000) };
const RUNNER = new URL('../programs/cold-run.mjs', import.meta.url);

/** One start, milliseconds. */
interface Start {
  readonly total: number;
  readonly imported: number;
  /** The time of the processor, of all threads. */
  readonly processor: number;
}

interface Figures {
  /** From just before the import of the handler to its first value. */
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly slowestMs: number;
  readonly importMs: number;
  /** The median of the processor's time, which other programs on the machine hardly change. */
  readonly processorMs: number;
  readonly bytes: number;
  readonly gzippedBytes: number;
}

export function coldStartAct(): Act {
  return {
    letter: 'e',
    name: 'cold-start',
    title: 'Cold start',
    compares:
      `A handler that reads one cached item is bundled with the AWS SDK and with this cache, and started ${STARTS} ` +
      'times each in a fresh process: how long from its import to its first value from DynamoDB?',
    async play(stage) {
      const bundles = await stage.bundles();
      await seed(stage);
      const { endpoint } = stage.dynamodb;
      const starts: { sdk: Start[]; ours: Start[] } = { sdk: [], ours: [] };
      // In turns: a load on the machine that comes and goes then falls on both.
      for (let i = 0; i < STARTS; i++) {
        starts.sdk.push(await startOnce(bundles['cold-sdk'], endpoint, TABLES.plain));
        starts.ours.push(await startOnce(bundles['cold-cache'], endpoint, TABLES.ours));
        stage.progress.step('e  starting', 2 * (i + 1), 2 * STARTS);
      }
      stage.progress.clear();
      return outcomeOf(
        figuresOf(starts.sdk, bundles['cold-sdk']),
        figuresOf(starts.ours, bundles['cold-cache']),
      );
    },
  };
}

/** Each contestant reads a record that it has written itself. */
async function seed({ dynamodb }: Stage): Promise<void> {
  // The SDK takes a while to load: only the acts that need it wait for it.
  const { createContestant } = await import('../contestant.js');
  for (const kind of ['plain', 'ours'] as const) {
    await createContestant(kind, dynamodb.endpoint).wrap('cold-start', 300, async () => VALUE);
  }
}

async function startOnce({ file }: Bundle, endpoint: string, table: string): Promise<Start> {
  const printed = await runProgram(RUNNER, [file.href], { ENDPOINT: endpoint, TABLE: table });
  const { value, error, ...start }: Start & { value?: unknown; error?: string } =
    JSON.parse(printed);
  if (error !== undefined) throw new Error(`A cold start failed: ${error}`);
  if (JSON.stringify(value) === JSON.stringify(VALUE)) return start;
  throw new Error(`${file.pathname} read another value than was written.`);
}

function figuresOf(starts: readonly Start[], { bytes, gzipped }: Bundle): Figures {
  const totals = starts.map(({ total }) => total);
  const of = (values: readonly number[], share: number) => rounded(percentile(values, share), 1);
  const median = (values: readonly number[]) => of(values, 0.5);
  return {
    medianMs: median(totals),
    fastestMs: of(totals, 0),
    slowestMs: of(totals, 1),
    importMs: median(starts.map(({ imported }) => imported)),
    processorMs: median(starts.map(({ processor }) => processor)),
    bytes,
    gzippedBytes: gzipped,
  };
}

function outcomeOf(sdk: Figures, ours: Figures): Outcome {
  const range = ({ fastestMs, slowestMs }: Figures) => `${ms(fastestMs)} - ${ms(slowestMs)}`;
  const isSooner = ours.medianMs < sdk.medianMs;
  return {
    figures: { sdk, ours },
    grid: {
      head: ['', 'AWS SDK', '@glasswork/cache'],
      rows: [
        ['first value, median', ms(sdk.medianMs), good(ms(ours.medianMs))],
        ['  fastest - slowest', range(sdk), range(ours)],
        ['  import alone', ms(sdk.importMs), ms(ours.importMs)],
        ["the processor's time", ms(sdk.processorMs), good(ms(ours.processorMs))],
        ['bundle', kilobytes(sdk.bytes), good(kilobytes(ours.bytes))],
        ['  gzipped', kilobytes(sdk.gzippedBytes), good(kilobytes(ours.gzippedBytes))],
      ],
    },
    notes: [
      `Node ${process.versions.node} over plain HTTP, without Lambda's own start; both bundled by esbuild as ES modules, minified. With TLS and on other versions of Node: npm run bench.`,
    ],
    closing: [
      ['cold start to the first value', ms(sdk.medianMs), good(ms(ours.medianMs))],
      ['bundle, gzipped', kilobytes(sdk.gzippedBytes), good(kilobytes(ours.gzippedBytes))],
    ],
    problems: isSooner
      ? []
      : [
          `The first value came after ${ours.medianMs} ms, with the AWS SDK after ${sdk.medianMs} ms.`,
        ],
  };
}
