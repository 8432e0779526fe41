import { type CacheService, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  bareStore,
  deferred,
  flush,
  heldReads,
  nth,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

describe('a load that an invalidation overtook', () => {
  useFakeTime();
  const policy = { ttl: 60, tags: ['red'] };
  const ways: [string, (cache: CacheService) => Promise<unknown>][] = [
    ['del', (cache) => cache.del('k')],
    ['delMany', (cache) => cache.delMany(['other', 'k'])],
    ['delByPattern', (cache) => cache.delByPattern('k*')],
    ['invalidateTags', (cache) => cache.invalidateTags(['blue', 'red'])],
    ['clear', (cache) => cache.clear()],
    ['set', (cache) => cache.set('k', 'set', 60)],
  ];

  it.each(ways)('is not cached, and nobody joins it: %s', async (way, invalidate) => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', policy, load);
    await flush();
    await invalidate(cache);
    const late = cache.wrap('k', policy, load);
    await flush();
    nth(runs, 0).resolve('old');
    expect(await early).toBe('old');
    expect(of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'invalidated' }]);
    if (way === 'set') {
      expect(await late).toBe('set');
      expect(runs).toHaveLength(1);
      return;
    }
    expect(await cache.get('k')).toBeUndefined();
    expect(runs).toHaveLength(2);
    nth(runs, 1).resolve('new');
    expect(await late).toBe('new');
    expect(await cache.get('k')).toBe('new');
  });

  it('is not served by a read that began before a set ended', async () => {
    const { store, holdNext } = heldReads();
    const gate = deferred();
    const set: typeof store.set = async (key, value, ttl) => {
      if (key === 'k') await gate.promise;
      return store.set(key, value, ttl);
    };
    const { cache } = setup({}, storeLike(store, { set }));
    await setup({}, store).cache.wrap('k', policy, () => 'old');
    const setting = cache.set('k', 'new');
    await flush();
    const release = holdNext();
    const wrapped = cache.wrap('k', policy, () => 'loaded');
    await flush();
    gate.resolve(undefined);
    await setting;
    release();
    expect(await wrapped).toBe('loaded');
    expect(await cache.get('k')).toBe('new');
  });

  const remote = ways.filter(([way]) => way !== 'delByPattern');
  it.each(remote)('by another service: %s', async (way, invalidate) => {
    const store = new MemoryCacheStore();
    const here = setup({ versionTTL: 0 }, store);
    const there = setup({ versionTTL: 0 }, store);
    const { load, runs } = slowLoad();
    const early = here.cache.wrap('k', policy, load);
    await flush();
    await invalidate(there.cache);
    const late = here.cache.wrap('k', policy, load);
    await flush();
    if (way === 'set') {
      nth(runs, 0).resolve('old');
      expect(await Promise.all([early, late])).toEqual(['old', 'set']);
      expect(await there.cache.get('k')).toBe('set');
      return;
    }
    expect(runs).toHaveLength(2);
    nth(runs, 0).resolve('old');
    expect(await early).toBe('old');
    expect(await here.cache.get('k')).toBeUndefined();
    expect(await there.cache.get('k')).toBeUndefined();
    nth(runs, 1).resolve('new');
    expect(await late).toBe('new');
  });

  it('by another service, of a tag that the load has added, is joined by nobody', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    const gate = slowLoad();
    const early = here.cache.wrap('k', 60, async ({ addTags }) => {
      await addTags('late');
      return gate.load();
    });
    await flush();
    await there.cache.invalidateTags(['late']);
    const late = here.cache.wrap('k', 60, () => 'new');
    await flush();
    nth(gate.runs, 0).resolve('old');
    expect(await early).toBe('old');
    expect(await late).toBe('new');
    expect(await here.cache.get('k')).toBe('new');
  });

  it('by an invalidation of a tag that the load has added, here, is joined by nobody', async () => {
    const { cache } = setup();
    const gate = slowLoad();
    const early = cache.wrap('k', 60, async ({ addTags }) => {
      await addTags('late');
      return gate.load();
    });
    await flush();
    await cache.invalidateTags(['late']);
    expect(await cache.wrap('k', 60, () => 'new')).toBe('new');
    nth(gate.runs, 0).resolve('old');
    expect(await early).toBe('old');
    expect(await cache.get('k')).toBe('new');
  });

  it('and a load that comes after it does fill, whichever ends first', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', policy, load);
    await flush();
    await cache.del('k');
    const late = cache.wrap('k', policy, load);
    await flush();
    nth(runs, 1).resolve('new');
    expect(await late).toBe('new');
    nth(runs, 0).resolve('old');
    expect(await early).toBe('old');
    expect(await cache.get('k')).toBe('new');
  });

  it('is not cached even by a store that has no fence', async () => {
    const { cache } = setup({}, bareStore());
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', policy, load);
    await flush();
    await cache.del('k');
    nth(runs, 0).resolve('old');
    await early;
    expect(await cache.get('k')).toBeUndefined();
  });

  it('whose write is on its way to a store without a fence is waited for', async () => {
    const base = new MemoryCacheStore();
    let land: () => void = () => {};
    const bare = bareStore(base);
    const store = storeLike(bare, {
      set: async (key: string, value: unknown, ttl: number) => {
        if (key === 'k') {
          await new Promise<void>((resolve) => {
            land = resolve;
          });
        }
        await base.set(key, value, ttl);
      },
    });
    const { cache } = setup({}, store);
    const wrapped = cache.wrap('k', 60, () => 'old');
    await flush();
    const deleting = cache.del('k');
    await flush();
    land();
    await Promise.all([wrapped, deleting]);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('that another service has filled meanwhile does not fill again', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    const { load, runs } = slowLoad();
    const slow = here.cache.wrap('k', 60, load);
    await flush();
    await there.cache.wrap('k', 60, () => 'there');
    nth(runs, 0).resolve('here');
    expect(await slow).toBe('here');
    expect(here.of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'changed' }]);
    expect(await here.cache.get('k')).toBe('there');
  });

  it('under a clock that is off by five minutes is still not cached', async () => {
    for (const skew of [300_000, -300_000]) {
      const store = new MemoryCacheStore();
      const here = setup({ clock: { now: () => Date.now() + skew } }, store);
      const there = setup({}, store);
      const { load, runs } = slowLoad();
      for (const key of ['deleted', 'tagged']) {
        const early = here.cache.wrap(key, { ttl: '10m', tags: ['red'] }, load);
        await flush();
        await (key === 'tagged' ? there.cache.invalidateTags(['red']) : there.cache.del(key));
        nth(runs, -1 + runs.length).resolve('old');
        expect(await early).toBe('old');
        expect(await there.cache.get(key)).toBeUndefined();
        expect(await here.cache.get(key)).toBeUndefined();
      }
    }
  });
});

describe('a load that a freeze made old', () => {
  useFakeTime();

  const hour = 3_600_000;
  const jumps: [string, () => void][] = [
    ['the wall clock', () => vi.setSystemTime(Date.now() + hour)],
    [
      'the monotonic clock',
      () => {
        const before = process.hrtime.bigint();
        vi.spyOn(process.hrtime, 'bigint').mockReturnValue(before + BigInt(hour) * 1_000_000n);
      },
    ],
  ];

  it.each(jumps)('by %s is not cached, and says so', async (_name, jump) => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', '2h', load);
    await flush();
    jump();
    nth(runs, 0).resolve('old');
    expect(await wrapped).toBe('old');
    expect(of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'late' }]);
    expect(await cache.get('k')).toBeUndefined();
    expect(of('fill')).toEqual([]);
  });

  it.each(jumps)('by %s is joined by nobody', async (_name, jump) => {
    // Absence is a version here, and after an hour the same again: the tombstone of a deletion is gone.
    const base = new MemoryCacheStore();
    const store = storeLike(base, {
      durable: true,
      getVersioned: async (key: string) => ({ value: await base.get(key), version: 'absent' }),
    });
    const { cache } = setup({}, store);
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', '2h', load);
    await flush();
    jump();
    const late = cache.wrap('k', '2h', load);
    await flush();
    expect(runs).toHaveLength(2);
    nth(runs, 0).resolve('old');
    nth(runs, 1).resolve('new');
    expect(await Promise.all([early, late])).toEqual(['old', 'new']);
  });

  it('for a quarter of an hour is still cached', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', '2h', load);
    await flush();
    vi.setSystemTime(Date.now() + 15 * 60_000);
    nth(runs, 0).resolve('value');
    await wrapped;
    expect(of('refused')).toEqual([]);
    expect(await cache.get('k')).toBe('value');
  });

  it('is still cached when the wall clock was set back', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', '2h', load);
    await flush();
    vi.setSystemTime(Date.now() - hour);
    nth(runs, 0).resolve('value');
    await wrapped;
    expect(await cache.get('k')).toBe('value');
  });
});
