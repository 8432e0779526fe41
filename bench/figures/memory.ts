import { Child } from '../child.js';
import type { Bench, Figure } from '../figure.js';
import type { MemoryCalls } from '../programs/memory.js';
import { median, quantile, takeTurns } from '../statistics.js';
import { recordOf, sized, stringOf } from '../values.js';

const MOST_NS = 500;
const VALUES = {
  'object, 23 bytes': sized({ id: 471, name: 'Ada' }, 23),
  'string, 920 bytes': stringOf(920),
  'nested object, 746 bytes': recordOf(746),
};
/**
 * Nanoseconds of work in one round, about: less than another process takes when it interrupts, so that most rounds are
 * not interrupted at all.
 */
const ROUND_NS = 3e6;

/** What `wrap` adds to a bare `JSON.parse` when it hits in memory. */
export async function memory({ bundles, rounds = 151, say }: Bench): Promise<Figure> {
  const rows: [string, ...number[]][] = [];
  for (const [name, value] of Object.entries(VALUES)) {
    say(`memory: ${name}`);
    // A process for each value, so that none is optimised for what another one looks like.
    const child = new Child<MemoryCalls>(bundles.memory as URL);
    try {
      const bytes = await child.call('seed', { key: 'key', value });
      const roughly = await child.call('wrap', { key: 'key', calls: 10_000 });
      const calls = Math.ceil(ROUND_NS / roughly);
      const turn = (what: 'parse' | 'wrap') => () => child.call(what, { key: 'key', calls });
      const ns = await takeTurns({ parse: turn('parse'), wrap: turn('wrap') }, rounds, 20);
      const [parse, wrap] = [median(ns.parse), median(ns.wrap)];
      const spread = quantile(ns.wrap, 0.75) - quantile(ns.wrap, 0.25);
      rows.push([`${name}`, bytes, parse, wrap, wrap - parse, spread]);
    } finally {
      await child.stop();
    }
  }
  return {
    name: 'memory',
    title: 'A hit in memory, against a bare JSON.parse of the same value',
    notes: ['One call after the other, of one key. The spread is that of wrap between quarters.'],
    tables: [
      {
        columns: [
          { name: `Node ${process.version}` },
          { name: 'JSON', unit: 'bytes' },
          { name: 'JSON.parse', unit: 'ns' },
          { name: 'wrap', unit: 'ns' },
          { name: 'wrap adds', unit: 'ns' },
          { name: 'spread', unit: 'ns' },
        ],
        rows,
      },
    ],
    checks: rows.map(([name, , , , adds = Number.NaN]) => ({
      what: `${name}: wrap adds`,
      value: adds,
      unit: 'ns',
      target: { atMost: MOST_NS },
    })),
  };
}
