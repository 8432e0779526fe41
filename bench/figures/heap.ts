import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import { SHAPES } from '../heap/growth.js';
import type { HeapCalls } from '../programs/heap.js';

const MAX_BYTES = 16 * 1024 * 1024;
const LEAST = 0.6;
const MOST = 1.5;

/** How well `maxBytes` says what a full `MemoryCacheStore` needs. */
export const heap = (bench: Bench): Promise<Figure> => onEachNode(bench, measure);

async function measure(bench: NodeBench): Promise<Figure> {
  const rows: [string, number, number][] = [];
  for (const shape of Object.keys(SHAPES)) {
    bench.say(`heap: ${shape}`);
    rows.push([shape, await grow(bench, shape, false), await grow(bench, shape, true)]);
  }
  return {
    name: 'heap',
    title: 'The heap of a full MemoryCacheStore, against its maxBytes',
    notes: [
      `maxBytes is ${MAX_BYTES / 1024 / 1024} MiB. A service fills the store, each value is read once, and garbage is collected.`,
    ],
    tables: [
      {
        columns: [
          { name: `Node ${bench.node.name}, values` },
          { name: 'copied', unit: 'times' },
          { name: 'frozen', unit: 'times' },
        ],
        rows,
      },
    ],
    checks: rows.flatMap(([shape, ...times]) =>
      times.flatMap((value, i) => {
        const what = `${shape}, ${i === 0 ? 'copied' : 'frozen'}: heap by maxBytes`;
        return [
          { what, value, unit: 'times', target: { atLeast: LEAST } },
          { what, value, unit: 'times', target: { atMost: MOST } },
        ];
      }),
    ),
  };
}

/** In a process of its own: what another shape has left in the heap is none of it. */
async function grow({ bundles, node }: NodeBench, shape: string, frozen: boolean): Promise<number> {
  const child = new Child<HeapCalls>(bundles.heap as URL, { node: node.path });
  try {
    return await child.call('grow', { shape, frozen, maxBytes: MAX_BYTES });
  } finally {
    await child.stop();
  }
}
