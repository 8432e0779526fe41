import { describe, expect, it } from 'vitest';
import { refreshesEarly } from '../../../src/engine/loading/early-refresh.js';

const entry = { staleAt: undefined, expiresAt: 10_000, loadMs: 100 };
/** Makes the logarithm -1, so that an early refresh is due exactly `loadMs * beta` before the end. */
const ONE = 1 - Math.exp(-1);

describe('refreshesEarly', () => {
  it('is off at beta 0, even past the end', () => {
    expect(refreshesEarly(entry, 9_999, 0, 0.999999)).toBe(false);
    expect(refreshesEarly(entry, 20_000, 0)).toBe(false);
  });

  it('reckons with the time of the load and with beta', () => {
    expect(refreshesEarly(entry, 9_899, 1, ONE)).toBe(false);
    expect(refreshesEarly(entry, 9_901, 1, ONE)).toBe(true);
    expect(refreshesEarly(entry, 9_799, 2, ONE)).toBe(false);
    expect(refreshesEarly(entry, 9_801, 2, ONE)).toBe(true);
    expect(refreshesEarly({ ...entry, loadMs: 1_000 }, 9_001, 1, ONE)).toBe(true);
  });

  it('counts from the stale time where there is one', () => {
    const stale = { ...entry, staleAt: 5_000 };
    expect(refreshesEarly(stale, 4_899, 1, ONE)).toBe(false);
    expect(refreshesEarly(stale, 4_901, 1, ONE)).toBe(true);
  });

  it('is defined for every random number from 0 to just below 1', () => {
    expect(refreshesEarly(entry, 9_999, 1, 0)).toBe(false);
    expect(refreshesEarly(entry, 10_000, 1, 0)).toBe(true);
    const highest = 1 - 2 ** -53;
    expect(refreshesEarly(entry, 10_000 - 3_600, 1, highest)).toBe(true);
    expect(refreshesEarly(entry, 10_000 - 3_700, 1, highest)).toBe(false);
  });

  it('never comes before its time for a load that took none', () => {
    expect(refreshesEarly({ ...entry, loadMs: 0 }, 9_999, 1, 0.999999)).toBe(false);
  });
});
