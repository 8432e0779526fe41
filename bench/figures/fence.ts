import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { WarmCacheCalls } from '../programs/warm-cache.js';
import { type DynamoDB, startDynamoDB } from '../server/dynamodb.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const CALLS = 200;
const WARM_UP = 8;
const TAGS = ['tag:a', 'tag:b'];
const KINDS = {
  fenced: 'wrap, with the fence',
  again: 'the same again: what this measurement is worth',
  unfenced: 'wrap, with the versions of the store hidden',
  tagged: 'wrap, with the fence and 2 known tags',
  found: 'get, with 2 tags that only the entry names',
} as const;
type Kind = keyof typeof KINDS;
const ALL = Object.keys(KINDS) as Kind[];

const hits = (child: Child<WarmCacheCalls>, kind: Kind, calls: number) => {
  if (kind === 'found') return child.call('gets', { key: 'tagged', calls });
  if (kind === 'tagged') return child.call('hits', { key: 'tagged', tags: TAGS, calls });
  if (kind === 'unfenced') return child.call('unfencedHits', { key: 'plain', calls });
  return child.call('hits', { key: 'plain', tags: [], calls });
};

/** The cost of the fence for a hit. */
export const fence = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 61, say }: NodeBench): Promise<Figure> {
  say('fence');
  const server = await startDynamoDB(bundles['warm-cache'] as URL);
  const start = () => {
    const env = { ENDPOINT: server.http, TABLE: server.tableName };
    return new Child<WarmCacheCalls>(bundles['warm-cache'] as URL, { env, node: node.path });
  };
  // All in one process: two processes differ by more than the fence costs, even when they run the same.
  const together = start();
  const cpuOf = (kind: Kind) => async () => (await hits(together, kind, CALLS)).cpuUs;
  try {
    await server.seed({ plain: recordOf(1024) });
    await server.seed({ tagged: recordOf(1024) }, TAGS);
    const cpu = await takeTurns(
      {
        fenced: cpuOf('fenced'),
        again: cpuOf('again'),
        unfenced: cpuOf('unfenced'),
        tagged: cpuOf('tagged'),
        found: cpuOf('found'),
      },
      rounds,
      WARM_UP,
    );
    const requests = new Map<Kind, number>();
    for (const kind of ALL) {
      // A new process has the version of the prefix to read as well.
      const child = start();
      requests.set(kind, await requestsOf(server, () => hits(child, kind, 1)));
      await child.stop();
    }
    const without = median(cpu.unfenced);
    return {
      name: 'fence',
      title: 'The fence: what a hit on DynamoDB costs because invalidation wins',
      notes: [
        'Requests are counted at the server, those of the first hit of a process: it reads the version of the prefix as well.',
        'The versions of tags are read with every hit.',
      ],
      tables: [
        {
          columns: [
            { name: `Node ${node.name}` },
            { name: 'requests a hit' },
            { name: 'processor', unit: 'us' },
            { name: 'unfenced', unit: 'times' },
          ],
          rows: ALL.map((kind) => [
            KINDS[kind],
            requests.get(kind) ?? Number.NaN,
            median(cpu[kind]),
            median(cpu[kind]) / without,
          ]),
        },
      ],
      checks: [
        {
          what: 'requests a hit, with the fence',
          value: requests.get('fenced') ?? Number.NaN,
          unit: '',
          target: { atMost: 1 },
        },
        {
          what: 'requests a hit, with the fence and known tags',
          value: requests.get('tagged') ?? Number.NaN,
          unit: '',
          target: { atMost: 1 },
        },
        {
          what: 'processor time of a hit without the fence',
          value: median(cpu.fenced) / without,
          unit: 'times',
          target: { atMost: 1.1 },
        },
      ],
    };
  } finally {
    await together.stop();
    await server.stop();
  }
}

async function requestsOf(server: DynamoDB, run: () => Promise<unknown>): Promise<number> {
  await server.requests();
  await run();
  return server.requests();
}
