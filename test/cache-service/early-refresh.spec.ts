import { describe, expect, it, vi } from 'vitest';
import { advance, flush, nth, setup, slowLoad, useFakeTime } from './helpers.js';

/** Makes the logarithm of the draw -1: a refresh is due from `beta` load times before the end. */
const ONE = 1 - Math.exp(-1);
const EARLY = { ttl: '60s', earlyRefresh: 1 } as const;

describe('earlyRefresh', () => {
  useFakeTime();

  async function cached(config = {}) {
    vi.spyOn(Math, 'random').mockReturnValue(ONE);
    const made = setup(config);
    const { load, runs } = slowLoad();
    const wrapped = made.cache.wrap('k', EARLY, load);
    await advance(2_000);
    nth(runs, 0).resolve('old');
    await wrapped;
    return made;
  }

  it('refreshes behind a hit, as long before the end as the load took', async () => {
    const { cache, of } = await cached();
    const load = vi.fn(() => 'new');
    await advance(57_999);
    await cache.wrap('k', EARLY, load);
    await cache.settled();
    expect(load).not.toHaveBeenCalled();
    await advance(1);
    expect(await cache.wrap('k', EARLY, load)).toBe('old');
    await cache.settled();
    expect(load).toHaveBeenCalledOnce();
    expect(of('refresh')).toEqual([{ type: 'refresh', key: 'k', reason: 'early' }]);
    expect(await cache.get('k')).toBe('new');
  });

  it('is off unless it is asked for', async () => {
    const { cache, of } = await cached();
    const load = vi.fn(() => 'new');
    await advance(59_999);
    await cache.wrap('k', '60s', load);
    await cache.wrap('k', { ttl: '60s', earlyRefresh: 0 }, load);
    await cache.settled();
    expect(load).not.toHaveBeenCalled();
    expect(of('refresh')).toEqual([]);
  });

  it('can be set for a whole service', async () => {
    const { cache, of } = await cached({ earlyRefresh: 5 });
    await advance(50_000);
    await cache.wrap('k', '60s', () => 'new');
    await cache.settled();
    expect(of('refresh')).toMatchObject([{ reason: 'early' }]);
  });

  it('starts one refresh for many hits', async () => {
    const { cache } = await cached();
    const { load, runs } = slowLoad();
    await advance(59_000);
    await Promise.all([1, 2, 3].map(() => cache.wrap('k', EARLY, load)));
    await flush();
    expect(runs).toHaveLength(1);
  });

  it('refreshes the keys of a batch that are due, with one call', async () => {
    const { cache } = await cached();
    await cache.set('young', 'young', 600);
    await advance(59_000);
    const load = vi.fn(async (missing: readonly string[]) => missing.map(() => 'new'));
    expect(await cache.wrapMany(['k', 'young'], EARLY, load)).toEqual(['old', 'young']);
    await cache.settled();
    expect(load.mock.calls.map(([missing]) => missing)).toEqual([['k']]);
  });
});
