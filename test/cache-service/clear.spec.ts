import { MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  brokenStore,
  flush,
  nth,
  setup,
  slowLoad,
  useFakeTime,
  watched,
} from './helpers.js';

describe('clear', () => {
  useFakeTime();

  it('invalidates everything with one write, and never wipes the store', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    await cache.set('a', 1, 60);
    await cache.set('b', 2, { ttl: 60, tags: ['red'] });
    calls.length = 0;
    await cache.clear();
    expect(calls.map(({ operation }) => operation)).toEqual(['set']);
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    expect(await cache.has('a')).toBe(false);
  });

  it('leaves every other prefix alone', async () => {
    const store = new MemoryCacheStore();
    const services = ['one', 'two', undefined].map((keyPrefix) => setup({ keyPrefix }, store));
    for (const { cache } of services) await cache.set('k', 'value', 60);
    const [one, two, none] = services.map(({ cache }) => cache);
    await one?.clear();
    expect(await one?.get('k')).toBeUndefined();
    expect(await two?.get('k')).toBe('value');
    expect(await none?.get('k')).toBe('value');
    await none?.clear();
    expect(await two?.get('k')).toBe('value');
    expect(await none?.get('k')).toBeUndefined();
  });

  it('is seen at once by the process that called it', async () => {
    const { cache } = setup({ versionTTL: '1h' });
    await cache.set('k', 'old', 60);
    await cache.get('k');
    await cache.clear();
    expect(await cache.get('k')).toBeUndefined();
    await cache.set('k', 'new', 60);
    expect(await cache.get('k')).toBe('new');
    await cache.clear();
    expect(await cache.get('k')).toBeUndefined();
  });

  it('is seen within versionTTL by the others', async () => {
    const store = new MemoryCacheStore();
    const here = setup({}, store);
    const there = setup({}, store);
    await here.cache.set('k', 'old', 600);
    expect(await there.cache.get('k')).toBe('old');
    await here.cache.clear();
    await advance(4_999);
    expect(await there.cache.get('k')).toBe('old');
    await advance(1);
    expect(await there.cache.get('k')).toBeUndefined();
  });

  it('is seen after a freeze', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({ versionTTL: '1m' }, store)];
    await here.cache.set('k', 'old', '1d');
    await there.cache.get('k');
    await here.cache.clear();
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await there.cache.get('k')).toBeUndefined();
  });

  it('does not hide a younger value from a process that remembers the old version', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({ versionTTL: '1h' }, store)];
    await here.cache.set('k', 'old', 600);
    await there.cache.get('k');
    await here.cache.clear();
    await here.cache.set('k', 'new', 600);
    expect(await there.cache.get('k')).toBe('new');
  });

  it('lets a process that remembers the old version refresh a younger value for all', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({ versionTTL: '1h' }, store)];
    const policy = { ttl: 600, staleTTL: 10 };
    await there.cache.wrap('k', policy, () => 'old');
    await here.cache.clear();
    await here.cache.wrap('k', policy, () => 'new');
    await advance(10_000);
    expect(await there.cache.wrap('k', policy, () => 'newer')).toBe('new');
    await there.cache.settled();
    expect(await here.cache.get('k')).toBe('newer');
  });

  it('keeps out what a process loads that has not seen it yet', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({ versionTTL: '5s' }, store)];
    await there.cache.wrap('other', 600, () => 1);
    const { load, runs } = slowLoad();
    const wrapped = there.cache.wrap('k', 600, load);
    await flush();
    await here.cache.clear();
    nth(runs, 0).resolve('old');
    await wrapped;
    expect(await here.cache.get('k')).toBeUndefined();
    await advance(5_000);
    expect(await there.cache.get('k')).toBeUndefined();
  });

  it('invalidates everything where the record of the prefix was evicted', async () => {
    const store = new MemoryCacheStore();
    const { cache } = setup({ versionTTL: 0 }, store);
    await cache.set('k', 'old', 60);
    expect(await store.delByPattern('#prefix:*')).toBe(1);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.wrap('k', 60, () => 'new')).toBe('new');
    expect(await cache.get('k')).toBe('new');
  });

  it('rejects when it is not confirmed', async () => {
    const { store, state } = brokenStore();
    const { cache, of } = setup({}, store);
    await expect(cache.clear()).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: expect.not.stringContaining('undefined'),
    });
    expect(of('invalidate')).toEqual([]);
    state.broken = false;
    await cache.clear();
    expect(of('invalidate')).toEqual([{ type: 'invalidate' }]);
  });
});
