import { describe, expect, it } from 'vitest';
import { allSettled } from '../../src/util/all-settled.js';
import { inParallel } from '../../src/util/in-parallel.js';

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('work in parallel', () => {
  it('runs each item once, at most so many at once', async () => {
    const seen: unknown[] = [];
    let running = 0;
    let most = 0;
    await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++running);
      await tick();
      seen.push(item);
      running--;
    });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it('does nothing for nothing', async () => {
    await expect(
      inParallel([], 2, () => Promise.reject(new Error('asked'))),
    ).resolves.toBeUndefined();
  });

  it('rejects with the first error, once all have ended', async () => {
    const ended: number[] = [];
    const work = inParallel([1, 2, 3], 2, async (item) => {
      await tick();
      ended.push(item);
      if (item < 3) throw new Error(`failed ${item}`);
    });
    await expect(work).rejects.toThrow('failed 1');
    expect(ended).toEqual([1, 2, 3]);
  });
});

describe('all settled', () => {
  it('gives the values, or the first error once all have ended', async () => {
    expect(await allSettled([Promise.resolve(1), 2])).toEqual([1, 2]);
    let hasEnded = false;
    const slow = tick().then(() => {
      hasEnded = true;
    });
    await expect(allSettled([Promise.reject(new Error('first')), slow])).rejects.toThrow('first');
    expect(hasEnded).toBe(true);
  });
});
