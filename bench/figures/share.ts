import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../child.js';
import type { Bench, Check, Figure, Table } from '../figure.js';
import { judgedNodes, type NodeBinary } from '../nodes.js';
import { type ProcessorShare, processorShare } from '../processor-share.js';
import { type DynamoDB, startDynamoDB } from '../server/dynamodb.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const RUNNER = fileURLToPath(new URL('../programs/share-run.mjs', import.meta.url));
const VALUE = recordOf(1024);

/** Lambda's memory and the share of one processor that comes with it. */
const SHARES = [
  { name: '128 MB', share: 0.07 },
  { name: '512 MB', share: 0.29 },
  { name: '1,024 MB', share: 0.58 },
  { name: '1,769 MB', share: 1 },
] as const;

const CONTESTANTS = {
  'cold-cache': '@glasswork/cache',
  'cold-warmed': '@glasswork/cache, warmed while it is imported',
  'cold-sdk': 'AWS SDK, ES module',
  'cold-sdk-cjs': 'AWS SDK, CommonJS',
  'cold-bare': 'bare signer',
  'cold-floor': 'floor: a raw socket',
} as const;
type Contestant = keyof typeof CONTESTANTS;
const NAMES = Object.keys(CONTESTANTS) as Contestant[];

/** With a quota from the first call on, no target compares the SDK, and its second bundle would only take time. */
const contestantsOf = ({ from }: Where): readonly Contestant[] =>
  from === 'start' ? NAMES : NAMES.filter((name) => name !== 'cold-sdk-cjs');

/** True if the quota holds from the start of the process, and not only for the first call: Lambda initialises at full speed. */
type From = 'start' | 'call';

interface Start {
  /** Wall time from just before the import to the value, milliseconds. */
  readonly total: number;
  /** The part of the first call in it. */
  readonly call: number;
}

/** Cold starts with as much of a processor as Lambda gives. */
export async function share(bench: Bench): Promise<Figure> {
  const server = await startDynamoDB(bench.bundles['warm-cache'] as URL);
  const results: { table: Table; checks: Check[] }[] = [];
  let by = '';
  const before = loadavg()[0] ?? 0;
  try {
    await server.seed({ 'item:0': VALUE });
    for (const node of await judgedNodes()) {
      for (const transport of ['http', 'https'] as const) {
        for (const from of ['start', 'call'] as const) {
          for (const { name, share } of SHARES) {
            const limit = processorShare(share);
            by = limit.by;
            bench.say(`share: Node ${node.name} over ${transport}, ${name}, from the ${from} on`);
            try {
              const where = { node, transport, from, memory: name, limit };
              results.push(await measure(bench, server, where));
            } finally {
              limit.remove();
            }
          }
        }
      }
    }
  } finally {
    await server.stop();
  }
  return {
    name: 'share',
    title: 'Cold start with the share of a processor that Lambda gives',
    notes: [
      `The share is enforced by ${by}, for the contestant alone; DynamoDB beside it has a processor of its own.`,
      'Wall time from just before the import to the value, a fresh process for each sample.',
      `Load average before the run: ${before.toFixed(2)}${before > 1 ? ' (WARNING: something else is running)' : ''}.`,
    ],
    tables: results.map(({ table }) => table),
    checks: results.flatMap(({ checks }) => checks),
  };
}

interface Where {
  readonly node: NodeBinary;
  readonly transport: 'http' | 'https';
  readonly from: From;
  readonly memory: string;
  readonly limit: ProcessorShare;
}

async function measure({ bundles, rounds = 21 }: Bench, server: DynamoDB, where: Where) {
  const { node, transport, from, memory, limit } = where;
  const names = contestantsOf(where);
  const calls = new Map<Contestant, number[]>(names.map((name) => [name, []]));
  const timed = (name: Contestant) => async () => {
    const start = await startOnce(node.path, bundles[name] as URL, from, limit, {
      TABLE: server.tableName,
      ENDPOINT: server[transport],
      NODE_EXTRA_CA_CERTS: server.certificate,
    });
    calls.get(name)?.push(start.call);
    return start.total;
  };
  const samples = await takeTurns(
    Object.fromEntries(names.map((name) => [name, timed(name)])) as Record<
      Contestant,
      () => Promise<number>
    >,
    rounds,
    1,
  );
  const total = (name: Contestant) => median(samples[name]);
  const call = (name: Contestant) => median(calls.get(name) ?? []);
  const sdk = Math.min(...names.filter((name) => name.startsWith('cold-sdk')).map(total));
  const title = `Node ${node.name} over ${transport}, ${memory}, from the ${from} on`;
  const table: Table = {
    columns: [
      { name: title },
      { name: 'import to value', unit: 'ms' },
      { name: 'of it the first call', unit: 'ms' },
      { name: 'ours', unit: 'times' },
    ],
    rows: names.map((name) => [
      CONTESTANTS[name],
      total(name),
      call(name),
      total(name) / total('cold-cache'),
    ]),
  };
  return { table, checks: checksOf(title, where, sdk / total('cold-cache'), call) };
}

function checksOf(
  title: string,
  { from, memory }: Where,
  timesSooner: number,
  call: (name: Contestant) => number,
): Check[] {
  const checks: Check[] = [];
  const atLeast = { '512 MB': 3.5, '128 MB': 2.5 }[memory];
  if (atLeast !== undefined && from === 'start') {
    const what = `${title}: the SDK takes`;
    checks.push({ what, value: timesSooner, unit: 'times', target: { atLeast } });
  }
  if (from === 'call') {
    const value = call('cold-warmed') / call('cold-cache');
    const what = `${title}: the first call after warm(), of one without`;
    checks.push({ what, value, unit: 'times', target: { atMost: 0.2 } });
  }
  return checks;
}

function startOnce(
  node: string,
  bundle: URL,
  from: From,
  limit: ProcessorShare,
  env: NodeJS.ProcessEnv,
): Promise<Start> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [RUNNER, bundle.href, from, limit.file ?? ''], {
      env: childEnvironment(env),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const release = limit.hold(child.pid ?? 0);
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      release();
      clearTimeout(timer);
      if (code === 0) resolve(JSON.parse(output) as Start);
      else reject(new Error(`${bundle.pathname} ended with code ${code}`));
    });
  });
}
