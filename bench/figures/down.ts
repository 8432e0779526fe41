import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { DownCalls } from '../programs/down.js';
import { median } from '../statistics.js';

const CALLS = 10_000;
const MOST_US = 1_000;

/** The cost of a store that is down, for its callers and the origin, once the breaker has opened. */
export const down = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 9, say }: NodeBench): Promise<Figure> {
  say('down');
  const child = new Child<DownCalls>(bundles.down as URL, { node: node.path });
  try {
    const runs = [];
    for (let round = 0; round < rounds; round++)
      runs.push(await child.call('wraps', { calls: CALLS }));
    const us = median(runs.map((run) => run.us));
    const loads = Math.max(...runs.map((run) => run.loads)) / CALLS;
    return {
      name: 'down',
      title: 'A store that is down, once the breaker is open',
      notes: [`${CALLS} misses of as many keys a round; the load answers at once.`],
      tables: [
        {
          columns: [
            { name: `Node ${node.name}` },
            { name: 'wall', unit: 'us' },
            { name: 'loads a call', unit: 'times' },
          ],
          rows: [['wrap', us, loads]],
        },
      ],
      checks: [
        { what: 'a call', value: us, unit: 'us', target: { atMost: MOST_US } },
        { what: 'loads a call', value: loads, unit: 'times', target: { atMost: 1 } },
      ],
    };
  } finally {
    await child.stop();
  }
}
