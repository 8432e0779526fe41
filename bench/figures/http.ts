import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { Contestant, HttpCalls } from '../programs/http.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const REQUESTS = 1_000;
const WARM_UP = 5;
const MOST_ABOVE_US = 25;
const NAMES = {
  bare: 'the bare handler',
  cached: 'cacheResponses',
  tagged: 'cacheResponses, two tags of the response, with tagTTL',
  ocache: 'ocache',
  hono: "Hono's cache middleware, over a Map of responses",
} as const satisfies Partial<Record<Contestant, string>>;
type InMemory = keyof typeof NAMES;
const CONTESTANTS = Object.keys(NAMES) as InMemory[];

/** The processor time that a cached response adds to a request through Hono. */
export const http = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 21, say }: NodeBench): Promise<Figure> {
  say('http');
  const children: Child<HttpCalls>[] = [];
  const turns = {} as Record<InMemory, () => Promise<number>>;
  try {
    for (const contestant of CONTESTANTS) {
      const child = new Child<HttpCalls>(bundles.http as URL, { node: node.path });
      children.push(child);
      await child.call('prepare', { contestant, value: recordOf(746) });
      turns[contestant] = async () => {
        const { cpuUs, answers } = await child.call('requests', { contestant, calls: REQUESTS });
        const expected = contestant === 'bare' ? REQUESTS : 0;
        if (answers !== expected) throw new Error(`${contestant}: ${answers} answers of the route`);
        return cpuUs;
      };
    }
    return report(node.name, await takeTurns(turns, rounds, WARM_UP));
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

function report(node: string, samples: Record<InMemory, readonly number[]>): Figure {
  const us = (name: InMemory) => median(samples[name]);
  const above = (name: InMemory) => us(name) - us('bare');
  return {
    name: 'http',
    title: 'A cached response through Hono in memory, JSON of 746 bytes',
    notes: [
      'One request after the other, whose response is read to its end. Processor time, garbage collection included.',
      'Node has no `caches`, which Hono needs: a Map of responses without any limit stands for it.',
    ],
    tables: [
      {
        columns: [
          { name: `Node ${node}` },
          { name: 'a request', unit: 'us' },
          { name: 'above the bare handler', unit: 'us' },
        ],
        rows: CONTESTANTS.map((name) => [NAMES[name], us(name), above(name)]),
      },
    ],
    checks: (['cached', 'tagged'] as const).map((name) => ({
      what: `${NAMES[name]}: above the bare handler`,
      value: above(name),
      unit: 'us',
      target: { atMost: MOST_ABOVE_US },
    })),
  };
}
