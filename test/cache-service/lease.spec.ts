import { type CacheStore, MemoryCacheStore, type WrapOptions } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  deferred,
  flush,
  never,
  nth,
  START,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

const LEASE: WrapOptions = { ttl: '1h', lease: true };

const fleet = (size: number, store: CacheStore) =>
  Array.from({ length: size }, () => setup({}, store));

describe('a lease', () => {
  useFakeTime();

  it('makes one origin call of two hundred services and a cold key', async () => {
    const services = fleet(200, new MemoryCacheStore());
    const load = vi.fn(() => new Promise((resolve) => setTimeout(resolve, 100, 'value')));
    const values = Promise.all(services.map(({ cache }) => cache.wrap('k', LEASE, load)));
    await advance(1_000);
    expect(await values).toEqual(services.map(() => 'value'));
    expect(load).toHaveBeenCalledOnce();
  });

  it('makes one origin call with tags, too', async () => {
    const services = fleet(10, new MemoryCacheStore());
    const load = vi.fn(() => new Promise((resolve) => setTimeout(resolve, 100, 'value')));
    const policy = { ...LEASE, tags: ['red'] };
    const values = Promise.all(services.map(({ cache }) => cache.wrap('k', policy, load)));
    await advance(1_000);
    expect(await values).toEqual(services.map(() => 'value'));
    expect(load).toHaveBeenCalledOnce();
  });

  it('is not taken for a miss unless it is asked for', async () => {
    const services = fleet(3, new MemoryCacheStore());
    const { load, runs } = slowLoad();
    for (const { cache } of services) void cache.wrap('k', '1h', load);
    await flush();
    expect(runs).toHaveLength(3);
  });

  it('goes to one of those who wait when its holder dies', async () => {
    const [holder, ...others] = fleet(50, new MemoryCacheStore());
    const dead = holder?.cache.wrap('k', LEASE, () => never()) ?? never();
    await flush();
    const load = vi.fn(() => new Promise((resolve) => setTimeout(resolve, 100, 'alive')));
    const waiting = others.map(({ cache }) => cache.wrap('k', LEASE, load));
    await advance(2_990);
    expect(load).not.toHaveBeenCalled();
    await advance(1_000);
    expect(await Promise.all(waiting)).toEqual(others.map(() => 'alive'));
    expect(load).toHaveBeenCalledOnce();
    expect(await settledState(dead)).toBe('pending');
  });

  it('lets the others load once they have waited', async () => {
    const [holder, one, two] = fleet(3, new MemoryCacheStore());
    if (!holder || !one || !two) throw new Error('three services');
    const policy: WrapOptions = { ttl: '1h', lease: { ttl: '1m', wait: '2s' } };
    void holder.cache.wrap('k', policy, () => never());
    await flush();
    const load = vi.fn(async () => 'alive');
    const waiting = [one, two].map(({ cache }) => cache.wrap('k', policy, load));
    await advance(1_990);
    expect(load).not.toHaveBeenCalled();
    await advance(20);
    expect(load).toHaveBeenCalled();
    await advance(500);
    expect(await Promise.all(waiting)).toEqual(['alive', 'alive']);
    expect(one.of('lease').map(({ state }) => state)).toEqual(['held', 'timeout']);
    expect(holder.of('lease').map(({ state }) => state)).toEqual(['taken']);
  });

  it('leaves half of the invocation to those who waited in vain, for a load of their own', async () => {
    const store = new MemoryCacheStore();
    const [holder] = fleet(1, store);
    const { cache } = setup({ deadline: () => START + 4_000 }, store);
    const policy: WrapOptions = { ttl: '1h', lease: { ttl: '1m', wait: '10s' } };
    void holder?.cache.wrap('k', policy, () => never());
    await flush();
    const load = vi.fn(async () => 'mine');
    const waiting = cache.wrap('k', policy, load);
    await advance(1_990);
    expect(load).not.toHaveBeenCalled();
    await advance(20);
    expect(await waiting).toBe('mine');
  });

  it('makes at most two refreshes of two hundred services and a stale key', async () => {
    const services = fleet(200, new MemoryCacheStore());
    const load = vi.fn(() => new Promise((resolve) => setTimeout(resolve, 100, 'new')));
    const read = () =>
      Promise.all(services.map(({ cache }) => cache.wrapSWR('k', '1m', '1h', load)));
    expect(await services[0]?.cache.wrapSWR('k', '1m', '1h', () => 'old')).toBe('old');
    await advance(61_000);
    expect(await read()).toEqual(services.map(() => 'old'));
    await advance(1_000);
    expect(load.mock.calls.length).toBeGreaterThan(0);
    expect(load.mock.calls.length).toBeLessThanOrEqual(2);
    expect(await read()).toEqual(services.map(() => 'new'));
  });

  it('is free again when its time is over', async () => {
    const [holder, other] = fleet(2, new MemoryCacheStore());
    if (!holder || !other) throw new Error('two services');
    const policy: WrapOptions = { ttl: '1h', lease: { ttl: '3s', wait: '60s' } };
    void holder.cache.wrap('k', policy, () => never());
    await flush();
    const load = vi.fn(async () => 'alive');
    const waiting = other.cache.wrap('k', policy, load);
    await advance(2_990);
    expect(load).not.toHaveBeenCalled();
    await advance(300);
    expect(await waiting).toBe('alive');
  });

  it.each([
    ['fails', () => Promise.reject(new Error('origin'))],
    ['gives nothing', () => undefined],
  ])('frees those who wait when the load of its holder %s', async (_how, outcome) => {
    const [holder, other] = fleet(2, new MemoryCacheStore());
    if (!holder || !other) throw new Error('two services');
    const gate = slowLoad();
    const held = holder.cache.wrap('k', LEASE, async () => {
      await gate.load();
      return outcome();
    });
    held.catch(() => {});
    await flush();
    const load = vi.fn(async () => 'second');
    const waiting = other.cache.wrap('k', LEASE, load);
    await advance(500);
    expect(load).not.toHaveBeenCalled();
    nth(gate.runs, 0).resolve(undefined);
    await held.catch(() => {});
    await advance(260);
    expect(load).toHaveBeenCalledOnce();
    expect(await waiting).toBe('second');
    expect(await holder.cache.get('k')).toBe('second');
  });

  it.each([['del', (cache: { del(key: string): Promise<void> }) => cache.del('k')]])(
    'frees those who wait at an invalidation: %s',
    async (_way, invalidate) => {
      const [holder, other, third] = fleet(3, new MemoryCacheStore());
      if (!holder || !other || !third) throw new Error('three services');
      const slow = slowLoad();
      const held = holder.cache.wrap('k', LEASE, slow.load);
      await flush();
      const load = vi.fn(async () => 'after');
      const waiting = other.cache.wrap('k', LEASE, load);
      await advance(500);
      expect(load).not.toHaveBeenCalled();
      await invalidate(third.cache);
      await advance(260);
      expect(load).toHaveBeenCalledOnce();
      expect(await waiting).toBe('after');
      nth(slow.runs, 0).resolve('before');
      expect(await held).toBe('before');
      expect(holder.of('refused')).toMatchObject([{ reason: 'changed' }]);
      expect(await third.cache.get('k')).toBe('after');
    },
  );

  it('frees those who wait at an invalidation of a tag', async () => {
    const services = fleet(3, new MemoryCacheStore());
    const [holder, other, third] = services.map(({ cache }) => cache);
    if (!holder || !other || !third) throw new Error('three services');
    const policy = { ...LEASE, tags: ['red'] };
    const slow = slowLoad();
    holder.wrap('k', policy, slow.load).catch(() => {});
    await flush();
    const load = vi.fn(async () => 'after');
    const waiting = other.wrap('k', policy, load);
    await advance(500);
    await third.invalidateTags(['red']);
    await advance(260);
    const calls = load.mock.calls.length;
    await advance(3_000);
    expect(await waiting).toBe('after');
    expect(calls).toBe(1);
  });

  it('is waited for by one load a process, also when the key changes meanwhile', async () => {
    const services = fleet(3, new MemoryCacheStore());
    const [holder, other, third] = services.map(({ cache }) => cache);
    if (!holder || !other || !third) throw new Error('three services');
    void holder.wrap('k', LEASE, () => never());
    await flush();
    const slow = slowLoad();
    const first = other.wrap('k', LEASE, slow.load);
    await advance(500);
    await third.del('k');
    await advance(260);
    expect(slow.runs).toHaveLength(1);
    const second = other.wrap('k', LEASE, slow.load);
    await advance(2_500);
    expect(slow.runs).toHaveLength(1);
    nth(slow.runs, 0).resolve('value');
    expect(await Promise.all([first, second])).toEqual(['value', 'value']);
  });

  it('is not given back to the next holder when its own time was over', async () => {
    const services = fleet(3, new MemoryCacheStore());
    const policy: WrapOptions = { ttl: '1h', lease: { ttl: '3s', wait: '60s' } };
    const slow = slowLoad();
    const [first, second, third] = services.map(({ cache }) => cache);
    if (!first || !second || !third) throw new Error('three services');
    const failing = first.wrap('k', policy, slow.load);
    failing.catch(() => {});
    await advance(3_100);
    const loading = second.wrap('k', policy, slow.load);
    await flush();
    expect(slow.runs).toHaveLength(2);
    nth(slow.runs, 0).reject(new Error('origin'));
    await flush();
    const load = vi.fn(async () => 'third');
    const waiting = third.wrap('k', policy, load);
    await advance(500);
    expect(load).not.toHaveBeenCalled();
    nth(slow.runs, 1).resolve('second');
    await advance(300);
    expect(await Promise.all([loading, waiting])).toEqual(['second', 'second']);
  });

  it.each([
    ['its own ttl', {}, { ttl: '1h', lease: true }, 3],
    ['the life of the value', {}, { ttl: '2s', lease: true }, 2],
    ['the end of the invocation', { deadline: (): number => START + 2_500 }, LEASE, 2.5],
    ['no deadline', { deadline: (): undefined => undefined }, LEASE, 3],
  ] as const)('ends with %s', async (_name, config, policy, seconds) => {
    const { store, calls } = watched();
    const { cache } = setup(config, store);
    await cache.wrap('k', policy, () => 1);
    const leases = calls.filter(
      ({ operation, args }) => operation === 'add' && String(args[0]).startsWith('#lease:'),
    );
    expect(leases.map(({ args }) => args[2])).toEqual([seconds]);
  });

  it('is not taken when the invocation has no time left', async () => {
    const { cache, of } = setup({ deadline: () => START });
    expect(await cache.wrap('k', LEASE, () => 1)).toBe(1);
    expect(of('lease')).toEqual([]);
  });

  it('of another process keeps no forced load waiting', async () => {
    const [holder, other] = fleet(2, new MemoryCacheStore());
    if (!holder || !other) throw new Error('two services');
    void holder.cache.wrap('k', LEASE, () => never());
    await flush();
    const forced = other.cache.wrap('k', { ...LEASE, forceFresh: true }, () => 'forced');
    await flush();
    expect(await settledState(forced)).toBe('settled');
    expect(await forced).toBe('forced');
  });

  it('of a refresh is given back when an invalidation overtakes it, confirmed or not', async () => {
    const memory = new MemoryCacheStore();
    const gate = deferred();
    let isHeld = false;
    const store = storeLike(memory, {
      async add(key: string, value: unknown, ttl: number) {
        if (isHeld && key.startsWith('#lease:')) await gate.promise;
        return memory.add(key, value, ttl);
      },
      del: (key: string) => (isHeld ? Promise.reject(new Error('down')) : memory.del(key)),
    });
    const [here, there] = [setup({}, store), setup({}, memory)];
    const policy: WrapOptions = { ...LEASE, staleTTL: '10s' };
    await here.cache.wrap('k', policy, () => 'old');
    await advance(10_000);
    isHeld = true;
    expect(await here.cache.wrap('k', policy, () => 'never')).toBe('old');
    await expect(here.cache.del('k')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    isHeld = false;
    gate.resolve(undefined);
    await here.cache.settled();
    expect(await there.cache.wrap('k', policy, () => 'new')).toBe('old');
    await there.cache.settled();
    expect(await there.cache.get('k')).toBe('new');
  });

  it('does not wait when it is told not to', async () => {
    const [holder, other] = fleet(2, new MemoryCacheStore());
    if (!holder || !other) throw new Error('two services');
    void holder.cache.wrap('k', LEASE, () => never());
    await flush();
    const waiting = other.cache.wrap('k', { ttl: 60, lease: { wait: 0 } }, () => 'mine');
    await flush();
    expect(await settledState(waiting)).toBe('settled');
    expect(await waiting).toBe('mine');
  });

  it('keeps nobody from loading when the store cannot hold it, and then is not told as taken', async () => {
    const base = new MemoryCacheStore();
    const add = (key: string, value: unknown, ttl: number) =>
      key.startsWith('#lease:') ? Promise.reject(new Error('down')) : base.add(key, value, ttl);
    const { cache, of } = setup({}, storeLike(base, { add }));
    expect(await cache.wrap('k', LEASE, () => 1)).toBe(1);
    expect(await cache.get('k')).toBe(1);
    expect(of('lease')).toEqual([]);
  });

  it('is one load in the process, too, and one lease', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    const slow = slowLoad();
    const callers = [1, 2, 3].map(() => cache.wrap('k', LEASE, slow.load));
    await flush();
    nth(slow.runs, 0).resolve('value');
    expect(await Promise.all(callers)).toEqual(['value', 'value', 'value']);
    expect(slow.runs).toHaveLength(1);
    const adds = calls.filter(({ args }) => String(args[0]).startsWith('#lease:'));
    expect(adds.map(({ operation }) => operation)).toEqual(['add']);
  });

  it('whose holder invalidates its own load lets the next one take it', async () => {
    const { cache } = setup();
    const slow = slowLoad();
    const early = cache.wrap('k', LEASE, slow.load);
    await flush();
    await cache.del('k');
    const late = cache.wrap('k', LEASE, slow.load);
    await flush();
    expect(slow.runs).toHaveLength(2);
    nth(slow.runs, 0).resolve('old');
    nth(slow.runs, 1).resolve('new');
    expect(await Promise.all([early, late])).toEqual(['old', 'new']);
    expect(await cache.get('k')).toBe('new');
  });

  it('never makes a hit wait', async () => {
    const { cache, of } = setup();
    await cache.set('k', 1, 60);
    expect(await cache.wrap('k', LEASE, () => 2)).toBe(1);
    expect(of('lease')).toEqual([]);
  });

  it('leaves no lease behind that a user could meet', async () => {
    const { cache } = setup();
    await cache.wrap('k', LEASE, () => Promise.reject(new Error('origin'))).catch(() => {});
    expect(await cache.delByPattern('*')).toBe(0);
  });

  it('is freed by the invalidation of a tag that only the load has named', async () => {
    const store = new MemoryCacheStore();
    const [here, there, third] = [setup({}, store), setup({}, store), setup({}, store)];
    const tagged = async ({ addTags }: { addTags(...tags: string[]): Promise<void> }) => {
      await addTags('red');
      return 'old';
    };
    await here.cache.wrap('k', LEASE, tagged);
    await there.cache.invalidateTags(['red']);
    void here.cache.wrap('k', LEASE, async (context) => {
      await tagged(context);
      return never();
    });
    await flush();
    const load = vi.fn(() => 'new');
    const waiting = there.cache.wrap('k', LEASE, load);
    await flush();
    expect(load).not.toHaveBeenCalled();
    await there.cache.invalidateTags(['red']);
    const next = third.cache.wrap('k', LEASE, load);
    await flush();
    expect(await next).toBe('new');
    await advance(300);
    expect(await waiting).toBe('new');
    expect(load).toHaveBeenCalledOnce();
  });

  it('makes a caller who has waited, and is given a stale value, start its refresh', async () => {
    const store = new MemoryCacheStore();
    const [holder, waiter] = [setup({}, store), setup({}, store)];
    const policy: WrapOptions = { ...LEASE, staleTTL: '10ms' };
    const { load, runs } = slowLoad();
    void holder.cache.wrap('k', policy, load);
    await flush();
    const waiting = waiter.cache.wrap('k', policy, () => 'refreshed');
    await advance(400);
    nth(runs, 0).resolve('stale soon');
    await advance(260);
    expect(await waiting).toBe('stale soon');
    await waiter.cache.settled();
    expect(waiter.of('refresh')).toEqual([{ type: 'refresh', key: 'k', reason: 'stale' }]);
    expect(await waiter.cache.get('k')).toBe('refreshed');
  });

  it('gives a caller who has waited no value that its process invalidated while it was read', async () => {
    const memory = new MemoryCacheStore();
    const held = deferred<void>();
    let isHolding = false;
    const heldBack = async (key: string) => {
      if (isHolding && key.startsWith('#lease')) await held.promise;
    };
    const store = storeLike(memory, {
      get: async (key: string) => heldBack(key).then(() => memory.get(key)),
      getVersioned: async (key: string) => heldBack(key).then(() => memory.getVersioned(key)),
    });
    const [holder, other] = [setup({}, memory), setup({}, memory)];
    const { cache } = setup({}, store);
    void holder.cache.wrap('k', LEASE, () => never()).catch(() => {});
    await flush();
    const load = vi.fn((context: { staleValue: unknown }) => `new after ${context.staleValue}`);
    const waiting = cache.wrap('k', LEASE, load);
    await flush();
    // The waiter's next read is stale, and the answer about the lease comes after the invalidation.
    const staleAtOnce = { ttl: '1h', staleTTL: '1ms', forceFresh: true } as const;
    await other.cache.wrap('k', staleAtOnce, () => 'old');
    isHolding = true;
    await advance(300);
    await cache.del('k');
    held.resolve();
    await advance(1_000);
    expect(await waiting).toBe('new after undefined');
    expect(load).toHaveBeenCalledOnce();
  });

  it('is freed for those who wait although it cannot be read', async () => {
    const memory = new MemoryCacheStore();
    const get = (key: string) =>
      key.startsWith('#lease:') ? Promise.reject(new Error('down')) : memory.get(key);
    const [holder, other] = fleet(2, storeLike(memory, { get }));
    const gate = slowLoad();
    holder?.cache.wrap('k', LEASE, gate.load).catch(() => {});
    await flush();
    const waiting = other?.cache.wrap('k', LEASE, () => 'mine');
    nth(gate.runs, 0).reject(new Error('origin'));
    await advance(300);
    expect(await settledState(waiting ?? never())).toBe('settled');
    expect(await waiting).toBe('mine');
  });

  it('is not waited for once the versions cannot be read', async () => {
    const memory = new MemoryCacheStore();
    let isDown = false;
    const getVersioned = (key: string) =>
      isDown && key === '#tag::red' ? Promise.reject(new Error('down')) : memory.getVersioned(key);
    const services = fleet(3, storeLike(memory, { getVersioned }));
    const [holder, ...others] = services.map(({ cache }) => cache);
    const policy = { ...LEASE, tags: ['red'] };
    void holder?.wrap('k', policy, () => never());
    await flush();
    const waiting = others.map((cache) =>
      cache.wrap('k', policy, () => new Promise((resolve) => setTimeout(resolve, 100, 'mine'))),
    );
    isDown = true;
    await advance(130);
    expect(await settledState(Promise.all(waiting))).toBe('settled');
    expect(await Promise.all(waiting)).toEqual(['mine', 'mine']);
    expect(
      services.flatMap(({ of }) => of('lease')).filter(({ state }) => state === 'taken'),
    ).toHaveLength(1);
  });

  it('is not given back in the moment in which it ends', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    const load = () => new Promise((_, reject) => setTimeout(reject, 3_000, new Error('origin')));
    const loading = cache.wrap('k', LEASE, load).catch(() => 'failed');
    await advance(3_000);
    expect(await loading).toBe('failed');
    expect(calls.map(({ operation }) => operation)).not.toContain('del');
  });

  it('is waited for with the tags of the newest value, whose invalidation ends the sharing', async () => {
    const store = new MemoryCacheStore();
    const [holder, waiter, third] = fleet(3, store);
    if (!holder || !waiter || !third) throw new Error('three services');
    const held = slowLoad();
    holder.cache.wrap('k', LEASE, held.load).catch(() => {});
    await flush();
    const mine = slowLoad();
    const first = waiter.cache.wrap('k', LEASE, mine.load);
    await flush();
    await third.cache.wrap(
      'k',
      { ttl: '1ms', staleIfError: '1h', tags: ['red'], forceFresh: true },
      () => 'tagged',
    );
    await advance(1_000);
    expect(mine.runs).toHaveLength(1);
    await waiter.cache.invalidateTags(['red']);
    const second = waiter.cache.wrap('k', LEASE, () => 'new');
    await advance(4_000);
    nth(mine.runs, 0).resolve('old');
    expect(await Promise.all([first, second])).toEqual(['old', 'new']);
  });
});
