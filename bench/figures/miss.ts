import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { Contestant, MissCalls } from '../programs/miss.js';
import { median, quantile, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const CALLS = 5_000;
const WARM_UP = 5;
const MOST_US = 12;
const LEAST_TIMES_LESS = 2;
const NAMES = {
  cache: '@glasswork/cache, wrap',
  bentocache: 'bentocache, getOrSet',
  hand: 'a Map and JSON by hand',
} as const satisfies Record<Contestant, string>;
const CONTESTANTS = Object.keys(NAMES) as Contestant[];

/** The processor time of a miss, with its load and its fill in memory. */
export const miss = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 21, say }: NodeBench): Promise<Figure> {
  say('miss');
  const children = new Map<Contestant, Child<MissCalls>>();
  const turns = {} as Record<Contestant, () => Promise<number>>;
  try {
    for (const contestant of CONTESTANTS) {
      const child = new Child<MissCalls>(bundles.miss as URL, { node: node.path });
      children.set(contestant, child);
      await child.call('prepare', { contestant, value: recordOf(746) });
      turns[contestant] = async () => (await child.call('misses', { calls: CALLS })).cpuUs;
    }
    return report(node.name, await takeTurns(turns, rounds, WARM_UP));
  } finally {
    await Promise.all(Array.from(children.values(), (child) => child.stop()));
  }
}

function report(node: string, us: Record<Contestant, readonly number[]>): Figure {
  const ours = median(us.cache);
  return {
    name: 'miss',
    title: 'A miss with its load and its fill in memory, nested object of 746 bytes',
    notes: [
      `${CALLS} keys one after the other a round, in a new cache; the load returns at once.`,
      'Each contestant in a process of its own. Processor time, of all its threads: garbage collection is in it.',
    ],
    tables: [
      {
        columns: [
          { name: `Node ${node}` },
          { name: 'median', unit: 'us' },
          { name: 'quarter', unit: 'us' },
          { name: 'three quarters', unit: 'us' },
          { name: 'ours', unit: 'times' },
        ],
        rows: CONTESTANTS.map((name) => [
          NAMES[name],
          median(us[name]),
          quantile(us[name], 0.25),
          quantile(us[name], 0.75),
          median(us[name]) / ours,
        ]),
      },
    ],
    checks: [
      { what: 'a miss', value: ours, unit: 'us', target: { atMost: MOST_US } },
      {
        what: 'times less than bentocache',
        value: median(us.bentocache) / ours,
        unit: 'times',
        target: { atLeast: LEAST_TIMES_LESS },
      },
    ],
  };
}
