import type { Workload } from '../../examples/demo/clusters.js';
import { lruCache, memoryStore, missRatio, sizeOf } from '../eviction/replay.js';
import { drawTrace, withScans } from '../eviction/trace.js';
import { answerParent } from './answer.js';

export interface Question {
  readonly workload: Workload;
  readonly requests: number;
  readonly seed: number;
  /** A fraction of the footprint. */
  readonly shares: readonly number[];
  readonly scans: boolean;
}

export interface Outcome {
  readonly bound: 'entries' | 'bytes';
  readonly share: number;
  readonly capacity: number;
  /** A fraction of all reads. */
  readonly lru: number;
  readonly ours: number;
}

const calls = {
  /** The same traffic for both, at each capacity, bounded by entries and by bytes. */
  async compare({ workload, requests, seed, shares, scans }: Question) {
    const drawn = drawTrace(workload, requests, seed);
    const trace = scans ? withScans(drawn) : drawn;
    const { entries, bytes } = trace.footprint;
    const all = { entries, bytes: bytes + entries * sizeOf({ key: '', text: '' }) };
    const outcomes: Outcome[] = [];
    for (const share of shares) {
      for (const bound of ['entries', 'bytes'] as const) {
        const number = Math.max(2, Math.round(all[bound] * share));
        const capacity = bound === 'entries' ? { maxEntries: number } : { maxBytes: number };
        const [lru, ours] = [lruCache(capacity), memoryStore(capacity)];
        outcomes.push({
          ...{ bound, share, capacity: number },
          lru: await missRatio(trace, lru),
          ours: await missRatio(trace, ours),
        });
      }
    }
    return { entries: trace.footprint.entries, outcomes };
  },
};
export type EvictionCalls = typeof calls;

answerParent(calls);
