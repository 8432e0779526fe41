import { RedisProcess } from '../../test/servers/redis-process.js';
import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { NodeBinary } from '../nodes.js';
import type { WarmRedisCalls } from '../programs/warm-redis.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

/** Short turns: a change of the machine's load then meets both contestants of a round. */
const CALLS = 250;
const BURSTS = 5;
const WARM_UP = 15;
const PAIRS = 5;
const KEYS = Array.from({ length: 100 }, (_, i) => `item:${i}`);
const KEY = 'item:0';

/** The processor time of a hit on Redis, and the saving of reading together. */
export const redis = (bench: Bench): Promise<Figure> => onEachNode(bench, measureOnNode);

async function measureOnNode({ bundles, node, rounds = 60, say }: NodeBench): Promise<Figure> {
  const server = await RedisProcess.start();
  try {
    const samples: Samples = {
      cache: [],
      bare: [],
      cacheWall: [],
      bareWall: [],
      bursts: [],
      oneByOne: [],
    };
    for (let pair = 1; pair <= PAIRS; pair++) {
      say(`redis: processes ${pair} of ${PAIRS}`);
      await measure(
        { program: bundles['warm-redis'] as URL, url: server.url, rounds, node },
        samples,
      );
    }
    return report(node, samples);
  } finally {
    await server.stop();
  }
}

type Samples = Record<
  'cache' | 'bare' | 'cacheWall' | 'bareWall' | 'bursts' | 'oneByOne',
  number[]
>;

interface Pair {
  readonly program: URL;
  readonly url: string;
  readonly rounds: number;
  readonly node: NodeBinary;
}

/** One pair of processes, for a hit and for reads together. */
async function measure({ program, url, rounds, node }: Pair, samples: Samples) {
  const start = () => new Child<WarmRedisCalls>(program, { env: { URL: url }, node: node.path });
  const [cache, bare] = [start(), start()];
  try {
    await cache.call('seed', Object.fromEntries(KEYS.map((key) => [key, recordOf(1024)])));
    const wall = { cache: [] as number[], bare: [] as number[] };
    const hit =
      (of: 'cache' | 'bare', child: typeof cache, what: 'wraps' | 'bareGets') => async () => {
        const cost = await child.call(what, { key: KEY, calls: CALLS });
        wall[of].push(cost.wallUs);
        return cost.cpuUs;
      };
    const turns = { cache: hit('cache', cache, 'wraps'), bare: hit('bare', bare, 'bareGets') };
    const cpu = await takeTurns(turns, rounds, WARM_UP);
    const read = (how: 'bursts' | 'oneByOne') => async () =>
      (await cache.call(how, { keys: KEYS, calls: BURSTS })).wallUs / 1000;
    const together = await takeTurns(
      { bursts: read('bursts'), oneByOne: read('oneByOne') },
      rounds,
      WARM_UP,
    );
    samples.cache.push(...cpu.cache);
    samples.bare.push(...cpu.bare);
    samples.cacheWall.push(...wall.cache.slice(WARM_UP));
    samples.bareWall.push(...wall.bare.slice(WARM_UP));
    samples.bursts.push(...together.bursts);
    samples.oneByOne.push(...together.oneByOne);
  } finally {
    await Promise.all([cache.stop(), bare.stop()]);
  }
}

function report(node: NodeBinary, samples: Samples): Figure {
  const of = (name: keyof Samples) => median(samples[name]);
  const row = (name: string, who: 'cache' | 'bare'): [string, ...number[]] => [
    name,
    of(who),
    of(`${who}Wall`),
    of(who) / of('bare'),
  ];
  return {
    name: 'redis',
    title: 'Redis: a hit over a kept connection, and 100 reads in one tick; values of 1 KB',
    notes: [
      `${CALLS} calls one after the other a round; the client of each in a process of its own, and so is Redis.`,
      `${PAIRS} pairs of processes: how the code of one lies in memory makes some percent of difference.`,
      'By hand: ioredis, a GET and a JSON.parse, without a version, a time limit or an event.',
    ],
    tables: [
      {
        columns: [
          { name: `Node ${node.name}` },
          { name: 'processor', unit: 'us' },
          { name: 'wall', unit: 'us' },
          { name: 'by hand', unit: 'times' },
        ],
        rows: [row('@glasswork/cache, wrap', 'cache'), row('ioredis by hand', 'bare')],
      },
      {
        columns: [
          { name: '100 gets of @glasswork/cache' },
          { name: 'wall', unit: 'ms' },
          { name: 'faster', unit: 'times' },
        ],
        rows: [
          ['one by one', of('oneByOne'), 1],
          ['in one tick', of('bursts'), of('oneByOne') / of('bursts')],
        ],
      },
    ],
    checks: [
      {
        what: 'processor time of a hit by hand',
        value: of('cache') / of('bare'),
        unit: 'times',
        target: { atMost: 1.15 },
      },
      {
        what: 'in one tick, faster than one by one',
        value: of('oneByOne') / of('bursts'),
        unit: 'times',
        target: { atLeast: 5 },
      },
    ],
  };
}
