import { describe, expect, it } from 'vitest';
import {
  DemoError,
  parseTTLs,
  parseWriteShare,
  readRows,
  readWorkload,
  workloadOf,
} from '../../examples/demo/clusters.js';

describe('the clusters of the data', () => {
  const clusters = Array.from({ length: 54 }, (_, index) => index + 1);

  it('are 54, of which those are refused that say too little or read nothing', () => {
    expect(readRows().map((row) => row.cluster)).toEqual(clusters.map((n) => `cluster${n}`));
    const refused = clusters.filter((cluster) => {
      try {
        readWorkload(cluster);
        return false;
      } catch (error) {
        expect(error).toBeInstanceOf(DemoError);
        return true;
      }
    });
    // 5 has no statistics; 43 and 46 no alpha; 15 and 21 are only written to.
    expect(refused).toEqual([5, 15, 21, 43, 46]);
  });

  it('have TTL mixes that add up, from five seconds to three months', () => {
    const lengths: number[] = [];
    for (const row of readRows().filter((one) => one.common_ttls !== 'N/A')) {
      const ttls = parseTTLs(row.common_ttls ?? '');
      expect(ttls.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 10);
      expect(ttls).toHaveLength((row.common_ttls?.match(/:/g) ?? []).length);
      lengths.push(...ttls.map(({ seconds }) => seconds));
    }
    expect(Math.min(...lengths)).toBe(5);
    expect(Math.max(...lengths)).toBeCloseTo(92.6 * 86_400, 6);
  });

  it('are read as they stand', () => {
    const ttls = [
      { seconds: 86_400, share: 0.65 / 0.99 },
      { seconds: 14 * 86_400, share: 0.27 / 0.99 },
      { seconds: 43_200, share: 0.07 / 0.99 },
    ];
    expect(readWorkload(52)).toEqual({
      cluster: 52,
      alpha: 1.2117,
      keyBytes: 20,
      valueBytes: 273,
      meanFrequency: 32.6,
      missRatio: 0.0189,
      // get 0.91 and gets 0.02 of 0.99 in all.
      writeShare: expect.closeTo(0.06 / 0.99, 10),
      ttls: ttls.map(({ seconds, share }) => ({ seconds, share: expect.closeTo(share, 10) })),
    });
  });

  it.each([
    [5, /"N\/A" for key_bytes|"NA" for zipf_alpha/],
    [43, /"NA" for zipf_alpha/],
    [15, /"set:1.00" for operations, so nothing is read/],
    [55, /no cluster 55: give a number from 1 to 54/],
  ])('say what is wrong with cluster %d', (cluster, message) => {
    expect(() => readWorkload(cluster)).toThrow(message);
  });

  it('need not say their miss ratio', () => {
    const row = readRows()[51] ?? {};
    expect(workloadOf({ ...row, production_miss_ratio: 'N/A' }, 52).missRatio).toBeUndefined();
  });
});

it('reads TTLs in every unit', () => {
  expect(parseTTLs('30s:0.25, 2m:0.25, 1.8h:0.25, 4d:0.25,').map(({ seconds }) => seconds)).toEqual(
    [30, 120, 6_480, 345_600],
  );
  expect(() => parseTTLs('soon:1')).toThrow(DemoError);
});

it.each([
  ['get:1.00', 0],
  ['set:1.00', 1],
  ['get:0.65 delete:0.22 set:0.13', 0.35],
  ['get:0.96 add:0.02 gets:0.01 cas:0.01', 0.03],
  ['get:0.99', 0],
  ['N/A', undefined],
  ['', undefined],
])('takes what is not read in "%s" for writes', (operations, share) => {
  const parsed = parseWriteShare(operations);
  if (share === undefined) expect(parsed).toBeUndefined();
  else expect(parsed).toBeCloseTo(share, 10);
});
