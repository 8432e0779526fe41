import { describe, expect, it } from 'vitest';
import { exponential, logNormal, seeded, weighted, zipf } from '../../examples/demo/random.js';

const DRAWS = 40_000;

function histogram(draw: () => number, size: number): number[] {
  const counts = Array<number>(size).fill(0);
  for (let i = 0; i < DRAWS; i++) {
    const drawn = draw();
    counts[drawn] = (counts[drawn] ?? Number.NaN) + 1;
  }
  return counts;
}

/** Within five standard deviations of a binomial share: one in two million would be outside by chance. */
function expectShare(count: number | undefined, share: number): void {
  const deviation = Math.sqrt(DRAWS * share * (1 - share));
  expect(Math.abs((count ?? Number.NaN) - DRAWS * share)).toBeLessThan(5 * deviation);
}

describe('the seeded generator', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const take = (seed: number) => Array.from({ length: 5 }, seeded(seed));
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it('spreads evenly from 0 up to 1', () => {
    const random = seeded(3);
    const counts = histogram(() => Math.floor(random() * 10), 10);
    for (const count of counts) expectShare(count, 0.1);
  });
});

describe("Zipf's law", () => {
  it.each([0, 0.8551, 1.2117, 2.6774])('draws ranks as alpha %d says', (alpha) => {
    const ranks = 100;
    const counts = histogram(zipf(ranks, alpha, seeded(5)), ranks);
    let harmonic = 0;
    for (let rank = 1; rank <= ranks; rank++) harmonic += 1 / rank ** alpha;
    for (const rank of [1, 2, 3, 10, 50, 100]) {
      expectShare(counts[rank - 1], 1 / rank ** alpha / harmonic);
    }
  });

  it('draws the only rank there is', () => {
    expect(zipf(1, 1, seeded(1))()).toBe(0);
  });
});

it('draws by weight, and never what has none', () => {
  const counts = histogram(weighted([3, 0, 1], seeded(2)), 3);
  expect(counts[1]).toBe(0);
  expectShare(counts[0], 0.75);
  expectShare(counts[2], 0.25);
});

it('draws log-normal values around their median', () => {
  const draw = logNormal(6, 0.5, seeded(4));
  const below = (limit: number) => (draw() < limit ? 1 : 0);
  expectShare(histogram(() => below(6), 2)[1], 0.5);
  // One and two standard deviations up: 84.13 % and 97.72 % of a normal distribution lie below.
  expectShare(histogram(() => below(6 * Math.exp(0.5)), 2)[1], 0.8413);
  expectShare(histogram(() => below(6 * Math.exp(1)), 2)[1], 0.9772);
});

it('draws exponential gaps', () => {
  const draw = exponential(8, seeded(6));
  // Half of all gaps are shorter than the mean times ln 2.
  expectShare(histogram(() => (draw() < 8 * Math.LN2 ? 1 : 0), 2)[1], 0.5);
});
