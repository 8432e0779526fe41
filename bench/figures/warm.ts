import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { Cost } from '../programs/answer.js';
import type { WarmBareCalls } from '../programs/warm-bare.js';
import type { WarmCacheCalls } from '../programs/warm-cache.js';
import type { WarmFloorCalls } from '../programs/warm-floor.js';
import type { WarmSdkCalls } from '../programs/warm-sdk.js';
import { startDynamoDB } from '../server/dynamodb.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const CALLS = 200;
const WARM_UP = 30;
const NAMES = {
  cache: '@glasswork/cache, wrap',
  sdk: 'AWS SDK, document client',
  'sdk-cjs': 'AWS SDK, as CommonJS',
  bare: 'bare signer',
  floor: 'floor: a raw socket',
} as const;
type Contestant = keyof typeof NAMES;

/** A hit on a warm connection: what it costs the processor. */
export const warm = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 25, say }: NodeBench): Promise<Figure> {
  say('warm');
  const server = await startDynamoDB(bundles['warm-cache'] as URL);
  const env = { ENDPOINT: server.http, TABLE: server.tableName };
  const start = <C extends WarmCacheCalls | WarmSdkCalls | WarmBareCalls | WarmFloorCalls>(
    name: Contestant,
  ) => new Child<C>(bundles[`warm-${name}`] as URL, { env, node: node.path });
  const children = {
    cache: start<WarmCacheCalls>('cache'),
    sdk: start<WarmSdkCalls>('sdk'),
    'sdk-cjs': start<WarmSdkCalls>('sdk-cjs'),
    bare: start<WarmBareCalls>('bare'),
    floor: start<WarmFloorCalls>('floor'),
  };
  const wall = new Map<string, number[]>();
  const hits = (name: Contestant) => async () => {
    const child = children[name] as Child<WarmBareCalls>;
    const cost: Cost = await child.call('plainHits', { key: 'item:0', calls: CALLS });
    wall.set(name, [...(wall.get(name) ?? []), cost.wallUs]);
    return cost.cpuUs;
  };
  try {
    await server.seed({ 'item:0': recordOf(1024) });
    const cpu = await takeTurns(
      {
        cache: hits('cache'),
        sdk: hits('sdk'),
        'sdk-cjs': hits('sdk-cjs'),
        bare: hits('bare'),
        floor: hits('floor'),
      },
      rounds,
      WARM_UP,
    );
    const ours = median(cpu.cache);
    const sdk = Math.min(median(cpu.sdk), median(cpu['sdk-cjs']));
    return {
      name: 'warm',
      title: 'Warm: a hit on DynamoDB over a kept connection, a value of 1 KB',
      notes: [
        `${CALLS} calls one after the other a round; each client in a process of its own, and so is DynamoDB.`,
        'Processor time is all of the client process: user and system, garbage collection included.',
      ],
      tables: [
        {
          columns: [
            { name: `Node ${node.name}` },
            { name: 'processor', unit: 'us' },
            { name: 'wall', unit: 'us' },
            { name: 'ours', unit: 'times' },
          ],
          rows: (Object.keys(NAMES) as Contestant[]).map((name) => [
            NAMES[name],
            median(cpu[name]),
            median((wall.get(name) ?? []).slice(WARM_UP)),
            median(cpu[name]) / ours,
          ]),
        },
      ],
      checks: [
        {
          what: 'processor time of the bare signer',
          value: ours / median(cpu.bare),
          unit: 'times',
          target: { atMost: 0.95 },
        },
        {
          what: 'processor time of the floor',
          value: ours / median(cpu.floor),
          unit: 'times',
          target: { atMost: 1.4 },
        },
        {
          what: 'times less processor time than the SDK',
          value: sdk / ours,
          unit: 'times',
          target: { atLeast: 3 },
        },
      ],
    };
  } finally {
    await Promise.all(Object.values(children).map((child) => child.stop()));
    await server.stop();
  }
}
