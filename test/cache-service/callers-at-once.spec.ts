import { MemoryCacheStore, NullCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  advance,
  bareStore,
  flush,
  nth,
  settledState,
  setup,
  slowLoad,
  useFakeTime,
} from './helpers.js';

const FIFTEEN = Array.from({ length: 15 }, (_, i) => i);

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
