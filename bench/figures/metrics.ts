import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { MetricsCalls } from '../programs/metrics.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const CALLS = 20_000;
const WARM_UP = 5;
const MOST_US = 1;

/** The processor time that `emf()` adds to a hit in memory. */
export const metrics = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 21, say }: NodeBench): Promise<Figure> {
  say('metrics');
  const start = async (listens: boolean) => {
    const child = new Child<MetricsCalls>(bundles.metrics as URL, { node: node.path });
    await child.call('prepare', { listens, value: recordOf(746) });
    return child;
  };
  const [none, emf] = await Promise.all([start(false), start(true)]);
  try {
    const turn = (child: typeof none) => async () =>
      (await child.call('wrap', { calls: CALLS })).cpuUs;
    const us = await takeTurns({ none: turn(none), emf: turn(emf) }, rounds, WARM_UP);
    return report(node.name, median(us.none), median(us.emf));
  } finally {
    await Promise.all([none.stop(), emf.stop()]);
  }
}

function report(node: string, none: number, emf: number): Figure {
  return {
    name: 'metrics',
    title: 'A hit in memory with metrics, nested object of 746 bytes',
    notes: ['One line of EMF after every 1,000 hits. Processor time, garbage collection included.'],
    tables: [
      {
        columns: [{ name: `Node ${node}` }, { name: 'a hit', unit: 'us' }],
        rows: [
          ['nobody listens', none],
          ['emf()', emf],
        ],
      },
    ],
    checks: [
      { what: 'emf() adds to a hit', value: emf - none, unit: 'us', target: { atMost: MOST_US } },
    ],
  };
}
