import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { FillCalls } from '../programs/fill.js';
import { median, quantile, type Samples, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';

const CALLS = 10;
const WARM_UP = 3;
const WRITE_MS = 8;
const LEAST_SOONER_MS = 7;

/** How much sooner a miss answers that leaves its write to the background. */
export const fill = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure({ bundles, node, rounds = 21, say }: NodeBench): Promise<Figure> {
  say('fill');
  const child = new Child<FillCalls>(bundles.fill as URL, { node: node.path });
  const msOf = (background: boolean) => async () =>
    (await child.call('misses', { calls: CALLS, background })).wallUs / 1_000;
  try {
    await child.call('prepare', { value: recordOf(746), writeMs: WRITE_MS });
    const turns = { awaited: msOf(false), background: msOf(true) };
    return report(node.name, await takeTurns(turns, rounds, WARM_UP));
  } finally {
    await child.stop();
  }
}

function report(node: string, ms: Record<'awaited' | 'background', Samples>): Figure {
  const row = (name: string, samples: Samples) =>
    [name, median(samples), quantile(samples, 0.25), quantile(samples, 0.75)] as const;
  return {
    name: 'fill',
    title: `A miss where every write takes ${WRITE_MS} ms, nested object of 746 bytes`,
    notes: [
      `${CALLS} keys one after the other a round, until the caller has the value; the load returns at once.`,
      'Both in one process, on a memory store whose writes wait for a timer.',
    ],
    tables: [
      {
        columns: [
          { name: `Node ${node}` },
          { name: 'median', unit: 'ms' },
          { name: 'quarter', unit: 'ms' },
          { name: 'three quarters', unit: 'ms' },
        ],
        rows: [
          row('wrap, which waits for its write', ms.awaited),
          row('wrap with a waitUntil', ms.background),
        ],
      },
    ],
    checks: [
      {
        what: 'sooner with a waitUntil',
        value: median(ms.awaited) - median(ms.background),
        unit: 'ms',
        target: { atLeast: LEAST_SOONER_MS },
      },
    ],
  };
}
