import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { RecentChanges } from '../../../src/stores/dynamodb/recent.js';

const WINDOW_MS = 20_000;

describe('the changes of this process', () => {
  it('are recent for 20 seconds, each by its own time', () => {
    const clock = createVirtualClock();
    const recent = new RecentChanges(clock);
    recent.add('first');
    clock.advance(1);
    recent.add('second');
    clock.advance(WINDOW_MS - 2);
    expect([recent.has('first'), recent.has('second')]).toEqual([true, true]);
    clock.advance(1);
    expect([recent.has('first'), recent.has('second')]).toEqual([false, true]);
    clock.advance(1);
    expect(recent.has('second')).toBe(false);
  });

  it('do not make other keys recent', () => {
    const recent = new RecentChanges(createVirtualClock());
    recent.add('changed');
    expect(recent.has('other')).toBe(false);
  });

  it('that are too many to remember make every key recent, until the last forgotten one is old', () => {
    const clock = createVirtualClock();
    const recent = new RecentChanges(clock);
    for (let n = 0; n < 10_000; n++) recent.add(`k${n}`);
    expect(recent.has('other')).toBe(false);
    recent.add('one too many');
    // These are forgotten by name.
    expect([recent.has('k0'), recent.has('k9999'), recent.has('other')]).toEqual([
      true,
      true,
      true,
    ]);
    clock.advance(WINDOW_MS - 1);
    recent.add('later');
    expect(recent.has('k9999')).toBe(true);
    clock.advance(1);
    expect([recent.has('k9999'), recent.has('later')]).toEqual([false, true]);
  });

  it('are forgotten one by one as they grow old, so that many over a long time are not too many', () => {
    const clock = createVirtualClock();
    const recent = new RecentChanges(clock);
    for (let n = 0; n < 9_999; n++) recent.add(`k${n}`);
    clock.advance(WINDOW_MS - 1);
    recent.add('k0');
    clock.advance(1);
    for (let n = 0; n < 9_999; n++) recent.add(`l${n}`);
    expect([recent.has('k0'), recent.has('l0'), recent.has('other')]).toEqual([true, true, false]);
    recent.add('one too many');
    expect(recent.has('other')).toBe(true);
  });
});
