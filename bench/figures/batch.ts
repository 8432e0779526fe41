import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { Cost } from '../programs/answer.js';
import type { WarmBareCalls } from '../programs/warm-bare.js';
import type { WarmCacheCalls } from '../programs/warm-cache.js';
import type { WarmSdkCalls } from '../programs/warm-sdk.js';
import { type DynamoDB, startDynamoDB } from '../server/dynamodb.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const KEYS = Array.from({ length: 100 }, (_, i) => `item:${i}`);
const BURSTS = 5;

/** A hundred reads that a program makes at the same moment. */
export const batch = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 25, say }: NodeBench): Promise<Figure> {
  say('batch');
  const server = await startDynamoDB(bundles['warm-cache'] as URL);
  const env = { ENDPOINT: server.http, TABLE: server.tableName };
  const cache = new Child<WarmCacheCalls>(bundles['warm-cache'] as URL, { env, node: node.path });
  const sdk = new Child<WarmSdkCalls>(bundles['warm-sdk'] as URL, { env, node: node.path });
  const cjs = new Child<WarmSdkCalls>(bundles['warm-sdk-cjs'] as URL, { env, node: node.path });
  const bare = new Child<WarmBareCalls>(bundles['warm-bare'] as URL, { env, node: node.path });
  const bursts =
    (child: { call(name: 'bursts', argument: Bursts): Promise<Cost> }, calls = BURSTS) =>
    async () =>
      (await child.call('bursts', { keys: KEYS, calls })).wallUs / 1000;
  try {
    await server.seed(Object.fromEntries(KEYS.map((key) => [key, recordOf(1024)])));
    const turns = {
      cache: bursts(cache),
      sdk: bursts(sdk),
      cjs: bursts(cjs),
      bare: bursts(bare),
    };
    const wall = await takeTurns(turns, rounds, 8);
    const requests = {
      // The service's own record of its prefix is in the same request.
      cache: await counted(server, bursts(cache, 1)),
      sdk: await counted(server, bursts(sdk, 1)),
      cjs: await counted(server, bursts(cjs, 1)),
      bare: await counted(server, bursts(bare, 1)),
    };
    const ours = median(wall.cache);
    const row = (name: string, of: keyof typeof wall): [string, number, number, number] => [
      name,
      median(wall[of]),
      median(wall[of]) / ours,
      requests[of],
    ];
    return {
      name: 'batch',
      title: '100 reads in one tick, values of 1 KB, to the last of them',
      notes: [
        'Both sides bundled. The SDK as it comes: it opens up to 50 sockets, and makes a request of each GetCommand.',
        'The server is a part of this time: it answers one request for 100 keys sooner than 100 requests.',
        'The request by hand shows how large a part: nobody parses its answer.',
      ],
      tables: [
        {
          columns: [
            { name: `Node ${node.name}` },
            { name: 'wall', unit: 'ms' },
            { name: 'ours', unit: 'times' },
            { name: 'requests' },
          ],
          rows: [
            row('@glasswork/cache, 100 gets', 'cache'),
            row('AWS SDK, 100 GetCommands', 'sdk'),
            row('AWS SDK, as CommonJS', 'cjs'),
            row('one BatchGetItem by hand, unparsed', 'bare'),
          ],
        },
      ],
      checks: [
        {
          what: 'times faster than the SDK',
          value: Math.min(median(wall.sdk), median(wall.cjs)) / ours,
          unit: 'times',
          target: { atLeast: 8 },
        },
      ],
    };
  } finally {
    await Promise.all([cache.stop(), sdk.stop(), cjs.stop(), bare.stop()]);
    await server.stop();
  }
}

interface Bursts {
  readonly keys: string[];
  readonly calls: number;
}

async function counted(server: DynamoDB, run: () => Promise<unknown>): Promise<number> {
  await server.requests();
  await run();
  return server.requests();
}
