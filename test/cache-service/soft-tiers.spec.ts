import { type CacheStore, MemoryCacheStore, TieredCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import type { InvalidationChannel } from '../../src/stores/tiered/index.js';
import { flush, nth, setup, slowLoad, storeLike, useFakeTime, watched } from './helpers.js';

/** A channel in this process, whose messages arrive when they are published. */
function bus(): () => InvalidationChannel {
  const listeners: ((message: string) => void)[] = [];
  return () => ({
    publish: async (message) => {
      for (const listener of listeners) listener(message);
    },
    listen: (listener) => void listeners.push(listener),
    sync: async () => 1,
    close: async () => {},
  });
}

/** Processes with a first tier of their own over one last tier. */
async function fleet(size: number, last: CacheStore = new MemoryCacheStore(), tells = true) {
  const channel = bus();
  const services = Array.from({ length: size }, () => {
    const own = new MemoryCacheStore();
    const options = tells ? { channel: channel() } : {};
    const made = setup({}, new TieredCacheStore([own, last], options));
    return { ...made, own };
  });
  await Promise.all(services.map(({ cache }) => cache.warm()));
  return services;
}

describe('expire over tiers', () => {
  useFakeTime();

  it('drops the copies of every process that is told', async () => {
    const [here, there] = await fleet(2);
    await here?.cache.set('k', 'old', 60);
    expect(await there?.cache.get('k')).toBe('old');
    expect((await there?.own.getVersioned('k'))?.value).toBeDefined();
    await here?.cache.expire('k');
    for (const made of [here, there]) {
      expect((await made?.own.getVersioned('k'))?.value).toBeUndefined();
      expect(await made?.cache.getEntry('k')).toMatchObject({ value: 'old', state: 'stale' });
    }
  });

  it('counts in this process without a channel, too', async () => {
    const [here] = await fleet(1, new MemoryCacheStore(), false);
    await here?.cache.set('k', 'old', 60);
    await here?.cache.get('k');
    await here?.cache.expire('k');
    expect(await here?.cache.getEntry('k')).toMatchObject({ state: 'stale' });
    expect(await here?.cache.wrap('k', 60, () => 'new')).toBe('old');
    await here?.cache.settled();
    expect(await here?.cache.get('k')).toBe('new');
  });

  it('drops the copies of a tier in the middle', async () => {
    const [middle, last] = [new MemoryCacheStore(), new MemoryCacheStore()];
    const store = new TieredCacheStore([new MemoryCacheStore(), middle, last]);
    const { cache } = setup({}, store);
    await cache.set('k', 'old', 60);
    await cache.get('k');
    expect((await middle.getVersioned('k')).value).toBeDefined();
    await cache.expire('k');
    expect((await middle.getVersioned('k')).value).toBeUndefined();
    expect(await cache.getEntry('k')).toMatchObject({ state: 'stale' });
  });

  it('reads the last tier consistently', async () => {
    const { store: last, calls } = watched();
    const [here] = await fleet(1, last);
    await here?.cache.set('k', 'old', 60);
    await here?.cache.get('k');
    calls.length = 0;
    await here?.cache.expire('k');
    await here?.cache.expireTags(['red']);
    const reads = calls.filter(({ operation }) => operation === 'getVersioned');
    expect(reads.map(({ args }) => args)).toEqual([
      ['k', { consistent: true }],
      ['#tag::red', { consistent: true }],
    ]);
  });

  it('rejects when a copy cannot be dropped', async () => {
    const own = storeLike(new MemoryCacheStore(), { del: () => Promise.reject(new Error('own')) });
    const { cache } = setup({}, new TieredCacheStore([own, new MemoryCacheStore()]));
    await cache.wrap('k', 60, () => 'old');
    await expect(cache.expire('k')).rejects.toMatchObject({ code: 'NOT_CONFIRMED', subject: 'k' });
  });
});

describe('expireTags over tiers', () => {
  useFakeTime();

  it('makes copies stale, and refreshes once from the last tier', async () => {
    const services = await fleet(3);
    const policy = { ttl: 60, tags: ['red'] };
    for (const { cache } of services) await cache.wrap('k', policy, () => 'old');
    await nth(services, 0).cache.expireTags(['red']);
    const { load, runs } = slowLoad<string>();
    for (const { cache } of services) expect(await cache.wrap('k', policy, load)).toBe('old');
    await flush();
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('new');
    await Promise.all(services.map(({ cache }) => cache.settled()));
    for (const { cache } of services) {
      await cache.wrap('k', policy, load);
      await cache.settled();
      expect(await cache.getEntry('k')).toMatchObject({ value: 'new', state: 'fresh' });
    }
    expect(runs).toHaveLength(1);
  });
});
