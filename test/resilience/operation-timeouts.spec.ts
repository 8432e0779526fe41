import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/model/time.js';
import { LATE, OperationTimeouts } from '../../src/resilience/operation-timeouts.js';

const never = () => new Promise<never>(() => {});

/** As a promise: rejects with `LATE` when the work takes longer. */
const race = <T>(budget: OperationTimeouts, work: Promise<T>, ms: number): Promise<T> =>
  new Promise((resolve, reject) => budget.limit(work, ms, resolve, reject));

describe('Budget', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('passes on what the promise gives', async () => {
    const budget = new OperationTimeouts(systemClock);
    await expect(race(budget, Promise.resolve('value'), 100)).resolves.toBe('value');
    const failure = new Error('down');
    await expect(race(budget, Promise.reject(failure), 100)).rejects.toBe(failure);
  });

  it('leaves no timer behind when an operation ends at once', async () => {
    const budget = new OperationTimeouts(systemClock);
    await race(budget, Promise.resolve(), 100);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind when an operation ends later', async () => {
    const budget = new OperationTimeouts(systemClock);
    let resolve: (value: number) => void = () => {};
    const raced = race(budget, new Promise<number>((yes) => (resolve = yes)), 1_000);
    await vi.advanceTimersByTimeAsync(120);
    expect(vi.getTimerCount()).toBe(1);
    resolve(7);
    await expect(raced).resolves.toBe(7);
    await vi.advanceTimersByTimeAsync(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives up when its time has passed, to within one tick', async () => {
    const budget = new OperationTimeouts(systemClock);
    const outcome = vi.fn();
    const raced = race(budget, never(), 500).catch(outcome);
    await vi.advanceTimersByTimeAsync(440);
    expect(outcome).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(120);
    await raced;
    expect(outcome).toHaveBeenCalledWith(LATE);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts every tick once, also where who is told of a late one begins the next', async () => {
    const budget = new OperationTimeouts(systemClock);
    const ended: string[] = [];
    const note = (name: string) => () => ended.push(name);
    budget.limit(never(), 1_000, never, () => {
      budget.limit(never(), 1_000, never, note('next'));
    });
    budget.limit(never(), 2_000, never, note('long'));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(ended).toEqual([]);
    await vi.advanceTimersByTimeAsync(150);
    expect(ended.sort()).toEqual(['long', 'next']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts each operation from its own start', async () => {
    const budget = new OperationTimeouts(systemClock);
    const ended: string[] = [];
    const first = race(budget, never(), 500).catch(() => ended.push('first'));
    await vi.advanceTimersByTimeAsync(300);
    const second = race(budget, never(), 500).catch(() => ended.push('second'));
    await vi.advanceTimersByTimeAsync(260);
    expect(ended).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(300);
    await Promise.all([first, second]);
    expect(ended).toEqual(['first', 'second']);
  });

  it('tells of one outcome, once', async () => {
    const budget = new OperationTimeouts(systemClock);
    const [succeeded, failed] = [vi.fn(), vi.fn()];
    let resolve: (value: string) => void = () => {};
    budget.limit(new Promise<string>((yes) => (resolve = yes)), 50, succeeded, failed);
    await vi.advanceTimersByTimeAsync(200);
    resolve('late');
    await vi.advanceTimersByTimeAsync(0);
    expect(failed.mock.calls).toEqual([[LATE]]);
    expect(succeeded).not.toHaveBeenCalled();
    budget.limit(Promise.resolve('in time'), 50, succeeded, failed);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(succeeded.mock.calls).toEqual([['in time']]);
    expect(failed).toHaveBeenCalledTimes(1);
  });

  it('does not take a frozen hour for a slow store', async () => {
    const budget = new OperationTimeouts(systemClock);
    let resolve: (value: string) => void = () => {};
    const raced = race(budget, new Promise<string>((yes) => (resolve = yes)), 2_500);
    await vi.advanceTimersByTimeAsync(100);
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(50);
    resolve('alive');
    await expect(raced).resolves.toBe('alive');
  });

  it('keeps a late rejection of the promise from becoming an unhandled one', async () => {
    const budget = new OperationTimeouts(systemClock);
    let reject: (error: Error) => void = () => {};
    const raced = race(budget, new Promise((_yes, no) => (reject = no)), 50);
    const refused = expect(raced).rejects.toBe(LATE);
    await vi.advanceTimersByTimeAsync(200);
    await refused;
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    vi.useRealTimers();
    reject(new Error('late failure'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  describe('counts sleeps', () => {
    const freeze = (ms: number) => vi.setSystemTime(Date.now() + ms);

    it('that a tick notices, while an operation is pending', async () => {
      const budget = new OperationTimeouts(systemClock);
      const before = budget.freezes();
      void race(budget, never(), 60_000).catch(() => {});
      await vi.advanceTimersByTimeAsync(30_000);
      expect(budget.freezes()).toBe(before);
      freeze(11_000);
      await vi.advanceTimersByTimeAsync(50);
      expect(budget.freezes()).toBe(before + 1);
      expect(budget.freezes()).toBe(before + 1);
    });

    it('that nobody has noticed yet, before any tick', async () => {
      const budget = new OperationTimeouts(systemClock);
      const before = budget.freezes();
      void race(budget, never(), 60_000).catch(() => {});
      freeze(3_600_000);
      expect(budget.freezes()).toBe(before + 1);
    });

    it('but none while nothing is pending, although its timer is still there', async () => {
      const budget = new OperationTimeouts(systemClock);
      budget.freezes();
      await vi.advanceTimersByTimeAsync(0);
      let resolve: (value: number) => void = () => {};
      const raced = race(budget, new Promise<number>((yes) => (resolve = yes)), 1_000);
      await vi.advanceTimersByTimeAsync(20);
      resolve(1);
      await raced;
      expect(vi.getTimerCount()).toBe(1);
      freeze(3_600_000);
      const before = budget.freezes();
      expect(before).toBe(0);
      void race(budget, never(), 1_000).catch(() => {});
      await vi.advanceTimersByTimeAsync(100);
      expect(budget.freezes()).toBe(before);
    });

    it('while work is watched that may take as long as it likes, and lets go of its timer then', async () => {
      const budget = new OperationTimeouts(systemClock);
      const before = budget.freezes();
      let resolve: () => void = () => {};
      const work = new Promise<void>((yes) => (resolve = yes));
      budget.watch(work);
      await vi.advanceTimersByTimeAsync(600_500);
      expect(budget.freezes()).toBe(before);
      const raced = expect(race(budget, never(), 100)).rejects.toBe(LATE);
      await vi.advanceTimersByTimeAsync(150);
      await raced;
      freeze(20_000);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(budget.freezes()).toBe(before + 1);
      resolve();
      await work;
      await vi.advanceTimersByTimeAsync(0);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('not from a clock that is set back, nor from a little late tick', async () => {
      const budget = new OperationTimeouts(systemClock);
      const before = budget.freezes();
      void race(budget, never(), 60_000).catch(() => {});
      await vi.advanceTimersByTimeAsync(100);
      freeze(-3_600_000);
      await vi.advanceTimersByTimeAsync(100);
      freeze(9_000);
      await vi.advanceTimersByTimeAsync(100);
      expect(budget.freezes()).toBe(before);
    });
  });
});
