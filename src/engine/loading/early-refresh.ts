/**
 * True if this hit should refresh the value before it expires. The closer the expiry, the longer the load, and the
 * greater `beta`, the more likely. So about one of many callers refreshes early, and none waits.
 *
 * @see Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015 (XFetch).
 */
export function refreshesEarly(
  entry: {
    readonly staleAt: number | undefined;
    readonly expiresAt: number;
    readonly loadMs: number;
  },
  now: number,
  beta: number,
  random: number = Math.random(),
): boolean {
  if (beta === 0) return false;
  const end = entry.staleAt ?? entry.expiresAt;
  // 1 - random, because random may be zero, whose logarithm is infinite.
  return now - entry.loadMs * beta * Math.log(1 - random) >= end;
}
