import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../../src/resilience/circuit-breaker.js';

function make(failures = 5, cooldownMs = 5_000) {
  const time = { now: 1_000_000 };
  const changes: string[] = [];
  const breaker = new CircuitBreaker({ failures, cooldownMs }, { now: () => time.now }, (state) =>
    changes.push(state),
  );
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) breaker.failed();
  };
  return { breaker, time, changes, fail };
}

describe('Breaker', () => {
  it('opens at the fifth failure in a row, not before', () => {
    const { breaker, changes, fail } = make();
    fail(4);
    expect(breaker.allows()).toBe(true);
    expect(changes).toEqual([]);
    fail(1);
    expect(breaker.allows()).toBe(false);
    expect(changes).toEqual(['open']);
  });

  it('starts counting again after a success', () => {
    const { breaker, fail } = make();
    fail(4);
    breaker.succeeded();
    fail(4);
    expect(breaker.allows()).toBe(true);
  });

  it('tells of opening once, however many operations fail', () => {
    const { changes, fail } = make();
    fail(20);
    expect(changes).toEqual(['open']);
  });

  it('lets one probe through after the cooldown, and the rest wait for another', () => {
    const { breaker, time, fail } = make();
    fail(5);
    time.now += 4_999;
    expect(breaker.allows()).toBe(false);
    time.now += 1;
    expect(breaker.allows()).toBe(true);
    expect(breaker.allows()).toBe(false);
    time.now += 4_999;
    expect(breaker.allows()).toBe(false);
    time.now += 1;
    expect(breaker.allows()).toBe(true);
  });

  it('closes when the probe works, and stays open when it fails', () => {
    const { breaker, time, changes, fail } = make();
    fail(5);
    time.now += 5_000;
    breaker.allows();
    breaker.failed();
    expect(breaker.allows()).toBe(false);
    expect(changes).toEqual(['open']);
    time.now += 5_000;
    breaker.allows();
    breaker.succeeded();
    expect(breaker.allows()).toBe(true);
    expect(breaker.allows()).toBe(true);
    expect(changes).toEqual(['open', 'closed']);
  });

  it('needs as many failures again once it has closed', () => {
    const { breaker, changes, fail } = make(3);
    fail(3);
    breaker.succeeded();
    fail(2);
    expect(breaker.allows()).toBe(true);
    fail(1);
    expect(breaker.allows()).toBe(false);
    expect(changes).toEqual(['open', 'closed', 'open']);
  });

  it('does not skip the store for hours when the clock was set back', () => {
    const { breaker, time, fail } = make();
    fail(5);
    time.now -= 3_600_000;
    expect(breaker.allows()).toBe(true);
    expect(breaker.allows()).toBe(false);
  });

  it('tries the store after a freeze', () => {
    const { breaker, time, fail } = make();
    fail(5);
    time.now += 3_600_000;
    expect(breaker.allows()).toBe(true);
  });
});
