import { Child } from '../child.js';
import { busiestClusters } from '../eviction/clusters.js';
import type { Bench, Check, Figure, Table } from '../figure.js';
import type { EvictionCalls, Outcome } from '../programs/eviction.js';

export const REQUESTS = 300_000;
export const SEED = 1;
const SHARES = [0.01, 0.1];
const BOUNDS = ['entries', 'bytes'] as const;
/** The cluster that the demo draws from when it is not told otherwise. */
const POLLUTED = 52;
const LEAST_CUT = 10;
/** "Most" of the ten. */
const LEAST_TRACES = 6;

interface Row {
  readonly name: string;
  readonly outcomes: readonly Outcome[];
}

/** How often a hit is missed for want of room, against lru-cache. The same numbers on every machine. */
export async function eviction({ bundles, say }: Bench): Promise<Figure> {
  const child = new Child<EvictionCalls>(bundles.eviction as URL);
  const question = { requests: REQUESTS, seed: SEED, shares: SHARES };
  const rows: Row[] = [];
  const polluted: Row[] = [];
  try {
    for (const workload of busiestClusters()) {
      say(`eviction: cluster ${workload.cluster}`);
      const { entries, outcomes } = await child.call('compare', {
        ...question,
        ...{ workload, scans: false },
      });
      const name = `cluster ${workload.cluster}, alpha ${workload.alpha}, ${entries.toLocaleString('en-US')} keys`;
      rows.push({ name, outcomes });
      if (workload.cluster !== POLLUTED) continue;
      const scanned = await child.call('compare', { ...question, ...{ workload, scans: true } });
      polluted.push({ name: `${name}, with scans`, outcomes: scanned.outcomes });
    }
  } finally {
    await child.stop();
  }
  return {
    name: 'eviction',
    title: 'Eviction: misses of MemoryCacheStore against lru-cache, at equal capacity',
    notes: [
      `${REQUESTS.toLocaleString('en-US')} requests drawn from each cluster; the capacity is a share of all that is asked for.`,
      'Compulsory misses and those of values whose time was over are counted: no eviction can save them.',
    ],
    tables: BOUNDS.map((bound) => table(bound, [...rows, ...polluted])),
    checks: [
      ...settings().map((setting) => mostTraces(setting, rows)),
      ...settings().map((setting) => scans(setting, polluted)),
    ],
  };
}

type Setting = Pick<Outcome, 'bound' | 'share'>;

const settings = (): Setting[] =>
  SHARES.flatMap((share) => BOUNDS.map((bound) => ({ bound, share })));

const cutOf = ({ lru, ours }: Outcome): number => (1 - ours / lru) * 100;

const cutAt = ({ outcomes }: Row, { bound, share }: Setting): number => {
  const outcome = outcomes.find((one) => one.bound === bound && one.share === share);
  return outcome ? cutOf(outcome) : Number.NaN;
};

const words = ({ bound, share }: Setting): string => `room for ${share * 100} % of the ${bound}`;

const mostTraces = (setting: Setting, rows: readonly Row[]): Check => ({
  what: `${words(setting)}: traces with ${LEAST_CUT} % fewer misses`,
  value: rows.filter((row) => cutAt(row, setting) >= LEAST_CUT).length,
  unit: '',
  target: { atLeast: LEAST_TRACES },
});

const scans = (setting: Setting, [row]: readonly Row[]): Check => ({
  what: `${words(setting)}, with scans: fewer misses`,
  value: row ? cutAt(row, setting) : Number.NaN,
  unit: '%',
  target: { atLeast: LEAST_CUT },
});

function table(bound: Setting['bound'], rows: readonly Row[]): Table {
  const columns = SHARES.flatMap((share) =>
    ['lru-cache', 'ours', 'fewer'].map((what) => ({
      name: `${what} at ${share * 100} %`,
      unit: '%' as const,
    })),
  );
  return {
    columns: [{ name: `misses in %, room for a share of the ${bound}` }, ...columns],
    rows: rows.map((row) => {
      const own = row.outcomes.filter((outcome) => outcome.bound === bound);
      const numbers = own.flatMap((outcome) => [
        outcome.lru * 100,
        outcome.ours * 100,
        cutOf(outcome),
      ]);
      return [row.name, ...numbers];
    }),
  };
}
