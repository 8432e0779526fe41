import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Check, Figure, Table } from '../figure.js';
import type { SerializerCalls } from '../programs/serializers.js';
import { median } from '../statistics.js';

const ALGORITHMS = ['gzip', 'brotli', 'zstd'] as const;
const UNIT_BYTES = 1024;
/** An item without its value, bytes, about; see docs/dynamodb.md. */
const OVERHEAD_BYTES = 150;
const LEAST_FEWER = 4;
const MOST_TIMES = 2;
const PROCESSES = 5;
const TURNS = { turns: 120, warmUp: 40, calls: 5 };

const units = (bytes: number): number => Math.ceil((bytes + OVERHEAD_BYTES) / UNIT_BYTES);

/** The saving and the cost of compression for 100 KB of JSON, and the cost of rich types. */
export const serializers = (bench: Bench): Promise<Figure> => onEachNode(bench, measureOnNode);

async function measureOnNode(bench: NodeBench): Promise<Figure> {
  const { bundles, node, rounds = 15, say } = bench;
  say('serializers');
  const child = new Child<SerializerCalls>(bundles.serializers as URL, { node: node.path });
  try {
    const compression = await compressionOf(child, node.name, rounds);
    const types = await typesOf(bench);
    return {
      name: 'serializers',
      title: '100 KB of JSON compressed, and a mixed object with its types',
      notes: [
        'Processor time of one call, over that of JSON alone. Write units are those of DynamoDB, 1 KB each.',
        'The structured serializer first walks a value in JavaScript, and refuses what would not come back equal,',
        'where JSON is native code that loses it. So a write takes more than twice the time, and has no target.',
      ],
      tables: [compression.table, types.table],
      checks: [...compression.checks, ...types.checks],
    };
  } finally {
    await child.stop();
  }
}

type Value = 'catalogue' | 'mixed' | 'plain';

async function costOf(
  child: Child<SerializerCalls>,
  serializer: string,
  value: Value,
  rounds: number,
): Promise<{ write: number; read: number }> {
  const samples = { write: [] as number[], read: [] as number[] };
  for (let round = -3; round < rounds; round++) {
    for (const what of ['write', 'read'] as const) {
      const { cpuUs } = await child.call(what, { serializer, value, calls: 20 });
      if (round >= 0) samples[what].push(cpuUs);
    }
  }
  return { write: median(samples.write), read: median(samples.read) };
}

async function compressionOf(child: Child<SerializerCalls>, node: string, rounds: number) {
  const value = 'catalogue';
  const json = (await child.call('size', { serializer: 'json', value })) ?? 0;
  const bare = await costOf(child, 'json', value, rounds);
  const rows: Table['rows'][number][] = [['json', json, units(json), 1, 0, 0]];
  const checks: Check[] = [];
  for (const serializer of [...ALGORITHMS, 'encrypted']) {
    const bytes = await child.call('size', { serializer, value });
    if (bytes === undefined) continue;
    const { write, read } = await costOf(child, serializer, value, rounds);
    const fewer = units(json) / units(bytes);
    rows.push([serializer, bytes, units(bytes), fewer, write - bare.write, read - bare.read]);
    if (serializer === 'encrypted') continue;
    const what = `${serializer}: fewer write units for 100 KB of JSON`;
    checks.push({ what, value: fewer, unit: 'times', target: { atLeast: LEAST_FEWER } });
  }
  const columns: Table['columns'] = [
    { name: `Node ${node}` },
    { name: 'stored', unit: 'bytes' },
    { name: 'write units' },
    { name: 'fewer', unit: 'times' },
    { name: 'write adds', unit: 'us' },
    { name: 'read adds', unit: 'us' },
  ];
  return { table: { columns, rows }, checks };
}

/** Its own processes, because the compiler may decide otherwise in each: the figure is the median of all. */
async function typesOf({ bundles, node }: NodeBench) {
  const ratios: Record<string, number[]> = {};
  const times: Record<string, number[]> = {};
  let bytes = { json: 0, mixed: 0 };
  for (let process = 0; process < PROCESSES; process++) {
    const child = new Child<SerializerCalls>(bundles.serializers as URL, { node: node.path });
    try {
      const samples = await child.call('types', TURNS);
      for (const [name, own] of Object.entries(samples)) {
        const json = name.endsWith('Write') ? samples.jsonWrite : samples.jsonRead;
        const ratio = own.map((time, turn) => time / (json[turn] ?? Number.NaN));
        ratios[name] = [...(ratios[name] ?? []), median(ratio)];
        times[name] = [...(times[name] ?? []), median(own)];
      }
      const size = (serializer: string, value: Value) =>
        child.call('size', { serializer, value }).then((found) => found ?? 0);
      bytes = { json: await size('json', 'plain'), mixed: await size('structured', 'mixed') };
    } finally {
      await child.stop();
    }
  }
  const of = (all: Record<string, number[]>, name: string) => median(all[name] ?? []);
  const check = (what: string, value: number): Check => ({
    what: `structuredSerializer on a mixed object: ${what} of JSON`,
    value,
    unit: 'times',
    target: { atMost: MOST_TIMES },
  });
  const more = bytes.mixed / bytes.json;
  const checks = [check('bytes', more), check('time to read', of(ratios, 'mixedRead'))];
  const columns: Table['columns'] = [
    { name: `Node ${node.name}` },
    { name: 'stored', unit: 'bytes' },
    { name: 'write', unit: 'us' },
    { name: 'read', unit: 'us' },
    { name: 'write', unit: 'times' },
    { name: 'read', unit: 'times' },
  ];
  const row = (label: string, name: string, stored: number): Table['rows'][number] => [
    label,
    stored,
    of(times, `${name}Write`),
    of(times, `${name}Read`),
    of(ratios, `${name}Write`),
    of(ratios, `${name}Read`),
  ];
  const rows: Table['rows'] = [
    row('JSON of the same rows', 'json', bytes.json),
    row('structured', 'mixed', bytes.mixed),
    // Two characters in front tell the form.
    row('structured, of the rows of JSON', 'plain', bytes.json + 2),
  ];
  return { table: { columns, rows }, checks };
}
