import { Child } from '../child.js';
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
  unfenced: 'wrap, with the versions of the store hidden',
  tagged: 'wrap, with the fence and 2 known tags',
  found: 'get, with 2 tags that only the entry names',
} as const;
type Kind = keyof typeof KINDS;
const ALL = Object.keys(KINDS) as Kind[];

/** What it costs a hit that invalidation wins. */
export async function fence({ bundles, rounds = 41, say }: Bench): Promise<Figure> {
  say('fence');
  const server = await startDynamoDB(bundles['warm-cache'] as URL);
  const children = new Map(
    ALL.map((kind) => {
      const env = { ENDPOINT: server.http, TABLE: server.tableName, STORE: kind };
      return [kind, new Child<WarmCacheCalls>(bundles['warm-cache'] as URL, { env })] as const;
    }),
  );
  const hits = (kind: Kind, calls: number) => {
    const child = children.get(kind) as Child<WarmCacheCalls>;
    if (kind === 'found') return child.call('gets', { key: 'tagged', calls });
    if (kind === 'tagged') return child.call('hits', { key: 'tagged', tags: TAGS, calls });
    return child.call('hits', { key: 'plain', tags: [], calls });
  };
  const cpuOf = (kind: Kind) => async () => (await hits(kind, CALLS)).cpuUs;
  try {
    await server.seed({ plain: recordOf(1024) });
    await server.seed({ tagged: recordOf(1024) }, TAGS);
    const cpu = await takeTurns(
      {
        fenced: cpuOf('fenced'),
        unfenced: cpuOf('unfenced'),
        tagged: cpuOf('tagged'),
        found: cpuOf('found'),
      },
      rounds,
      WARM_UP,
    );
    const requests = new Map<Kind, number>();
    for (const kind of ALL) requests.set(kind, await requestsOf(server, () => hits(kind, CALLS)));
    const without = median(cpu.unfenced);
    return {
      name: 'fence',
      title: 'The fence: what a hit on DynamoDB costs because invalidation wins',
      notes: ['Requests are counted at the server. Versions of tags are read with every hit.'],
      tables: [
        {
          columns: [
            { name: `Node ${process.version}` },
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
    await Promise.all([...children.values()].map((child) => child.stop()));
    await server.stop();
  }
}

async function requestsOf(server: DynamoDB, run: () => Promise<unknown>): Promise<number> {
  await server.requests();
  await run();
  return (await server.requests()) / CALLS;
}
