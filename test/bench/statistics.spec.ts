import { describe, expect, it } from 'vitest';
import { median, quantile, takeTurns } from '../../bench/statistics.js';

describe('quantiles', () => {
  it('is the middle of an odd number of samples, whatever their order', () => {
    expect(median([10, 2, 30])).toBe(10);
  });

  it('lies between the two in the middle of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('is no number when there is no sample, so that no target takes it', () => {
    expect(median([])).toBeNaN();
  });

  it.each([
    [0, 1],
    [0.25, 2],
    [0.5, 3],
    [0.6, 3.4],
    [1, 5],
  ])('has a share of %d below it', (share, value) => {
    expect(quantile([5, 4, 3, 2, 1], share)).toBeCloseTo(value);
  });

  it('leaves the samples as they are', () => {
    const samples = [3, 1, 2];
    median(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

describe('takeTurns', () => {
  it('lets each begin in its turn, and forgets the warm-up', async () => {
    const order: string[] = [];
    let sample = 0;
    const contestant = (name: string) => async () => {
      order.push(name);
      return ++sample;
    };
    const contestants = { a: contestant('a'), b: contestant('b'), c: contestant('c') };
    const samples = await takeTurns(contestants, 3, 1);
    expect(order.join('')).toBe('abc' + 'bca' + 'cab' + 'abc');
    expect(samples).toEqual({ a: [6, 8, 10], b: [4, 9, 11], c: [5, 7, 12] });
  });

  it('never runs two at once', async () => {
    let running = 0;
    const contestant = async () => {
      running++;
      await new Promise((resolve) => setImmediate(resolve));
      return running--;
    };
    const samples = await takeTurns({ a: contestant, b: contestant }, 4, 0);
    expect(samples).toEqual({ a: [1, 1, 1, 1], b: [1, 1, 1, 1] });
  });
});
