import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { Contestant, HttpCalls } from '../programs/http.js';
import { startDynamoDB } from '../server/dynamodb.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const REQUESTS = 200;
const WARM_UP = 8;
const NAMES = {
  wrapped: 'a route that wraps its value',
  stored: 'a route behind cacheResponses',
} as const satisfies Partial<Record<Contestant, string>>;
type Way = keyof typeof NAMES;
const WAYS = Object.keys(NAMES) as Way[];

/** The cost of a response from DynamoDB above that of a value from there, in the same route. */
export const httpDynamoDB = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 121, say }: NodeBench): Promise<Figure> {
  say('httpDynamoDB');
  const server = await startDynamoDB(bundles['warm-cache'] as URL);
  const env = { ENDPOINT: server.http, TABLE: server.tableName };
  // Both in one process: two processes differ by more than what is measured, even when they run the same.
  const child = new Child<HttpCalls>(bundles.http as URL, { env, node: node.path });
  const cpuOf = (contestant: Way) => async () => {
    const { cpuUs, answers } = await child.call('requests', { contestant, calls: REQUESTS });
    if (answers > 0) throw new Error(`${contestant}: ${answers} answers of the route`);
    return cpuUs;
  };
  try {
    for (const contestant of WAYS)
      await child.call('prepare', { contestant, value: recordOf(746) });
    const turns = { wrapped: cpuOf('wrapped'), stored: cpuOf('stored') };
    const samples = await takeTurns(turns, rounds, WARM_UP);
    const wrapped = median(samples.wrapped);
    const stored = median(samples.stored);
    return {
      name: 'httpDynamoDB',
      title: 'A cached response through Hono from DynamoDB, JSON of 746 bytes',
      notes: ['One request after the other, whose response is read to its end. Processor time.'],
      tables: [
        {
          columns: [
            { name: `Node ${node.name}` },
            { name: 'a request', unit: 'us' },
            { name: 'of `wrap`', unit: 'times' },
          ],
          rows: WAYS.map((way) => [
            NAMES[way],
            median(samples[way]),
            median(samples[way]) / wrapped,
          ]),
        },
      ],
      checks: [
        {
          what: 'processor time of a hit by `wrap`',
          value: stored / wrapped,
          unit: 'times',
          target: { atMost: 1.1 },
        },
      ],
    };
  } finally {
    await child.stop();
    await server.stop();
  }
}
