import {
  type CacheService,
  createCacheKey,
  MemoryCacheStore,
  NullCacheStore,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  bareStore,
  flush,
  nth,
  START,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

const FIFTEEN = Array.from({ length: 15 }, (_, i) => i);

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

  it('works on a store that never holds anything', async () => {
    const { cache } = setup({}, new NullCacheStore());
    const load = vi.fn(() => 1);
    await cache.wrap('k', { ttl: 60, tags: ['red'] }, load);
    await cache.wrap('k', { ttl: 60, tags: ['red'] }, load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('works on a store with nothing but get, set and del', async () => {
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

describe('callers of one key at once', () => {
  useFakeTime();

  it('share one load and its value, each a copy', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad<{ list: number[] }>();
    const callers = FIFTEEN.map(() => cache.wrap('k', 60, load));
    await flush();
    expect(runs).toHaveLength(1);
    const loaded = { list: [1] };
    nth(runs, 0).resolve(loaded);
    const values = await Promise.all(callers);
    expect(values).toEqual(FIFTEEN.map(() => ({ list: [1] })));
    expect(new Set(values).size).toBe(15);
    expect(new Set(values.map(({ list }) => list)).size).toBe(15);
    expect(of('join')).toHaveLength(14);
    for (const value of values) value.list.push(2);
    expect(await cache.get('k')).toEqual({ list: [1] });
  });

  it('get their copy before anyone can touch the value', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad<{ n: number }>();
    const seen: number[] = [];
    const callers = FIFTEEN.map(async () => {
      const value = await cache.wrap('k', 60, load);
      seen.push(value.n);
      value.n = 99;
    });
    await flush();
    nth(runs, 0).resolve({ n: 1 });
    await Promise.all(callers);
    expect(seen).toEqual(FIFTEEN.map(() => 1));
  });

  it('share the error of one load, all at once; the next caller loads again', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const callers = FIFTEEN.map(() => cache.wrap('k', 60, load));
    await flush();
    expect(runs).toHaveLength(1);
    const error = new Error('origin');
    nth(runs, 0).reject(error);
    const outcomes = await Promise.allSettled(callers);
    expect(outcomes).toEqual(FIFTEEN.map(() => ({ status: 'rejected', reason: error })));
    expect(runs).toHaveLength(1);
    const next = cache.wrap('k', 60, load);
    await flush();
    expect(runs).toHaveLength(2);
    nth(runs, 1).resolve('better');
    expect(await next).toBe('better');
  });

  it('share undefined, too', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const callers = FIFTEEN.map(() => cache.wrap('k', 60, load));
    await flush();
    nth(runs, 0).resolve(undefined);
    expect(await Promise.all(callers)).toEqual(FIFTEEN.map(() => undefined));
    expect(runs).toHaveLength(1);
  });

  it.each([
    ['tags', { ttl: 60, tags: ['red', '__proto__'] }],
    ['a lease', { ttl: 60, lease: true }],
  ])('share one load with %s, cold, also when they come a little later', async (_name, policy) => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const first = cache.wrap('k', policy, load);
    await advance(10);
    const later = cache.wrap('k', policy, load);
    await advance(10);
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('value');
    expect(await Promise.all([first, later])).toEqual(['value', 'value']);
  });

  it.each([
    ['without a store', new NullCacheStore()],
    ['on a bare store', bareStore()],
  ])('share one load %s', async (_name, store) => {
    const { cache } = setup({}, store);
    const { load, runs } = slowLoad();
    const callers = FIFTEEN.map(() => cache.wrap('k', { ttl: 60, tags: ['red'] }, load));
    await flush();
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('value');
    expect(await Promise.all(callers)).toEqual(FIFTEEN.map(() => 'value'));
  });

  it('do not wait for other keys, nor for other services', async () => {
    const store = new MemoryCacheStore();
    const [one, two] = [setup({}, store), setup({}, store)];
    const { load } = slowLoad();
    const stuck = [one.cache.wrap('k', 60, load), one.cache.wrap('other', 60, load)];
    expect(await two.cache.wrap('k', 60, () => 'two')).toBe('two');
    expect(await one.cache.wrap('third', 60, () => 'three')).toBe('three');
    expect(await Promise.all(stuck.map(settledState))).toEqual(['pending', 'pending']);
  });

  it('do not join a load after what it shares was written and replaced', async () => {
    const { cache } = setup();
    expect(await cache.wrap('k', 60, () => 'first')).toBe('first');
    await cache.set('k', 'second', 60);
    expect(await cache.wrap('k', 60, () => 'third')).toBe('second');
  });
});

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

  // Fails: who comes later knows nothing of a tag that the load has added, so it compares no version of it.
  // Cure: read the versions of the tags that a running load has added before joining it.
  it.fails('by another service, of a tag that the load has added, is joined by nobody', async () => {
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
    await early;
    expect(await late).toBe('new');
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
        const before = performance.now();
        vi.spyOn(performance, 'now').mockReturnValue(before + hour);
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
    // Absence is a version here, and after an hour the same again: the marker of a deletion is gone.
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

describe('what a load can say', () => {
  useFakeTime();

  it('skip: the value reaches everybody, and is not cached', async () => {
    const { cache, of } = setup();
    const load = vi.fn(({ skip }: { skip: () => void }) => {
      skip();
      return 'value';
    });
    expect(await Promise.all([1, 2].map(() => cache.wrap('k', 60, load)))).toEqual([
      'value',
      'value',
    ]);
    expect(await cache.get('k')).toBeUndefined();
    expect([of('fill'), of('refused')]).toEqual([[], []]);
  });

  it('setTTL: the last one counts', async () => {
    const { cache, of } = setup();
    await cache.wrap('k', { ttl: 60, staleTTL: 30 }, ({ setTTL }) => {
      setTTL('1h');
      setTTL('10s');
      return 1;
    });
    expect(await cache.getEntry('k')).toMatchObject({
      staleAt: undefined,
      expiresAt: START + 10_000,
    });
    expect(of('fill')).toMatchObject([{ ttlMs: 10_000 }]);
  });

  it('setTTL: a wrong one fails the load, which the caller is told', async () => {
    const { cache } = setup();
    const load = ({ setTTL }: { setTTL: (ttl: number) => void }) => {
      setTTL(-1);
      return 1;
    };
    await expect(cache.wrap('k', 60, load)).rejects.toMatchObject({ code: 'INVALID_DURATION' });
  });

  it('setTTL: never lets an entry outlive the records that invalidate it', async () => {
    const base = new MemoryCacheStore();
    const ttls: number[] = [];
    const note = (ttl: number) => {
      ttls.push(ttl);
    };
    const store = storeLike(base, {
      setIfUnchanged: (key: string, value: unknown, ttl: number, version: string) => {
        note(ttl);
        return base.setIfUnchanged(key, value, ttl, version);
      },
    });
    const { cache } = setup({ staleIfError: '300d' }, store);
    await cache
      .wrap('k', { ttl: 60, tags: ['red'] }, ({ setTTL }) => {
        setTTL('366d');
        return 1;
      })
      .catch(() => note(0));
    expect(ttls).toHaveLength(1);
    expect(nth(ttls, 0)).toBeLessThanOrEqual(366 * 86_400);
  });

  it.each([true, false])('addTags, awaited: %s', async (awaited) => {
    const { cache } = setup();
    await cache.wrap('k', { ttl: 60, tags: ['red'] }, async ({ addTags }) => {
      const added = addTags('blue', '__proto__');
      if (awaited) await added;
      return 1;
    });
    expect((await cache.getEntry('k'))?.tags.toSorted()).toEqual(['__proto__', 'blue', 'red']);
    await cache.invalidateTags(['__proto__']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('addTags: an invalidation after it, in any service, keeps the value out', async () => {
    for (const same of [true, false]) {
      const store = new MemoryCacheStore();
      const here = setup({}, store);
      const there = same ? here : setup({}, store);
      const wrapped = here.cache.wrap('k', 60, async ({ addTags }) => {
        await addTags('blue');
        await there.cache.invalidateTags(['blue']);
        return 'old';
      });
      expect(await wrapped).toBe('old');
      expect(await here.cache.get('k')).toBeUndefined();
    }
  });

  it('addTags: the first reading of a tag counts, whichever way it was named', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    await here.cache.wrap('k', { ttl: 60, tags: ['red'] }, async ({ addTags }) => {
      await there.cache.invalidateTags(['red']);
      await addTags('red');
      return 'old';
    });
    expect(await here.cache.get('k')).toBeUndefined();
  });

  it('addTags: a tag that is no text fails the load', async () => {
    const { cache } = setup();
    const load = async ({ addTags }: { addTags: (...tags: string[]) => Promise<void> }) => {
      await addTags(5 as unknown as string);
      return 1;
    };
    await expect(cache.wrap('k', 60, load)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('forceFresh', () => {
  useFakeTime();
  const force = { ttl: 60, forceFresh: true };

  it('loads whatever is cached, and caches the outcome', async () => {
    const { cache, types } = setup();
    await cache.set('k', 'old', 60);
    expect(await cache.wrap('k', force, () => 'new')).toBe('new');
    expect(await cache.get('k')).toBe('new');
    expect(types()).toEqual(['fill', 'miss', 'load', 'fill', 'hit']);
  });

  it('does not join a load that is running; who comes later joins the forced one', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', 60, load);
    await flush();
    const forced = cache.wrap('k', force, load);
    await flush();
    expect(runs).toHaveLength(2);
    const later = cache.wrap('k', 60, load);
    await flush();
    expect(runs).toHaveLength(2);
    nth(runs, 1).resolve('forced');
    expect(await Promise.all([forced, later])).toEqual(['forced', 'forced']);
    nth(runs, 0).resolve('early');
    expect(await early).toBe('early');
    expect(await cache.get('k')).toBe('forced');
  });

  // Fails: both loads began from one version, so the first fill wins. Cure: a forced load bars the older ones here.
  it.fails('is what stays cached, also when the load that was running ends first', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', 60, load);
    await flush();
    const forced = cache.wrap('k', force, load);
    await flush();
    nth(runs, 0).resolve('early');
    expect(await early).toBe('early');
    nth(runs, 1).resolve('forced');
    expect(await forced).toBe('forced');
    expect(await cache.get('k')).toBe('forced');
  });

  it('rejects when its load fails, and leaves what is cached', async () => {
    const { cache } = setup({ staleIfError: '1h' });
    await cache.set('k', 'old', 60);
    const failing = () => Promise.reject(new Error('origin'));
    await expect(cache.wrap('k', force, failing)).rejects.toThrow('origin');
    expect(await cache.get('k')).toBe('old');
  });

  it('leaves what is cached when there is nothing any more', async () => {
    const { cache } = setup();
    await cache.set('k', 'old', 60);
    expect(await cache.wrap('k', force, () => undefined)).toBeUndefined();
    expect(await cache.get('k')).toBe('old');
  });
});
