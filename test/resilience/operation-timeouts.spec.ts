import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LATE, OperationTimeouts } from '../../src/resilience/operation-timeouts.js';
import { noteUnhandled } from '../unhandled.js';
import { ways } from './ways.js';

const never = () => new Promise<never>(() => {});

/** As a promise: rejects with `LATE` when the work takes longer. */
const race = <T>(timeouts: OperationTimeouts, work: Promise<T>, ms: number): Promise<T> =>
  new Promise((resolve, reject) => timeouts.limit(work, ms, resolve, reject));

describe.each(ways)('OperationTimeouts, %s', (_way, timers) => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('passes on what the promise gives', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    await expect(race(timeouts, Promise.resolve('value'), 100)).resolves.toBe('value');
    const failure = new Error('down');
    await expect(race(timeouts, Promise.reject(failure), 100)).rejects.toBe(failure);
  });

  it('leaves no timer behind when an operation ends at once', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    await race(timeouts, Promise.resolve(), 100);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind when an operation fails', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    await race(timeouts, Promise.reject(new Error('down')), 100).catch(() => {});
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind when an operation ends later', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    let resolve: (value: number) => void = () => {};
    const raced = race(timeouts, new Promise<number>((yes) => (resolve = yes)), 1_000);
    await vi.advanceTimersByTimeAsync(120);
    expect(vi.getTimerCount()).toBe(1);
    resolve(7);
    await expect(raced).resolves.toBe(7);
    await vi.advanceTimersByTimeAsync(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives up when its time has passed, to within one tick', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    const outcome = vi.fn();
    const raced = race(timeouts, never(), 500).catch(outcome);
    await vi.advanceTimersByTimeAsync(440);
    expect(outcome).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(120);
    await raced;
    expect(outcome).toHaveBeenCalledWith(LATE);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts every tick once, also where who is told of a late one begins the next', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    const ended: string[] = [];
    const note = (name: string) => () => ended.push(name);
    timeouts.limit(never(), 1_000, never, () => {
      timeouts.limit(never(), 1_000, never, note('next'));
    });
    timeouts.limit(never(), 2_000, never, note('long'));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(ended).toEqual([]);
    await vi.advanceTimersByTimeAsync(150);
    expect(ended.sort()).toEqual(['long', 'next']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts each operation from its own start', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    const ended: string[] = [];
    const first = race(timeouts, never(), 500).catch(() => ended.push('first'));
    await vi.advanceTimersByTimeAsync(300);
    const second = race(timeouts, never(), 500).catch(() => ended.push('second'));
    await vi.advanceTimersByTimeAsync(260);
    expect(ended).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(300);
    await Promise.all([first, second]);
    expect(ended).toEqual(['first', 'second']);
  });

  it('tells of one outcome, once', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    const [succeeded, failed] = [vi.fn(), vi.fn()];
    let resolve: (value: string) => void = () => {};
    timeouts.limit(new Promise<string>((yes) => (resolve = yes)), 50, succeeded, failed);
    await vi.advanceTimersByTimeAsync(200);
    resolve('late');
    await vi.advanceTimersByTimeAsync(0);
    expect(failed.mock.calls).toEqual([[LATE]]);
    expect(succeeded).not.toHaveBeenCalled();
    timeouts.limit(Promise.reject(new Error('in time')), 50, succeeded, failed);
    let reject: (error: Error) => void = () => {};
    timeouts.limit(new Promise((_, no) => (reject = no)), 50, succeeded, failed);
    await vi.advanceTimersByTimeAsync(200);
    reject(new Error('too late'));
    await vi.advanceTimersByTimeAsync(0);
    expect(failed.mock.calls).toEqual([[LATE], [new Error('in time')], [LATE]]);
    timeouts.limit(Promise.resolve('in time'), 50, succeeded, failed);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(succeeded.mock.calls).toEqual([['in time']]);
    expect(failed).toHaveBeenCalledTimes(3);
  });

  it('does not take a frozen hour for a slow store', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    let resolve: (value: string) => void = () => {};
    const raced = race(timeouts, new Promise<string>((yes) => (resolve = yes)), 2_500);
    await vi.advanceTimersByTimeAsync(100);
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(50);
    resolve('alive');
    await expect(raced).resolves.toBe('alive');
  });

  it('keeps a late rejection of the promise from becoming an unhandled one', async () => {
    const timeouts = new OperationTimeouts(undefined, timers);
    let reject: (error: Error) => void = () => {};
    const raced = race(timeouts, new Promise((_yes, no) => (reject = no)), 50);
    const refused = expect(raced).rejects.toBe(LATE);
    await vi.advanceTimersByTimeAsync(200);
    await refused;
    const expectNoneUnhandled = noteUnhandled();
    reject(new Error('late failure'));
    await expectNoneUnhandled();
  });
});
