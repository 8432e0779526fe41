import { type CacheEvent, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { noteUnhandled } from '../unhandled.js';
import { advance, flush, nth, setup, slowLoad, useFakeTime } from './helpers.js';

describe('events', () => {
  useFakeTime();

  it('of a miss that loads and fills, and of a hit', async () => {
    const { cache, events } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', 60, load);
    await advance(40);
    nth(runs, 0).resolve('value');
    await wrapped;
    await advance(10);
    await cache.wrap('k', 60, load);
    expect(events).toEqual([
      { type: 'miss', key: 'k', reason: 'absent' },
      { type: 'load', key: 'k', durationMs: 40 },
      { type: 'fill', key: 'k', ttlMs: 60_000 },
      { type: 'hit', key: 'k', state: 'fresh', ageMs: 10 },
    ]);
  });

  it('name keys as the caller wrote them, without the prefix', async () => {
    const { cache, events } = setup({ keyPrefix: 'app' });
    await cache.wrap('#k', 60, () => 1);
    await cache.get('#k');
    await cache.del('#k');
    const keys = events.map((event) => ('key' in event ? event.key : undefined));
    expect(new Set(keys)).toEqual(new Set(['#k']));
  });

  it('of a load that fails', async () => {
    const { cache, events } = setup();
    const error = new Error('origin');
    await cache.wrap('k', 60, () => Promise.reject(error)).catch(() => {});
    expect(events).toEqual([
      { type: 'miss', key: 'k', reason: 'absent' },
      { type: 'load-error', key: 'k', durationMs: 0, error },
    ]);
  });

  it('of a refusal', async () => {
    const { cache, events } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', 60, load);
    await flush();
    await cache.del('k');
    nth(runs, 0).resolve('old');
    await wrapped;
    expect(events).toEqual([
      { type: 'miss', key: 'k', reason: 'absent' },
      { type: 'invalidate', key: 'k' },
      { type: 'load', key: 'k', durationMs: 0 },
      { type: 'refused', key: 'k', reason: 'invalidated' },
    ]);
  });

  it('of a stale hit and its refresh', async () => {
    const { cache, events } = setup();
    const policy = { ttl: 60, staleTTL: 10 };
    await cache.wrap('k', policy, () => 1);
    await advance(10_000);
    events.length = 0;
    await cache.wrap('k', policy, () => 2);
    await cache.settled();
    expect(events).toEqual([
      { type: 'hit', key: 'k', state: 'stale', ageMs: 10_000 },
      { type: 'lease', key: 'k', state: 'taken' },
      { type: 'refresh', key: 'k', reason: 'stale' },
      { type: 'load', key: 'k', durationMs: 0 },
      { type: 'fill', key: 'k', ttlMs: 60_000 },
    ]);
  });

  it('of two callers who share a load', async () => {
    const { cache, types } = setup();
    await Promise.all([cache.wrap('k', 60, () => 1), cache.wrap('k', 60, () => 2)]);
    expect(types()).toEqual(['miss', 'miss', 'join', 'load', 'fill']);
  });

  it('say why there was a miss', async () => {
    const store = new MemoryCacheStore();
    const { cache, of } = setup({ staleIfError: '1h' }, store);
    await cache.get('k');
    await cache.set('k', 1, { ttl: 60, tags: ['red'] });
    await cache.wrap('k', { forceFresh: true, ttl: 60, tags: ['red'] }, () => 2);
    await cache.invalidateTags(['red']);
    await cache.get('k');
    await cache.set('k', 1, 60);
    await advance(60_000);
    await cache.get('k');
    await store.set('k', 'foreign', 60);
    await cache.get('k');
    expect(of('miss').map(({ reason }) => reason)).toEqual([
      'absent',
      'forced',
      'invalidated',
      'expired',
      'corrupt',
    ]);
  });

  it('of set and of the invalidations', async () => {
    const { cache, events } = setup();
    await cache.setMany([
      { key: 'a', value: 1, ttl: 5 },
      { key: 'b', value: 2, ttl: 6 },
    ]);
    await cache.delMany(['a', 'b']);
    await cache.invalidateTags(['red']);
    await cache.delByPattern('x*');
    await cache.clear();
    expect(events).toEqual([
      { type: 'fill', key: 'a', ttlMs: 5_000 },
      { type: 'fill', key: 'b', ttlMs: 6_000 },
      { type: 'invalidate', key: 'a' },
      { type: 'invalidate', key: 'b' },
      { type: 'invalidate', tag: 'red' },
      { type: 'invalidate', pattern: 'x*' },
      { type: 'invalidate' },
    ]);
  });

  it('of has and getEntry are none', async () => {
    const { cache, events } = setup();
    await cache.has('k');
    await cache.getEntry('k');
    expect(events).toEqual([]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('listener');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('listener');
      },
    ],
  ])('reach a listener that %s, and nobody is harmed', async (_how, listener) => {
    const expectNoneUnhandled = noteUnhandled();
    const onEvent = vi.fn(listener as (event: CacheEvent) => void);
    const { cache } = setup({ onEvent });
    expect(await cache.wrap('k', 60, () => 1)).toBe(1);
    expect(await cache.wrap('k', 60, () => 1)).toBe(1);
    await cache.del('k');
    expect(onEvent).toHaveBeenCalledTimes(5);
    await expectNoneUnhandled();
  });
});

describe('stats', () => {
  useFakeTime();

  it('count from zero, and are a copy', async () => {
    const { cache } = setup();
    const stats = cache.stats() as Record<string, number>;
    expect(new Set(Object.values(stats))).toEqual(new Set([0]));
    stats.hits = 9;
    expect(cache.stats().hits).toBe(0);
  });

  it('agree with the events', async () => {
    const { cache } = setup({ staleIfError: '1h' });
    const policy = { ttl: 60, staleTTL: 10 };
    await cache.wrap('k', policy, () => 1);
    await cache.wrap('k', policy, () => 1);
    await advance(10_000);
    await cache.wrap('k', policy, () => 2);
    await cache.settled();
    await cache.get('other');
    await cache.del('k');
    await cache.wrap('k', policy, () => Promise.reject(new Error('origin'))).catch(() => {});
    expect(cache.stats()).toMatchObject({
      hits: 2,
      staleHits: 1,
      misses: 3,
      loads: 2,
      loadErrors: 1,
      refreshes: 1,
      fills: 2,
      refusals: 0,
      joins: 0,
      staleServed: 0,
      invalidations: 1,
      corrupt: 0,
      storeErrors: 0,
      breakerChanges: 0,
      leases: 1,
      backgroundErrors: 0,
      backgroundUnfinished: 0,
    });
  });
});
