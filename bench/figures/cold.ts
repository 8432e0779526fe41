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
} as const;
type Contestant = keyof typeof CONTESTANTS;
const NAMES = Object.keys(CONTESTANTS) as Contestant[];

interface Start {
  /** From just before the import to the value, milliseconds. */
  readonly total: number;
  /** From just before the import to its end. */
  readonly imported: number;
  /** Moments, and what loading Node's modules took; only when asked for. */
  readonly marks: Readonly<Record<string, number>>;
  /** Of the value as JSON. */
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
    },
    rounds,
    1,
  );
  const watched: Start[] = [];
  for (let i = 0; i < 5; i++) watched.push(await run('cold-cache', 'marks'));

  const where = `Node ${node.name} over ${transport}`;
  const [ours, bare] = [median(samples['cold-cache']), median(samples['cold-bare'])];
  const sdk = Math.min(median(samples['cold-sdk']), median(samples['cold-sdk-cjs']));
  const table: Table = {
    columns: [
      { name: where },
      { name: 'median', unit: 'ms' },
      { name: 'quarter', unit: 'ms' },
      { name: 'three quarters', unit: 'ms' },
      { name: 'import alone', unit: 'ms' },
      { name: 'the rest', unit: 'ms' },
      { name: 'ours', unit: 'times' },
    ],
    rows: NAMES.map((name) => [
      CONTESTANTS[name],
      median(samples[name]),
      quantile(samples[name], 0.25),
      quantile(samples[name], 0.75),
      median((starts.get(name) ?? []).map(({ imported }) => imported)),
      median((starts.get(name) ?? []).map(({ imported, total }) => total - imported)),
      median(samples[name]) / ours,
    ]),
  };
  return { table, checks: checksOf(where, transport, { ours, sdk, bare }), parts: parts(watched) };
}

function checksOf(
  where: string,
  transport: 'http' | 'https',
  { ours, sdk, bare }: { ours: number; sdk: number; bare: number },
): Check[] {
  const check = (what: string, value: number, unit: string, target: Check['target']): Check => ({
    what: `${where}: ${what}`,
    ...{ value, unit, target },
  });
  const atLeast = transport === 'http' ? 3.5 : 2.5;
  return [
    check('times sooner than the SDK', sdk / ours, 'times', { atLeast }),
    ...(transport === 'https'
      ? [check('sooner than the SDK', sdk - ours, 'ms', { atLeast: 30 })]
      : []),
    check('of the bare signer', ours / bare, 'times', { atMost: 1.3 }),
  ];
}

/** What ours did when, in the order in which it did it. */
function parts(starts: readonly Start[]): Table {
  const at = (mark: (start: Start) => number | undefined) =>
    median(starts.map((start) => mark(start) ?? Number.NaN));
  const loads = Object.keys(starts[0]?.marks ?? {}).filter((name) => name.startsWith('load '));
  const moments: [string, number][] = [
    ['imported and constructed', at((start) => start.imported)],
    ['request signed and made', at((start) => start.marks.request)],
    ['connected', at((start) => start.marks.connected)],
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

async function startOnce(
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
