/** The measurements of one contestant, one number a round. */
export type Samples = readonly number[];

/** The middle of the samples. NaN of none, which no target accepts. */
export const median = (samples: Samples): number => quantile(samples, 0.5);

/** The value below which a share of the samples lies, between two samples in proportion. */
export function quantile(samples: Samples, share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export type Contestants<N extends string> = Readonly<Record<N, () => Promise<number>>>;

/**
 * Lets the contestants take turns: a load on the machine that comes and goes then falls on all of them. Each round
 * begins with the next one, so that none always follows the same neighbour. The warm-up rounds are thrown away.
 */
export async function takeTurns<N extends string>(
  contestants: Contestants<N>,
  rounds: number,
  warmUp: number,
): Promise<Record<N, Samples>> {
  const names = Object.keys(contestants) as N[];
  const samples = {} as Record<N, number[]>;
  for (const name of names) samples[name] = [];
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of rotated(names, round + warmUp)) {
      const sample = await contestants[name]();
      if (round >= 0) samples[name].push(sample);
    }
  }
  return samples;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
