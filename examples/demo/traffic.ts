import type { Share, Workload } from './clusters.js';
import { exponential, seeded, weighted, zipf } from './random.js';

/** Arrivals a second of the traces that the benchmark draws. */
export const ARRIVALS_PER_SECOND = 125;

/** Compressed time: the common TTL of the cluster ends this many times in a run. */
const GENERATIONS = 3;
/** The shortest TTL after compression, seconds: below it, the hiccups of a machine would expire values. */
const SHORTEST_TTL = 0.25;

export interface Request {
  readonly kind: 'read' | 'write';
  /** Of the item, from 1. */
  readonly item: number;
  /** Milliseconds after the start. */
  readonly at: number;
}

export interface Traffic {
  readonly requests: readonly Request[];
  readonly items: number;
  /** Seconds of the cluster in one second of the run. */
  readonly compression: number;
  /** Seconds that each item may be cached, compressed; the first is item 1's. */
  readonly maxAges: readonly number[];
}

/**
 * The traffic of a cluster, scaled down to `count` requests: as many items as give each the mean frequency that it has
 * there, chosen by Zipf's law with the cluster's alpha, and arriving as a Poisson process. An item's TTL is drawn from
 * the cluster's mix.
 */
export function drawTraffic(
  workload: Workload,
  count: number,
  seed: number,
  arrivalsPerSecond = ARRIVALS_PER_SECOND,
): Traffic {
  const random = seeded(seed);
  const items = Math.max(10, Math.round(count / workload.meanFrequency));
  const compression = commonTTL(workload.ttls) / (count / arrivalsPerSecond / GENERATIONS);

  const nextTTL = weighted(
    workload.ttls.map(({ share }) => share),
    random,
  );
  const maxAges = Array.from({ length: items }, () =>
    compress((workload.ttls[nextTTL()] as Share).seconds, compression),
  );
  // Ranks are given out by chance, so that the popular items are not those with the first ids and the same TTL.
  const order = shuffled(items, random);
  const nextRank = zipf(items, workload.alpha, random);
  const nextGap = exponential(1_000 / arrivalsPerSecond, random);
  let at = 0;
  const requests = Array.from({ length: count }, (): Request => {
    at += nextGap();
    const kind = random() < workload.writeShare ? 'write' : 'read';
    return { kind, item: order[nextRank()] as number, at };
  });
  return { requests, items, compression, maxAges };
}

/** The TTL that half of all keys have at most. */
export function commonTTL(ttls: readonly Share[]): number {
  const sorted = [...ttls].sort((a, b) => a.seconds - b.seconds);
  let sum = 0;
  for (const { seconds, share } of sorted) {
    sum += share;
    if (sum >= 0.5) return seconds;
  }
  return sorted.at(-1)?.seconds ?? 0;
}

export const compress = (seconds: number, compression: number): number =>
  Math.max(SHORTEST_TTL, seconds / compression);

function shuffled(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i + 1);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
