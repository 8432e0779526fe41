/** Numbers from 0 up to 1: the same sequence for the same seed, on every machine. */
export type Random = () => number;

/** Mulberry32: 32 bits of state, good enough for traffic. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An index, each as likely as its weight is a part of the sum of all. */
export function weighted(weights: readonly number[], random: Random): () => number {
  let sum = 0;
  const upTo = weights.map((weight) => {
    sum += weight;
    return sum;
  });
  return () => {
    const target = random() * sum;
    let [low, high] = [0, upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] as number) > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Ranks from 0: rank r is as likely as 1 / (r + 1)^alpha; all alike when alpha is 0. */
export const zipf = (ranks: number, alpha: number, random: Random): (() => number) =>
  weighted(
    Array.from({ length: ranks }, (_, rank) => (rank + 1) ** -alpha),
    random,
  );

/** Around a median; ln(value) is spread normally by `sigma`. */
export function logNormal(median: number, sigma: number, random: Random): () => number {
  return () => {
    // Box and Muller; 1 - random() is never 0.
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * random()));
  };
}

/** Of a Poisson process: the gap to the next arrival. */
export const exponential = (mean: number, random: Random): (() => number) => {
  return () => -mean * Math.log(1 - random());
};
