import { readRows, type Workload, workloadOf } from '../../examples/demo/clusters.js';

const MOST = 10;

/**
 * The clusters whose traffic is drawn, by a rule that knows nothing of the outcome: the ten with the most requests a
 * second, of those that are read from and whose popularity has a Zipf alpha above zero.
 */
export function busiestClusters(): Workload[] {
  const candidates = readRows().flatMap((row) => {
    try {
      const workload = workloadOf(row, Number(row.cluster?.replace('cluster', '')));
      return workload.alpha > 0 ? [{ workload, kqps: Number(row.kqps) }] : [];
    } catch {
      return []; // No traffic can be drawn from it.
    }
  });
  candidates.sort((a, b) => b.kqps - a.kqps);
  return candidates.slice(0, MOST).map(({ workload }) => workload);
}
