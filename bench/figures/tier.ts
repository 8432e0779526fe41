import { Child } from '../child.js';
import type { Bench, Check, Figure, Table } from '../figure.js';
import { judgedNodes, type NodeBinary } from '../nodes.js';
import type { Contestant, TierCalls } from '../programs/tier.js';
import { median, quantile, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const WARM_UP = 5;
const VALUE = recordOf(746);
/** Work in one turn, nanoseconds, about: some collections of garbage are in each. */
const TURN_NS = 20e6;
const MOST_ABOVE_PARSE_NS = 500;
const MOST_FROZEN_NS = 400;
const MOST_OF_LAYERED = 3;
const LEAST_TIMES_FASTER = 7;

const NAMES = {
  copies: 'MemoryCacheStore, a copy each',
  frozen: 'MemoryCacheStore, frozen',
  'tiers, copies': 'TieredCacheStore, a copy each',
  'tiers, frozen': 'TieredCacheStore, frozen',
  'layered-loader': 'layered-loader, shared',
  bentocache: 'bentocache',
  cacheable: 'cacheable',
  'cache-manager': 'cache-manager over cacheable, bounded',
  'cache-manager, unbounded': 'cache-manager, unbounded and shared',
} as const satisfies Record<Contestant, string>;
const CONTESTANTS = Object.keys(NAMES) as Contestant[];
const PARSE = 'JSON.parse';
type Timed = Contestant | typeof PARSE;
const SLOWER = [
  'bentocache',
  'cacheable',
  'cache-manager',
  'cache-manager, unbounded',
] as const satisfies readonly Contestant[];

/** A hit in a tier in this process, against those of other libraries. */
export async function tier({ bundles, rounds = 21, say }: Bench): Promise<Figure> {
  const results = [];
  for (const node of await judgedNodes()) {
    say(`tier: Node ${node.name}`);
    results.push(await measure(bundles.tier as URL, node, rounds));
  }
  return {
    name: 'tier',
    title: 'A hit in memory in front of a load: get or load, nested object of 746 bytes',
    notes: [
      'One call after the other, of one key; each contestant in a process of its own. Processor time, of all its threads.',
      'Those that are shared give every caller one object; of them, only ours that are frozen keep callers from changing it.',
    ],
    tables: results.map(({ table }) => table),
    checks: results.flatMap(({ checks }) => checks),
  };
}

async function measure(program: URL, node: NodeBinary, rounds: number) {
  const children = new Map<Timed, Child<TierCalls>>();
  const turns = {} as Record<Timed, () => Promise<number>>;
  try {
    for (const contestant of CONTESTANTS) {
      const child = new Child<TierCalls>(program, { node: node.path });
      children.set(contestant, child);
      await child.call('prepare', { contestant, value: VALUE });
      turns[contestant] = await turnOf(child, 'hits');
    }
    const parser = new Child<TierCalls>(program, { node: node.path });
    children.set(PARSE, parser);
    await parser.call('prepare', { contestant: 'copies', value: VALUE });
    turns[PARSE] = await turnOf(parser, 'parses');
    return report(node.name, await takeTurns(turns, rounds, WARM_UP));
  } finally {
    await Promise.all(Array.from(children.values(), (child) => child.stop()));
  }
}

/** As much time for each, so that an interruption is as likely in all. */
async function turnOf(child: Child<TierCalls>, what: 'hits' | 'parses') {
  const { wallUs } = await child.call(what, { calls: 2_000 });
  const calls = Math.ceil(TURN_NS / 1000 / wallUs);
  return async () => (await child.call(what, { calls })).cpuUs * 1000;
}

function report(node: string, samples: Record<Timed, readonly number[]>) {
  const ns = (name: Timed) => median(samples[name]);
  const check = (what: string, value: number, unit: string, target: Check['target']): Check => ({
    what: `Node ${node}: ${what}`,
    ...{ value, unit, target },
  });
  const table: Table = {
    columns: [
      { name: `Node ${node}` },
      { name: 'median', unit: 'ns' },
      { name: 'quarter', unit: 'ns' },
      { name: 'three quarters', unit: 'ns' },
      { name: 'of frozen', unit: 'times' },
    ],
    rows: ([PARSE, ...CONTESTANTS] as const).map((name) => [
      name === PARSE ? name : NAMES[name],
      ns(name),
      quantile(samples[name], 0.25),
      quantile(samples[name], 0.75),
      ns(name) / ns('frozen'),
    ]),
  };
  const checks = [
    ...(['copies', 'tiers, copies'] as const).map((name) =>
      check(`${name}: above JSON.parse`, ns(name) - ns(PARSE), 'ns', {
        atMost: MOST_ABOVE_PARSE_NS,
      }),
    ),
    ...(['frozen', 'tiers, frozen'] as const).map((name) =>
      check(`${name}: a hit`, ns(name), 'ns', { atMost: MOST_FROZEN_NS }),
    ),
    check('tiers, frozen: of layered-loader', ns('tiers, frozen') / ns('layered-loader'), 'times', {
      atMost: MOST_OF_LAYERED,
    }),
    ...SLOWER.map((name) =>
      check(`tiers, frozen: faster than ${name}`, ns(name) / ns('tiers, frozen'), 'times', {
        atLeast: LEAST_TIMES_FASTER,
      }),
    ),
  ];
  return { table, checks };
}
