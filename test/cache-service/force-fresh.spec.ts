import { MemoryCacheStore } from '@glasswork/cache';
import { faultyStore } from '@glasswork/cache/testing';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  deferred,
  flush,
  heldReads,
  never,
  nth,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

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

  it('gives its load the value that is cached, and takes it from nobody who reads meanwhile', async () => {
    const { cache } = setup();
    await cache.set('k', 'old', 60);
    const reading = cache.wrap('k', { ttl: 60, earlyRefresh: 1e-9 }, () => 'another');
    let given: unknown;
    await cache.wrap('k', force, ({ staleValue }) => {
      given = staleValue;
      return 'new';
    });
    expect([given, await reading]).toEqual(['old', 'old']);
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

  it('is what stays cached, also when the load that was running ends first', async () => {
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

  it('is what stays cached, also when the value of an older load is on its way into the store', async () => {
    const gate = deferred();
    const store = faultyStore(new MemoryCacheStore(), {
      async pause({ method }, point) {
        if (method === 'setIfUnchanged' && point === 'request') await gate.promise;
      },
    });
    const { cache, of } = setup({}, store);
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', 60, () => 'early');
    await flush();
    const forced = cache.wrap('k', force, load);
    await flush();
    gate.resolve(undefined);
    await flush();
    nth(runs, 0).resolve('forced');
    expect(await Promise.all([early, forced])).toEqual(['early', 'forced']);
    expect(of('refused')).toEqual([]);
    expect(await cache.get('k')).toBe('forced');
  });

  it('is what stays cached, also when a load that began while the forced one read ends first', async () => {
    const { store, holdNext } = heldReads();
    const { cache, of } = setup({}, store);
    const release = holdNext();
    const [plain, forced] = [slowLoad(), slowLoad()];
    const forcing = cache.wrap('k', force, forced.load);
    await flush();
    const wrapped = cache.wrap('k', 60, plain.load);
    await flush();
    release();
    await flush();
    nth(plain.runs, 0).resolve('plain');
    expect(await wrapped).toBe('plain');
    nth(forced.runs, 0).resolve('forced');
    expect(await forcing).toBe('forced');
    expect(of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'invalidated' }]);
    expect(await cache.get('k')).toBe('forced');
  });

  it('is what stays cached, also when an older load ends while the forced one reads', async () => {
    const gate = deferred();
    let reads = 0;
    const store = faultyStore(new MemoryCacheStore(), {
      async pause({ method, keys }, point) {
        const isRead = method === 'getVersioned' && keys[0] === 'k' && point === 'reply';
        // The early read comes first.
        if (isRead && ++reads === 2) await gate.promise;
      },
    });
    const { cache, of } = setup({}, store);
    const { load, runs } = slowLoad();
    const early = cache.wrap('k', 60, load);
    await flush();
    const forced = cache.wrap('k', force, load);
    await flush();
    nth(runs, 0).resolve('early');
    expect(await early).toBe('early');
    gate.resolve(undefined);
    await flush();
    nth(runs, 1).resolve('forced');
    expect(await forced).toBe('forced');
    expect(of('refused')).toMatchObject([{ reason: 'invalidated' }]);
    expect(await cache.get('k')).toBe('forced');
  });

  it('waits for such a value for as long as for the store', async () => {
    const store = faultyStore(new MemoryCacheStore(), {
      pause: ({ method }) => (method === 'setIfUnchanged' ? never() : undefined),
    });
    const { cache } = setup({}, store);
    void cache.wrap('k', 60, () => 'early');
    await flush();
    const forced = cache.wrap('k', force, () => 'forced');
    await advance(2_499);
    expect(await settledState(forced)).toBe('pending');
    // And for its own fill.
    await advance(2_600);
    expect(await forced).toBe('forced');
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

  it('leaves a fresh value to everybody else, whose reads are under way when its load begins', async () => {
    const gate = deferred();
    const memory = new MemoryCacheStore();
    let isHeld = true;
    const store = storeLike(memory, {
      getIfPresent: undefined,
      async getVersioned(key: string) {
        const read = await memory.getVersioned(key);
        if (key === 'k' && isHeld) await gate.promise;
        return read;
      },
    });
    const { cache } = setup({}, store);
    await cache.set('k', 'fresh', '1h');
    const noLoad = vi.fn(() => 'loaded in vain');
    const plain = Array.from({ length: 30 }, () => cache.wrap('k', '1h', noLoad));
    const batch = cache.wrapMany(['k'], '1h', async () => [noLoad()]);
    await flush();
    isHeld = false;
    const { load, runs } = slowLoad();
    const refused = expect(cache.wrap('k', force, load)).rejects.toThrow('origin');
    await flush();
    plain.push(cache.wrap('k', '1h', noLoad));
    gate.resolve(undefined);
    await flush();
    nth(runs, 0).reject(new Error('origin'));
    await refused;
    expect(new Set([...(await Promise.all(plain)), ...(await batch)])).toEqual(new Set(['fresh']));
    expect(noLoad).not.toHaveBeenCalled();
  });

  it('lets the last good value stand in for an older load that fails', async () => {
    const { cache } = setup();
    const policy = { ttl: 1, staleIfError: '1h' } as const;
    await cache.wrap('k', policy, () => 'good');
    await advance(2_000);
    const { load, runs } = slowLoad();
    const plain = cache.wrap('k', policy, load);
    await flush();
    const forced = cache.wrap('k', { ...force, ttl: 1 }, load);
    await flush();
    nth(runs, 0).reject(new Error('origin'));
    expect(await plain).toBe('good');
    nth(runs, 1).resolve('forced');
    expect(await forced).toBe('forced');
  });
});
