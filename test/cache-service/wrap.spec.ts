import { createCacheKey, NullCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { advance, bareStore, nth, START, setup, slowLoad, useFakeTime } from './helpers.js';

describe('wrap', () => {
  useFakeTime();

  it.each([0, '', false, null, 'text', [], { a: 1 }])('caches %j', async (value) => {
    const { cache } = setup();
    const load = vi.fn(() => value);
    expect(await cache.wrap('k', 60, load)).toEqual(value);
    expect(await cache.wrap('k', 60, load)).toEqual(value);
    expect(load).toHaveBeenCalledOnce();
  });

  it('never caches undefined', async () => {
    const { cache, of } = setup();
    const load = vi.fn(() => undefined);
    expect(await cache.wrap('k', 60, load)).toBeUndefined();
    expect(await cache.wrap('k', 60, load)).toBeUndefined();
    expect(load).toHaveBeenCalledTimes(2);
    expect([of('fill'), of('refused'), of('store-error')]).toEqual([[], [], []]);
  });

  it('takes a load that is not asynchronous', async () => {
    const { cache } = setup();
    expect(await cache.wrap('k', 60, () => 'plain')).toBe('plain');
    expect(await cache.get('k')).toBe('plain');
  });

  it('rejects with what a load throws, at once or later, and caches nothing', async () => {
    const { cache, of } = setup();
    const error = new Error('origin');
    const throws = () => {
      throw error;
    };
    await expect(cache.wrap('k', 60, throws)).rejects.toBe(error);
    await expect(cache.wrap('k', 60, async () => throws())).rejects.toBe(error);
    await expect(cache.wrap('k', 60, () => Promise.reject(null))).rejects.toBeNull();
    expect(await cache.get('k')).toBeUndefined();
    expect(of('load-error').map((event) => event.error)).toEqual([error, error, null]);
    expect(await cache.wrap('k', 60, () => 'recovered')).toBe('recovered');
  });

  it('lives to the millisecond, and then loads again', async () => {
    const { cache } = setup();
    let n = 0;
    const load = () => ++n;
    await cache.wrap('k', '1s', load);
    await advance(999);
    expect(await cache.wrap('k', '1s', load)).toBe(1);
    await advance(1);
    expect(await cache.wrap('k', '1s', load)).toBe(2);
  });

  it('lives for 30 days', async () => {
    const { cache } = setup();
    const load = vi.fn(() => 1);
    const policy = { ttl: '30d', tags: ['red'] } as const;
    await cache.wrap('k', policy, load);
    vi.setSystemTime(START + 30 * 86_400_000 - 1);
    await cache.wrap('k', policy, load);
    expect(load).toHaveBeenCalledTimes(1);
    vi.setSystemTime(START + 30 * 86_400_000);
    await cache.wrap('k', policy, load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('counts the life from the end of the load', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', '10s', load);
    await advance(4_000);
    nth(runs, 0).resolve('value');
    await wrapped;
    expect(await cache.getEntry('k')).toMatchObject({ expiresAt: START + 14_000 });
  });

  it('takes the policy of a typed key', async () => {
    const key = createCacheKey('user', (id: string) => `user:${id}`, {
      ttl: '20s',
      staleTTL: '5s',
      tags: (id) => [`user:${id}`],
    }).of<{ id: string }>();
    const { cache } = setup();
    await cache.wrap(key('1'), () => ({ id: '1' }));
    expect(await cache.getEntry(key('1'))).toMatchObject({
      staleAt: START + 5_000,
      expiresAt: START + 20_000,
      tags: ['user:1'],
    });
    await cache.wrap(key('2'), '3s', () => ({ id: '2' }));
    expect(await cache.getEntry(key('2'))).toMatchObject({
      staleAt: undefined,
      expiresAt: START + 3_000,
      tags: ['user:2'],
    });
  });

  it('takes its part off the ttl for jitter', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { cache } = setup();
    await cache.wrap('k', { ttl: 100, jitter: 0.2 }, () => 1);
    expect((await cache.getEntry('k'))?.expiresAt).toBe(START + 90_000);
  });

  it('loads each time on a store that never holds anything', async () => {
    const { cache } = setup({}, new NullCacheStore());
    const load = vi.fn(() => 1);
    await cache.wrap('k', { ttl: 60, tags: ['red'] }, load);
    await cache.wrap('k', { ttl: 60, tags: ['red'] }, load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('needs nothing of a store but get, set and del', async () => {
    const { cache } = setup({ lease: true }, bareStore());
    const load = vi.fn(() => 1);
    const policy = { ttl: 60, tags: ['red'] };
    await cache.wrap('k', policy, load);
    await cache.wrap('k', policy, load);
    expect(load).toHaveBeenCalledTimes(1);
    await cache.invalidateTags(['red']);
    await cache.wrap('k', policy, load);
    await cache.del('k');
    await cache.wrap('k', policy, load);
    await cache.clear();
    await cache.wrap('k', policy, load);
    expect(load).toHaveBeenCalledTimes(4);
    expect(await cache.delByPattern('*')).toBeUndefined();
  });
});
