import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/model/time.js';
import { FreezeDetector } from '../../src/resilience/freeze-detector.js';
import { LATE, OperationTimeouts } from '../../src/resilience/operation-timeouts.js';
import type { Timers } from '../../src/resilience/timers.js';
import { ways } from './ways.js';

const never = () => new Promise<never>(() => {});

function make(timers: () => Timers) {
  const freezes = new FreezeDetector(systemClock, timers);
  const timeouts = new OperationTimeouts(freezes, timers);
  /** As a promise: rejects with `LATE` when the work takes longer. */
  const race = <T>(work: Promise<T>, ms: number): Promise<T> =>
    new Promise((resolve, reject) => timeouts.limit(work, ms, resolve, reject));
  return { freezes, race };
}

describe.each(ways)('FreezeDetector, %s, counts freezes', (_way, timers) => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const freeze = (ms: number) => vi.setSystemTime(Date.now() + ms);

  it('that a tick notices, while an operation is pending', async () => {
    const { freezes, race } = make(timers);
    const before = freezes.count();
    void race(never(), 60_000).catch(() => {});
    await vi.advanceTimersByTimeAsync(30_000);
    expect(freezes.count()).toBe(before);
    freeze(11_000);
    await vi.advanceTimersByTimeAsync(50);
    expect(freezes.count()).toBe(before + 1);
    expect(freezes.count()).toBe(before + 1);
  });

  it('that nobody has noticed yet, before any tick', async () => {
    const { freezes, race } = make(timers);
    const before = freezes.count();
    void race(never(), 60_000).catch(() => {});
    freeze(3_600_000);
    expect(freezes.count()).toBe(before + 1);
  });

  it('but none while nothing is pending, although its timer is still there', async () => {
    const { freezes, race } = make(timers);
    freezes.count();
    await vi.advanceTimersByTimeAsync(0);
    let resolve: (value: number) => void = () => {};
    const raced = race(new Promise<number>((yes) => (resolve = yes)), 1_000);
    await vi.advanceTimersByTimeAsync(20);
    resolve(1);
    await raced;
    expect(vi.getTimerCount()).toBe(timers().areFaked ? 0 : 1);
    freeze(3_600_000);
    const before = freezes.count();
    expect(before).toBe(0);
    void race(never(), 1_000).catch(() => {});
    await vi.advanceTimersByTimeAsync(100);
    expect(freezes.count()).toBe(before);
  });

  it('while work is watched that may take as long as it likes, and lets go of its timer then', async () => {
    const { freezes, race } = make(timers);
    const before = freezes.count();
    let resolve: () => void = () => {};
    const work = new Promise<void>((yes) => (resolve = yes));
    freezes.watch(work);
    await vi.advanceTimersByTimeAsync(600_500);
    expect(freezes.count()).toBe(before);
    const raced = expect(race(never(), 100)).rejects.toBe(LATE);
    await vi.advanceTimersByTimeAsync(150);
    await raced;
    freeze(20_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(freezes.count()).toBe(before + 1);
    resolve();
    await work;
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    freeze(20_000);
    expect(freezes.count()).toBe(before + 1);
  });

  it('that only the end of the watched work notices', async () => {
    const { freezes } = make(timers);
    let resolve: () => void = () => {};
    const work = new Promise<void>((yes) => (resolve = yes));
    freezes.watch(work);
    freeze(3_600_000);
    resolve();
    await work;
    await Promise.resolve();
    expect(freezes.count()).toBe(1);
  });

  it('none before the watched work began', async () => {
    const { freezes } = make(timers);
    freezes.count();
    freeze(3_600_000);
    freezes.watch(never());
    expect(freezes.count()).toBe(0);
  });

  it('of more than ten seconds', () => {
    const { freezes } = make(timers);
    freezes.count();
    freezes.begin();
    freeze(10_000);
    expect(freezes.count()).toBe(0);
    freeze(10_001);
    expect(freezes.count()).toBe(1);
  });

  it('not from a clock that is set back, nor from a little late tick', async () => {
    const { freezes, race } = make(timers);
    const before = freezes.count();
    void race(never(), 60_000).catch(() => {});
    await vi.advanceTimersByTimeAsync(100);
    freeze(-3_600_000);
    await vi.advanceTimersByTimeAsync(100);
    freeze(9_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(freezes.count()).toBe(before);
  });
});
