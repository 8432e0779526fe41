import type { Workload } from '../../examples/demo/clusters.js';
import { logNormal, seeded } from '../../examples/demo/random.js';
import { drawTraffic } from '../../examples/demo/traffic.js';

export interface Access {
  readonly kind: 'read' | 'write';
  readonly item: Item;
  /** Milliseconds after the start. */
  readonly at: number;
  /** Part of a scan: it is not counted, and its item is never asked for again. */
  readonly scan: boolean;
}

export interface Item {
  readonly key: string;
  /** Stands for the value; of this many bytes. */
  readonly text: string;
  readonly ttlMs: number;
}

export interface Trace {
  readonly accesses: readonly Access[];
  /** The items that are asked for at least once, without scans. */
  readonly footprint: { readonly entries: number; readonly bytes: number };
}

/** How far sizes of values lie apart: that of ln(size). The data give the mean only. */
const SIGMA = 1;
/** Scans in a polluted trace, each over as many keys as the trace has. */
const SCANS = 10;

/** The traffic of a cluster as the demo draws it, with values of the cluster's mean size. */
export function drawTrace(workload: Workload, count: number, seed: number): Trace {
  const { requests, items, maxAges } = drawTraffic(workload, count, seed);
  const nextSize = logNormal(
    workload.valueBytes * Math.exp(-(SIGMA ** 2) / 2),
    SIGMA,
    seeded(seed + 1),
  );
  const drawn = Array.from(
    { length: items },
    (_, i): Item => ({
      key: String(i + 1).padStart(workload.keyBytes, '0'),
      text: 'x'.repeat(Math.max(1, Math.round(nextSize()))),
      ttlMs: (maxAges[i] ?? 0) * 1000,
    }),
  );
  const accesses = requests.map(({ kind, item, at }): Access => {
    return { kind, item: drawn[item - 1] as Item, at, scan: false };
  });
  return { accesses, footprint: footprintOf(accesses) };
}

/** The same, with a scan now and then over keys that are never asked for again: an export, a crawler. */
export function withScans({ accesses, footprint }: Trace): Trace {
  const every = Math.floor(accesses.length / SCANS);
  const mean = Math.round(footprint.bytes / footprint.entries);
  const polluted = accesses.flatMap((access, i) => {
    if ((i + 1) % every !== 0) return [access];
    const scan = Array.from({ length: footprint.entries }, (_, j): Access => {
      const key = `scan:${i}:${j}`;
      const item = { key, text: 'x'.repeat(Math.max(1, mean - key.length)), ttlMs: 86_400_000 };
      return { kind: 'read', item, at: access.at, scan: true };
    });
    return [access, ...scan];
  });
  return { accesses: polluted, footprint };
}

function footprintOf(accesses: readonly Access[]): Trace['footprint'] {
  const items = new Set(accesses.map(({ item }) => item));
  let bytes = 0;
  for (const { key, text } of items) bytes += key.length + text.length;
  return { entries: items.size, bytes };
}
