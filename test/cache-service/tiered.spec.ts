import {
  type CacheConfig,
  type CacheStore,
  createCacheKey,
  MemoryCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  deferred,
  flush,
  heldReads,
  nth,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

/** Several processes over one last tier, which counts what is asked of it for the user's keys. */
function fleet() {
  const held = new MemoryCacheStore();
  const asked: string[] = [];
  const noting = <A extends unknown[], R>(name: string, call: (key: string, ...rest: A) => R) =>
    function noted(key: string, ...rest: A): R {
      if (!key.startsWith('#')) asked.push(`${name} ${key}`);
      return call(key, ...rest);
    };
  const last: CacheStore = storeLike(held, {
    getVersioned: noting('read', (key) => held.getVersioned(key)),
    setIfUnchanged: noting('fill', (key, value: unknown, ttl: number, version: string) =>
      held.setIfUnchanged(key, value, ttl, version),
    ),
  });
  const open = (config: CacheConfig = {}) =>
    setup(config, new TieredCacheStore([new MemoryCacheStore(), last], { upperTTL: '5s' }));
  return { open, asked, last: held };
}

describe('a service over tiers', () => {
  useFakeTime();

  it('has a hit without the last tier, until the copy is too old', async () => {
    const { open, asked } = fleet();
    const { cache } = open();
    await cache.wrap('k', '1h', () => 'value');
    asked.length = 0;
    for (let i = 0; i < 5; i++) {
      expect(await cache.wrap('k', '1h', () => 'unused')).toBe('value');
      expect(await cache.get('k')).toBe('value');
      await advance(999);
    }
    expect(asked).toEqual([]);
    await advance(5);
    expect(await cache.wrap('k', '1h', () => 'unused')).toBe('value');
    expect(asked).toEqual(['read k']);
  });

  it('asks for the versions of tags in the last tier, and serves the copy', async () => {
    const { open, asked } = fleet();
    const { cache } = open();
    const tagged = { ttl: '1h', tags: ['red'] } as const;
    await cache.wrap('k', tagged, () => 'value');
    asked.length = 0;
    expect(await cache.wrap('k', tagged, () => 'unused')).toBe('value');
    expect(asked).toEqual([]);
  });

  it.each(['invalidateTags', 'clear'] as const)(
    'loads once in the fleet after %s, whatever copies there are',
    async (how) => {
      const { open } = fleet();
      const processes = [open(), open(), open()];
      const tagged = { ttl: '1h', tags: ['red'] } as const;
      for (const { cache } of processes) await cache.wrap('k', tagged, () => 'old');
      if (how === 'clear') await processes[0]?.cache.clear();
      else await processes[0]?.cache.invalidateTags(['red']);
      // So long may others trust the prefix's version, and less than that a copy; new ones are made meanwhile.
      if (how === 'clear') await advance(3_000);
      for (const { cache } of processes.slice(1)) await cache.get('k');
      if (how === 'clear') await advance(2_000);
      const load = vi.fn(() => 'new');
      for (const { cache } of processes) expect(await cache.wrap('k', tagged, load)).toBe('new');
      for (const { cache } of processes) expect(await cache.get('k')).toBe('new');
      expect(load).toHaveBeenCalledTimes(1);
    },
  );

  it('sees its own del at once, and that of another process when the copy ends', async () => {
    const { open } = fleet();
    const [a, b] = [open(), open()];
    await a.cache.set('k', 'value');
    for (const { cache } of [a, b]) expect(await cache.get('k')).toBe('value');
    await a.cache.del('k');
    expect(await a.cache.get('k')).toBeUndefined();
    expect(await b.cache.get('k')).toBe('value');
    await advance(5_000);
    expect(await b.cache.get('k')).toBeUndefined();
  });

  it.each(['get', 'getMany'] as const)('asks the last tier once in a %s', async (how) => {
    const held = new MemoryCacheStore();
    const { store, calls } = watched(held);
    const { cache } = setup({}, new TieredCacheStore([new MemoryCacheStore(), store]));
    const ask = (...keys: string[]) =>
      how === 'get' ? Promise.all(keys.map((key) => cache.get(key))) : cache.getMany(keys);
    await setup({}, held).cache.set('there', 'value');
    const asked = (key: string) => calls.filter(({ args }) => args.flat().includes(key));
    expect(await ask('there', 'none')).toEqual(['value', undefined]);
    expect(asked('there')).toHaveLength(1);
    expect(asked('none')).toHaveLength(1);
  });

  it.each(['get', 'getMany'] as const)(
    'takes what another process has loaded after an invalidation, in a %s',
    async (how) => {
      const { open } = fleet();
      const [a, b] = [open(), open()];
      const tagged = { ttl: '1h', tags: ['red'] } as const;
      for (const { cache } of [a, b]) await cache.wrap('k', tagged, () => 'old');
      await a.cache.invalidateTags(['red']);
      await a.cache.wrap('k', tagged, () => 'new');
      const values = how === 'get' ? [await b.cache.get('k')] : await b.cache.getMany(['k', 'l']);
      expect(values[0]).toBe('new');
    },
  );

  it.each(['get', 'getMany'] as const)('asks a last tier that fails once in a %s', async (how) => {
    const down = () => Promise.reject(new Error('down'));
    const memory = new MemoryCacheStore();
    const last = storeLike(memory, { get: down, getMany: down, getVersioned: down });
    const { store, calls } = watched(last);
    const { cache } = setup({}, new TieredCacheStore([new MemoryCacheStore(), store]));
    await (how === 'get' ? cache.get('k') : cache.getMany(['k', 'l']));
    expect(calls.filter(({ args }) => args.flat().includes('k'))).toHaveLength(1);
  });

  it('serves a stale copy at once, and takes what another process has refreshed', async () => {
    const { open, asked } = fleet();
    const [a, b] = [open(), open()];
    const policy = { ttl: '1h', staleTTL: '2s' } as const;
    for (const { cache } of [a, b]) await cache.wrap('k', policy, () => 'old');
    await advance(2_000);
    await a.cache.wrap('k', policy, () => 'new');
    await a.cache.settled();
    asked.length = 0;
    const load = vi.fn(() => 'newer');
    expect(await b.cache.wrap('k', policy, load)).toBe('old');
    await b.cache.settled();
    expect(await b.cache.wrap('k', policy, load)).toBe('new');
    expect(load).not.toHaveBeenCalled();
    expect(asked).toEqual(['read k']);
    expect(b.of('refresh')).toEqual([]);
  });

  it('leaves a stale copy to the load that has begun while the last tier was looked at', async () => {
    const { store: last, holdNext } = heldReads();
    const { cache, of } = setup({}, new TieredCacheStore([new MemoryCacheStore(), last]));
    const policy = { ttl: '1h', staleTTL: '2s' } as const;
    await cache.wrap('k', policy, () => 'old');
    await advance(2_000);
    const release = holdNext();
    const refresh = vi.fn(() => 'refreshed');
    expect(await cache.wrap('k', policy, refresh)).toBe('old');
    const { load, runs } = slowLoad();
    const forced = cache.wrap('k', { ...policy, forceFresh: true }, load);
    await flush();
    release();
    await flush();
    nth(runs, 0).resolve('forced');
    expect(await forced).toBe('forced');
    await cache.settled();
    expect(refresh).not.toHaveBeenCalled();
    expect(of('refresh')).toEqual([]);
  });

  it('gives the refresh of several stale copies none of their values', async () => {
    const { open } = fleet();
    const { cache } = open();
    const policy = { ttl: '1h', staleTTL: '2s' } as const;
    await cache.wrapMany(['a', 'b'], policy, async () => ['old a', 'old b']);
    await advance(2_000);
    const given: unknown[] = [];
    await cache.wrapMany(['a', 'b'], policy, async (keys, { staleValue }) => {
      given.push(staleValue);
      return keys.map((key) => `new ${key}`);
    });
    await cache.settled();
    expect(given).toEqual([undefined]);
    expect(await cache.getMany(['a', 'b'])).toEqual(['new a', 'new b']);
  });

  it('refreshes a stale copy once for all callers, and fills both tiers', async () => {
    const { open, asked } = fleet();
    const { cache } = open();
    const policy = { ttl: '1h', staleTTL: '2s' } as const;
    await cache.wrap('k', policy, () => 'old');
    await advance(2_000);
    asked.length = 0;
    const { promise, resolve } = deferred<string>();
    const load = vi.fn(() => promise);
    const served = () => Promise.all([1, 2, 3].map(() => cache.wrap('k', policy, load)));
    expect(await served()).toEqual(['old', 'old', 'old']);
    await advance(1);
    expect(await served()).toEqual(['old', 'old', 'old']);
    resolve('new');
    await cache.settled();
    expect(load).toHaveBeenCalledTimes(1);
    expect(asked.filter((call) => call.startsWith('fill'))).toEqual(['fill k']);
    asked.length = 0;
    expect(await cache.wrap('k', policy, load)).toBe('new');
    expect(asked).toEqual([]);
  });

  it('refreshes nothing from a copy that another process has deleted', async () => {
    const { open } = fleet();
    const [a, b] = [open(), open()];
    const policy = { ttl: '1h', staleTTL: '2s' } as const;
    for (const { cache } of [a, b]) await cache.wrap('k', policy, () => 'old');
    await advance(2_000);
    await a.cache.del('k');
    const load = vi.fn(({ staleValue }: { staleValue: unknown }) => `not ${staleValue}`);
    expect(await b.cache.wrap('k', policy, load)).toBe('old');
    await b.cache.settled();
    expect(load).not.toHaveBeenCalled();
    // The copy went when the last tier had none.
    expect(await b.cache.wrap('k', policy, load)).toBe('not undefined');
  });

  it('refreshes early from what the last tier holds', async () => {
    const { open } = fleet();
    const [a, b] = [open(), open()];
    const early = { ttl: '10s', earlyRefresh: 1e9 } as const;
    const slow = (value: string) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return value;
    };
    const first = a.cache.wrap('k', { ttl: '10s' }, slow('old'));
    await advance(100);
    await first;
    await b.cache.get('k');
    expect(await a.cache.wrap('k', early, slow('new'))).toBe('old');
    await advance(100);
    await a.cache.settled();
    const load = vi.fn(slow('newer'));
    expect(await b.cache.wrap('k', early, load)).toBe('old');
    await b.cache.settled();
    expect(load).not.toHaveBeenCalled();
    expect(await b.cache.get('k')).toBe('new');
  });

  it('forces a load past every copy, and fills both tiers', async () => {
    const { open, asked } = fleet();
    const { cache } = open();
    await cache.wrap('k', '1h', () => 'old');
    expect(await cache.wrap('k', { ttl: '1h', forceFresh: true }, () => 'new')).toBe('new');
    asked.length = 0;
    expect(await cache.wrap('k', '1h', () => 'unused')).toBe('new');
    expect(asked).toEqual([]);
  });

  it('loads what a copy of the wrong shape stands for only if the last tier has no better', async () => {
    const { open, last } = fleet();
    const [a, b] = [open(), open()];
    await b.cache.set('k', 'text');
    await b.cache.get('k');
    await a.cache.set('k', 7);
    const number = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] },
      },
    } as const;
    const key = createCacheKey('number', () => 'k', { schema: number });
    expect(await b.cache.wrap(key(), '1h', () => 8)).toBe(7);
    expect(await last.get('k')).toMatchObject({ value: 7 });
  });

  it('serves copies while the last tier cannot be reached', async () => {
    const { open, last } = fleet();
    const { cache, of } = open({ versionTTL: '1m' });
    await cache.wrap('k', '1h', () => 'value');
    const down = vi.spyOn(last, 'getVersioned').mockRejectedValue(new Error('down'));
    expect(await cache.wrap('k', '1h', () => 'loaded')).toBe('value');
    await advance(5_000);
    expect(await cache.wrap('k', '1h', () => 'loaded')).toBe('loaded');
    expect(of('store-error').map(({ error }) => String(error))).toEqual(['Error: down']);
    down.mockRestore();
    expect(await cache.wrap('k', '1h', () => 'unused')).toBe('value');
  });

  it('fills nothing that began before an invalidation of its own, in either tier', async () => {
    const { open, last } = fleet();
    const { cache } = open();
    const { promise, resolve } = deferred<string>();
    const loading = cache.wrap('k', '1h', () => promise);
    await advance(0);
    await cache.del('k');
    resolve('late');
    expect(await loading).toBe('late');
    expect(await cache.get('k')).toBeUndefined();
    expect(await last.get('k')).toBeUndefined();
  });
});
