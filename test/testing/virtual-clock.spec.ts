import { describe, expect, it } from 'vitest';
import { CacheService, MemoryCacheStore } from '../../src/index.js';
import { createVirtualClock } from '../../src/testing/index.js';

describe('a virtual clock', () => {
  it('stands still until it is moved', () => {
    const clock = createVirtualClock(1_000);
    expect(clock.now()).toBe(1_000);
    clock.advance(250);
    expect(clock.now()).toBe(1_250);
    clock.advance(-50);
    expect(clock.now()).toBe(1_200);
    clock.set(5);
    expect(clock.now()).toBe(5);
  });

  it('begins at the same time in every run, which is not past yet for a table', () => {
    expect(new Date(createVirtualClock().now()).toISOString()).toBe('2030-01-01T00:00:00.000Z');
  });

  it('is a clock of its own each time', () => {
    const [one, other] = [createVirtualClock(0), createVirtualClock(0)];
    one.advance(1);
    expect(other.now()).toBe(0);
  });

  it('advances also without its object', () => {
    const { now, advance } = createVirtualClock(0);
    advance(7);
    expect(now()).toBe(7);
  });

  it('lets a cache live through days', async () => {
    const clock = createVirtualClock();
    const cache = new CacheService(new MemoryCacheStore({ clock }), { clock });
    await cache.set('key', 'held', '7d');
    clock.advance(7 * 86_400_000 - 1);
    expect(await cache.get('key')).toBe('held');
    clock.advance(1);
    expect(await cache.get('key')).toBeUndefined();
    await cache.close();
  });
});
