/** The use of a cache, on average. */
export interface Workload {
  /** Reads a second of all functions together. */
  readonly requests: number;
  readonly valueBytes: number;
  readonly keyBytes: number;
  /** Seconds. */
  readonly ttl: number;
  /** The part of the reads that finds a value. */
  readonly hitRatio: number;
  /** Tags of a value, each of which is read with it. */
  readonly tags: number;
  /** The part of the reads that memory in front of the store answers. */
  readonly tierHitRatio: number | undefined;
  /** The most values at once, if it is known. */
  readonly keys: number | undefined;
  /** Sandboxes that start in a month. */
  readonly coldStarts: number;
  /** Milliseconds of initialisation that the cache adds to each. */
  readonly initMs: number;
  readonly memoryMB: number;
}

/** Keys whose popularity is computed one by one; less popular ones are taken in groups that grow. */
const EXACT = 1_000;
const GROWTH = 1.02;

/** Key number i is asked for with a probability of i to the power of -alpha, over their sum. */
export interface Popularity {
  readonly alpha: number;
  readonly keys: number;
}

/**
 * The hit ratio of a cache without a limit of size, whose values live for `ttl` seconds from their fill. A key that is
 * asked for `rate` times a second at random is filled by a miss and then hit `rate * ttl` times on average:
 *
 *     hit ratio of a key = rate * ttl / (1 + rate * ttl)
 */
export function zipfHitRatio({ alpha, keys }: Popularity, requests: number, ttl: number): number {
  const groups = [...popularityGroups(alpha, keys)];
  const sum = groups.reduce((total, { weight, size }) => total + weight * size, 0);
  return groups.reduce((ratio, { weight, size }) => {
    const probability = weight / sum;
    const hits = requests * probability * ttl;
    return ratio + size * probability * (hits / (1 + hits));
  }, 0);
}

function* popularityGroups(
  alpha: number,
  keys: number,
): Generator<{ weight: number; size: number }> {
  const exact = Math.min(EXACT, keys);
  for (let i = 1; i <= exact; i++) yield { weight: i ** -alpha, size: 1 };
  for (let start = exact + 1; start <= keys; ) {
    const end = Math.min(keys, Math.max(start, Math.floor(start * GROWTH)));
    yield { weight: ((start + end) / 2) ** -alpha, size: end - start + 1 };
    start = end + 1;
  }
}
