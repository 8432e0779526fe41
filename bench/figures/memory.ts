import { Child } from '../child.js';
import { type NodeBench, onEachNode } from '../each-node.js';
import type { Bench, Figure } from '../figure.js';
import type { MemoryCalls } from '../programs/memory.js';
import { median, quantile, takeTurns } from '../statistics.js';
import { recordOf, sized, stringOf } from '../values.js';

const MOST_NS = 500;
const WARM_UP = 5;
const VALUES = {
  'object, 23 bytes': sized({ id: 471, name: 'Ada' }, 23),
  'string, 920 bytes': stringOf(920),
  'nested object, 746 bytes': recordOf(746),
};
/** Work in one turn, nanoseconds, about: some collections of garbage are in each. */
const TURN_NS = 20e6;

/** The time that a hit of `wrap` in memory adds to a bare `JSON.parse`. */
export const memory = (bench: Bench): Promise<Figure> => onEachNode(bench, measureOnNode);

async function measureOnNode({ bundles, node, rounds = 41, say }: NodeBench): Promise<Figure> {
  const rows: [string, ...number[]][] = [];
  for (const [name, value] of Object.entries(VALUES)) {
    say(`memory: ${name}`);
    // A process for each value, so that none is optimised for what another one looks like.
    const child = new Child<MemoryCalls>(bundles.memory as URL, { node: node.path });
    try {
      rows.push([name, ...(await measure(child, value, rounds))]);
    } finally {
      await child.stop();
    }
  }
  return {
    name: 'memory',
    title: 'A hit in memory, against a bare JSON.parse of the same value',
    notes: [
      'One call after the other, of one key. The spread is that of wrap between the quarters.',
      'Where the processor time that wrap adds is far below its wall time, the machine was busy: measure again.',
    ],
    tables: [
      {
        columns: [
          { name: `Node ${node.name}` },
          { name: 'JSON', unit: 'bytes' },
          { name: 'JSON.parse', unit: 'ns' },
          { name: 'wrap', unit: 'ns' },
          { name: 'spread', unit: 'ns' },
          { name: 'wrap adds', unit: 'ns' },
          { name: 'of the processor', unit: 'ns' },
        ],
        rows,
      },
    ],
    checks: rows.map(([name, , , , , adds = Number.NaN]) => ({
      what: `${name}: wrap adds`,
      value: adds,
      unit: 'ns',
      target: { atMost: MOST_NS },
    })),
  };
}

async function measure(
  child: Child<MemoryCalls>,
  value: unknown,
  rounds: number,
): Promise<number[]> {
  const bytes = await child.call('seed', { key: 'key', value });
  const cpu = { parse: [] as number[], wrap: [] as number[] };
  const turn = async (what: 'parse' | 'wrap') => {
    // As much time for each, so that an interruption is as likely in both.
    const { wallUs } = await child.call(what, { key: 'key', calls: 10_000 });
    const calls = Math.ceil(TURN_NS / 1000 / wallUs);
    return async () => {
      const cost = await child.call(what, { key: 'key', calls });
      cpu[what].push(cost.cpuUs * 1000);
      return cost.wallUs * 1000;
    };
  };
  const turns = { parse: await turn('parse'), wrap: await turn('wrap') };
  const ns = await takeTurns(turns, rounds, WARM_UP);
  const [parse, wrap] = [median(ns.parse), median(ns.wrap)];
  const spread = quantile(ns.wrap, 0.75) - quantile(ns.wrap, 0.25);
  const adds = median(cpu.wrap.slice(WARM_UP)) - median(cpu.parse.slice(WARM_UP));
  return [bytes, parse, wrap, spread, wrap - parse, adds];
}
