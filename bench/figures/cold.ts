import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childEnvironment } from '../child.js';
import type { Bench, Check, Figure, Table } from '../figure.js';
import { judgedNodes, type NodeBinary } from '../nodes.js';
import { type DynamoDB, startDynamoDB } from '../server/dynamodb.js';
import { median, quantile, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const RUNNER = fileURLToPath(new URL('../programs/cold-run.mjs', import.meta.url));
const VALUE = recordOf(1024);
const CONTESTANTS = {
  'cold-cache': '@glasswork/cache',
  'cold-warmed': '@glasswork/cache, warmed while it is imported',
  'cold-sdk': 'AWS SDK, document client',
  'cold-sdk-cjs': 'AWS SDK, as CommonJS',
  'cold-bare': 'bare signer',
  'cold-floor': 'floor: a raw socket',
} as const;
type Contestant = keyof typeof CONTESTANTS;
const NAMES = Object.keys(CONTESTANTS) as Contestant[];

export interface Start {
  /** From just before the import to the value, milliseconds. */
  readonly total: number;
  /** The same in time of the processor, all threads of the process. */
  readonly processor: number;
  /** From just before the import to its end. */
  readonly imported: number;
  /** Moments, and what loading Node's modules took; only when asked for. */
  readonly marks: Readonly<Record<string, number>>;
  /** The size of the value as JSON. */
  readonly length: number;
}

/** From the import of a handler to its first value. */
export async function cold(bench: Bench): Promise<Figure> {
  const nodes = await judgedNodes();
  const server = await startDynamoDB(bench.bundles['warm-cache'] as URL);
  try {
    await server.seed({ 'item:0': VALUE });
    const results: { table: Table; checks: Check[]; parts: Table }[] = [];
    for (const transport of ['http', 'https'] as const) {
      for (const node of nodes) {
        bench.say(`cold: Node ${node.name} over ${transport}`);
        results.push(await measure(bench, server, node, transport));
      }
    }
    return {
      name: 'cold',
      title: 'Cold start: from the import of a bundled handler to its first value from DynamoDB',
      notes: [
        'A fresh process for each sample. Each handler is one minified file; all of them read the same item, a hit.',
        'The SDK counts as the faster of its bundles: an ES module like the others, or CommonJS, as bundlers make it by default.',
        'Where ours goes: the medians of five more starts, which are watched and so take a little longer.',
      ],
      tables: results.flatMap(({ table, parts }) => [table, parts]),
      checks: results.flatMap(({ checks }) => checks),
    };
  } finally {
    await server.stop();
  }
}

async function measure(
  { bundles, rounds = 21 }: Bench,
  server: DynamoDB,
  node: NodeBinary,
  transport: 'http' | 'https',
) {
  const run = (name: Contestant, withMarks = '') =>
    startOnce(node.path, bundles[name] as URL, withMarks, {
      TABLE: server.tableName,
      ENDPOINT: server[transport],
      NODE_EXTRA_CA_CERTS: server.certificate,
    });
  const starts = new Map<Contestant, Start[]>(NAMES.map((name) => [name, []]));
  const timed = (name: Contestant) => async () => {
    const start = await run(name);
    starts.get(name)?.push(start);
    return start.total;
  };
  const samples = await takeTurns(
    {
      'cold-cache': timed('cold-cache'),
      'cold-warmed': timed('cold-warmed'),
      'cold-sdk': timed('cold-sdk'),
      'cold-sdk-cjs': timed('cold-sdk-cjs'),
      'cold-bare': timed('cold-bare'),
      'cold-floor': timed('cold-floor'),
    },
    rounds,
    1,
  );
  const watched: Start[] = [];
  for (let i = 0; i < 5; i++) watched.push(await run('cold-cache', 'marks'));

  const where = `Node ${node.name} over ${transport}`;
  const processor = (name: Contestant) => {
    // The first start of each is the warm-up.
    return median((starts.get(name) ?? []).slice(1).map((start) => start.processor));
  };
  const wall = (name: Contestant) => median(samples[name]);
  const table: Table = {
    columns: [
      { name: where },
      { name: 'median', unit: 'ms' },
      { name: 'quarter', unit: 'ms' },
      { name: 'three quarters', unit: 'ms' },
      { name: 'import alone', unit: 'ms' },
      { name: 'the rest', unit: 'ms' },
      { name: 'ours', unit: 'times' },
      { name: 'processor', unit: 'ms' },
      { name: 'ours', unit: 'times' },
    ],
    rows: NAMES.map((name) => [
      CONTESTANTS[name],
      median(samples[name]),
      quantile(samples[name], 0.25),
      quantile(samples[name], 0.75),
      median((starts.get(name) ?? []).map(({ imported }) => imported)),
      median((starts.get(name) ?? []).map(({ imported, total }) => total - imported)),
      wall(name) / wall('cold-cache'),
      processor(name),
      processor(name) / processor('cold-cache'),
    ]),
  };
  const checks = [
    ...wallChecks(where, transport, timesOf(wall)),
    ...processorChecks(where, transport, timesOf(processor)),
  ];
  return { table, checks, parts: parts(watched) };
}

type Times = Readonly<Record<'ours' | 'sdk' | 'bare' | 'floor', number>>;

/** The SDK counts as the faster of its bundles. */
const timesOf = (time: (name: Contestant) => number): Times => ({
  ours: time('cold-cache'),
  sdk: Math.min(time('cold-sdk'), time('cold-sdk-cjs')),
  bare: time('cold-bare'),
  floor: time('cold-floor'),
});

function wallChecks(where: string, transport: 'http' | 'https', { ours, sdk }: Times): Check[] {
  const atLeast = transport === 'http' ? 3.5 : 2.5;
  const sooner: Check = {
    what: `${where}: sooner than the SDK`,
    ...{ value: sdk - ours, unit: 'ms', target: { atLeast: 30 } },
  };
  return [
    {
      what: `${where}: times sooner than the SDK`,
      ...{ value: sdk / ours, unit: 'times', target: { atLeast } },
    },
    ...(transport === 'https' ? [sooner] : []),
  ];
}

/** By the processor's time, which a busy machine changes less than the clock's. */
function processorChecks(
  where: string,
  transport: 'http' | 'https',
  { ours, sdk, bare, floor }: Times,
): Check[] {
  const check = (what: string, value: number, target: Check['target']): Check => ({
    what: `${where}, processor: ${what}`,
    ...{ value, unit: 'times', target },
  });
  return [
    check('of the bare signer', ours / bare, { atMost: 1 }),
    check('of the floor', ours / floor, { atMost: 1.35 }),
    check('the SDK, as a multiple of our transport', sdk / ours, {
      atLeast: transport === 'http' ? 4.5 : 3.3,
    }),
  ];
}

/** The steps of our transport with their times, in order. */
function parts(starts: readonly Start[]): Table {
  const at = (mark: (start: Start) => number | undefined) =>
    median(starts.map((start) => mark(start) ?? Number.NaN));
  const loads = Object.keys(starts[0]?.marks ?? {}).filter((name) => name.startsWith('load '));
  const moments: [string, number][] = [
    ['imported and constructed', at((start) => start.imported)],
    ['connection begun', at((start) => start.marks.opened)],
    ['connected', at((start) => start.marks.connected)],
    ['request signed and written', at((start) => start.marks.request)],
    ['answer begun', at((start) => start.marks.response)],
    ['value there', at((start) => start.total)],
  ];
  let before = 0;
  return {
    columns: [
      { name: 'where ours goes' },
      { name: 'at', unit: 'ms' },
      { name: 'took', unit: 'ms' },
    ],
    rows: [
      ...moments.map(([name, ms]): [string, number, number] => {
        const took = ms - before;
        before = ms;
        return [name, ms, took];
      }),
      ...loads.map((name): [string, number, number] => [
        `within these: ${name}`,
        Number.NaN,
        at((start) => start.marks[name]),
      ]),
    ],
  };
}

export async function startOnce(
  node: string,
  bundle: URL,
  withMarks: string,
  env: NodeJS.ProcessEnv,
): Promise<Start> {
  const { stdout } = await promisify(execFile)(node, [RUNNER, bundle.href, withMarks], {
    env: childEnvironment(env),
    timeout: 20_000,
  });
  const start: Start = JSON.parse(stdout);
  if (start.length === JSON.stringify(VALUE).length) return start;
  throw new Error(`${bundle.pathname} read another value than was written`);
}
