import { RedisProcess } from '../../test/servers/redis-process.js';
import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { WarmNodeRedisCalls } from '../programs/warm-node-redis.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const MAJORS = ['6', '5'] as const;
const CALLS = 1_000;
const WARM_UP = 15;
const PAIRS = 5;
const KEY = 'item:0';

/** The processor time of a hit in a store over a client of node-redis. */
export const nodeRedis = (bench: Bench): Promise<Figure> => onEachNode(bench, measureOnNode);

async function measureOnNode(bench: NodeBench): Promise<Figure> {
  const server = await RedisProcess.start();
  try {
    const measured = [];
    for (const major of MAJORS)
      measured.push({ major, ...(await measure(bench, major, server.url)) });
    return report(bench.node.name, measured);
  } finally {
    await server.stop();
  }
}

interface Hit {
  /** Processor time of a hit, microseconds: of the cache, and by hand. */
  readonly cache: number;
  readonly bare: number;
}

/** Pairs of processes that take turns, because how the code of one lies in memory makes some percent of difference. */
async function measure({ bundles, node, rounds = 15, say }: NodeBench, major: string, url: string) {
  const samples = { cache: [] as number[], bare: [] as number[] };
  for (let pair = 1; pair <= PAIRS; pair++) {
    say(`node-redis ${major}: processes ${pair} of ${PAIRS}`);
    const start = () =>
      new Child<WarmNodeRedisCalls>(bundles['warm-node-redis'] as URL, {
        env: { URL: url, MAJOR: major },
        node: node.path,
      });
    const [cache, bare] = [start(), start()];
    try {
      for (const child of [cache, bare])
        await child.call('seed', { key: KEY, value: recordOf(1024) });
      const hit = (child: typeof cache, what: 'wraps' | 'bareGets') => async () =>
        (await child.call(what, { key: KEY, calls: CALLS })).cpuUs;
      const turns = { cache: hit(cache, 'wraps'), bare: hit(bare, 'bareGets') };
      const taken = await takeTurns(turns, rounds, WARM_UP);
      samples.cache.push(...taken.cache);
      samples.bare.push(...taken.bare);
    } finally {
      await Promise.all([cache.stop(), bare.stop()]);
    }
  }
  return { cache: median(samples.cache), bare: median(samples.bare) };
}

function report(node: string, measured: readonly (Hit & { readonly major: string })[]): Figure {
  return {
    name: 'nodeRedis',
    title: 'node-redis: a hit through a client of your own; values of 1 KB',
    notes: [
      `${CALLS} calls one after the other a round; ${PAIRS} pairs of processes, and Redis in one of its own.`,
      'By hand: `get` of the same version of node-redis and a JSON.parse. The store sends its commands without the',
      "layers of node-redis's own methods, which have become slower in version 6.",
    ],
    tables: [
      {
        columns: [
          { name: `Node ${node}` },
          { name: 'processor', unit: 'us' },
          { name: 'by hand', unit: 'us' },
          { name: 'by hand', unit: 'times' },
        ],
        rows: measured.map(({ major, cache, bare }) => [
          `wrap through node-redis ${major}`,
          cache,
          bare,
          cache / bare,
        ]),
      },
    ],
    checks: measured.map(({ major, cache, bare }) => ({
      what: `node-redis ${major}: processor time of a hit by hand`,
      value: cache / bare,
      unit: 'times',
      target: { atMost: 1.15 },
    })),
  };
}
