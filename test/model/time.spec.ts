import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  afterUnlessIdle,
  type Duration,
  LONGEST_LIFE_MS,
  milliseconds,
  pause,
  after as runAfter,
} from '../../src/model/time.js';
import { errorOf } from '../errors.js';

describe('milliseconds', () => {
  it.each<[Duration, number]>([
    [300, 300_000],
    [0.25, 250],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['30d', 2_592_000_000],
    [30 * 86_400, 2_592_000_000],
    ['366d', LONGEST_LIFE_MS],
  ])('takes %j for %i ms', (duration, expected) => {
    expect(milliseconds(duration, 'ttl')).toBe(expected);
  });

  it.each([
    0,
    -0,
    -1,
    Number.NaN,
    Infinity,
    -Infinity,
    '',
    '0s',
    '-5s',
    '5 minutes',
    '5M',
    ' 5m',
    '5m ',
    '5',
    'm',
    '1e3s',
    'NaNs',
    'Infinitys',
    null,
    undefined,
    {},
    [],
    true,
    '367d',
    LONGEST_LIFE_MS / 1000 + 1,
  ])('refuses %j, and names the option', (duration) => {
    const error = errorOf(() => milliseconds(duration as Duration, 'someTTL'));
    expect(error.code).toBe('INVALID_DURATION');
    expect(error.subject).toBe('someTTL');
    expect(error.message).toMatch(/^someTTL is /);
  });

  it.each([
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-1, '-1'],
    [null, 'null'],
    ['5 minutes', "'5 minutes'"],
    [5n, '5'],
  ])('says what it got: %s', (duration, shown) => {
    const error = errorOf(() => milliseconds(duration as unknown as Duration, 'ttl'));
    expect(error.message).toContain(`ttl is ${shown}:`);
  });

  it('takes zero only where zero means something', () => {
    expect(milliseconds(0, 'tagTTL', 'zero')).toBe(0);
    expect(milliseconds('0s', 'tagTTL', 'zero')).toBe(0);
    expect(errorOf(() => milliseconds(-1, 'tagTTL', 'zero')).code).toBe('INVALID_DURATION');
    expect(errorOf(() => milliseconds(Number.NaN, 'tagTTL', 'zero')).code).toBe('INVALID_DURATION');
  });
});

describe('timers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('does not fire a delay at once that is longer than a timer can count', () => {
    const action = vi.fn();
    runAfter(30 * 86_400_000, action);
    vi.advanceTimersByTime(86_400_000);
    expect(action).not.toHaveBeenCalled();
    vi.advanceTimersByTime(30 * 86_400_000);
    expect(action).toHaveBeenCalledOnce();
  });

  it('cancels an action before its time', () => {
    const action = vi.fn();
    const cancel = runAfter(10, action);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(20);
    expect(action).not.toHaveBeenCalled();
  });

  it('pauses for as long as it is told', async () => {
    const ended = vi.fn();
    const pausing = pause(100).then(ended);
    await vi.advanceTimersByTimeAsync(99);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await pausing;
    expect(ended).toHaveBeenCalledOnce();
  });
});

describe('afterUnlessIdle', () => {
  it('does not keep the process alive', () => {
    const start = vi.spyOn(globalThis, 'setTimeout');
    const cancel = afterUnlessIdle(1_000, () => {});
    const { value } = start.mock.results[0] ?? {};
    expect(Object(value).hasRef()).toBe(false);
    cancel();
  });
});
