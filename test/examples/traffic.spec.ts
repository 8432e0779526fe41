import { describe, expect, it } from 'vitest';
import type { Workload } from '../../examples/demo/clusters.js';
import { percentile } from '../../examples/demo/run.js';
import {
  ARRIVALS_PER_SECOND,
  commonTTL,
  compress,
  drawTraffic,
} from '../../examples/demo/traffic.js';

const workload: Workload = {
  cluster: 1,
  alpha: 1,
  keyBytes: 20,
  valueBytes: 300,
  meanFrequency: 40,
  missRatio: undefined,
  writeShare: 0.2,
  ttls: [
    { seconds: 3_600, share: 0.75 },
    { seconds: 30, share: 0.25 },
  ],
};

describe('traffic', () => {
  const traffic = drawTraffic(workload, 8_000, 1);

  it('is the same for the same seed', () => {
    expect(drawTraffic(workload, 8_000, 1)).toEqual(traffic);
    expect(drawTraffic(workload, 8_000, 2).requests).not.toEqual(traffic.requests);
  });

  it('has as many items as the mean frequency asks for, and ten at least', () => {
    expect(traffic.items).toBe(200);
    expect(traffic.requests.every(({ item }) => item >= 1 && item <= 200)).toBe(true);
    expect(drawTraffic({ ...workload, meanFrequency: 1e6 }, 8_000, 1).items).toBe(10);
  });

  it('writes as often as the cluster does', () => {
    const writes = traffic.requests.filter(({ kind }) => kind === 'write').length;
    // Five standard deviations of 8,000 draws at 0.2 are 179.
    expect(Math.abs(writes - 1_600)).toBeLessThan(179);
  });

  it('arrives in order, at its rate', () => {
    const times = traffic.requests.map(({ at }) => at);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    const seconds = (times.at(-1) ?? 0) / 1_000;
    // The sum of 8,000 exponential gaps deviates by 1 / sqrt(8,000); five times that is 5.6 %.
    expect(Math.abs(seconds / (8_000 / ARRIVALS_PER_SECOND) - 1)).toBeLessThan(0.056);
  });

  it('compresses time so that the common TTL ends three times in the run', () => {
    const runSeconds = 8_000 / ARRIVALS_PER_SECOND;
    expect(traffic.compression).toBeCloseTo(3_600 / (runSeconds / 3), 10);
    expect(traffic.maxAges).toHaveLength(200);
    // Half a minute would be 0.18 s by that measure: too short for a machine's hiccups.
    expect(new Set(traffic.maxAges)).toEqual(new Set([runSeconds / 3, 0.25]));
    const common = traffic.maxAges.filter((age) => age > 1).length;
    // Five standard deviations of 200 draws at 0.75 are 31.
    expect(Math.abs(common - 150)).toBeLessThan(31);
  });
});

it('finds the TTL that half of the keys have at most', () => {
  expect(commonTTL(workload.ttls)).toBe(3_600);
  expect(commonTTL([{ seconds: 9, share: 1 }])).toBe(9);
  const three = [30, 10, 20].map((seconds) => ({ seconds, share: 1 / 3 }));
  expect(commonTTL(three)).toBe(20);
});

it('never compresses below a quarter of a second', () => {
  expect(compress(100, 50)).toBe(2);
  expect(compress(100, 5_000)).toBe(0.25);
});

it('takes percentiles by the nearest rank', () => {
  const values = [50, 10, 40, 20, 30];
  expect([0.2, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([10, 30, 50, 50]);
  expect(values).toEqual([50, 10, 40, 20, 30]);
  expect(percentile([], 0.5)).toBeNaN();
});
