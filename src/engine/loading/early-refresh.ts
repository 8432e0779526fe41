/**
 * True if this hit should refresh the value before it runs out. The closer the end, the longer its load takes, and the
 * greater `beta`, the likelier; so of many callers about one refreshes early, and none waits.
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
  // 1 - random is above zero, where random itself may be zero and its logarithm infinite.
  return now - entry.loadMs * beta * Math.log(1 - random) >= end;
}
