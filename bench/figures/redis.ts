import { RedisProcess } from '../../test/servers/redis-process.js';
import { Child } from '../child.js';
import type { Bench, Figure } from '../figure.js';
import type { WarmRedisCalls } from '../programs/warm-redis.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const CALLS = 1_000;
const BURSTS = 5;
const WARM_UP = 15;
const KEYS = Array.from({ length: 100 }, (_, i) => `item:${i}`);
const KEY = 'item:0';

/** What a hit on Redis costs the processor, and what it saves to read together. */
export async function redis({ bundles, rounds = 25, say }: Bench): Promise<Figure> {
  say('redis');
  const server = await RedisProcess.start();
  const start = () =>
    new Child<WarmRedisCalls>(bundles['warm-redis'] as URL, { env: { URL: server.url } });
  const [cache, bare] = [start(), start()];
  try {
    await cache.call('seed', Object.fromEntries(KEYS.map((key) => [key, recordOf(1024)])));
    const wall = { cache: [] as number[], bare: [] as number[] };
    const cpu = await takeTurns(
      {
        cache: async () => {
          const cost = await cache.call('wraps', { key: KEY, calls: CALLS });
          wall.cache.push(cost.wallUs);
          return cost.cpuUs;
        },
        bare: async () => {
          const cost = await bare.call('bareGets', { key: KEY, calls: CALLS });
          wall.bare.push(cost.wallUs);
          return cost.cpuUs;
        },
      },
      rounds,
      WARM_UP,
    );
    const read = (how: 'bursts' | 'oneByOne') => async () =>
      (await cache.call(how, { keys: KEYS, calls: BURSTS })).wallUs / 1000;
    const together = await takeTurns(
      { bursts: read('bursts'), oneByOne: read('oneByOne') },
      rounds,
      WARM_UP,
    );
    const row = (name: string, of: 'cache' | 'bare'): [string, ...number[]] => [
      name,
      median(cpu[of]),
      median(wall[of].slice(WARM_UP)),
      median(cpu[of]) / median(cpu.bare),
    ];
    const oneByOne = median(together.oneByOne);
    return {
      name: 'redis',
      title: 'Redis: a hit over a kept connection, and 100 reads in one tick; values of 1 KB',
      notes: [
        `${CALLS} calls one after the other a round; the client of each in a process of its own, and so is Redis.`,
        'By hand: ioredis, a GET and a JSON.parse, without a version, a time limit or an event.',
      ],
      tables: [
        {
          columns: [
            { name: `Node ${process.version}` },
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
            ['one by one', oneByOne, 1],
            ['in one tick', median(together.bursts), oneByOne / median(together.bursts)],
          ],
        },
      ],
      checks: [
        {
          what: 'processor time of a hit by hand',
          value: median(cpu.cache) / median(cpu.bare),
          unit: 'times',
          target: { atMost: 1.15 },
        },
        {
          what: 'in one tick, faster than one by one',
          value: oneByOne / median(together.bursts),
          unit: 'times',
          target: { atLeast: 5 },
        },
      ],
    };
  } finally {
    await Promise.all([cache.stop(), bare.stop()]);
    await server.stop();
  }
}
