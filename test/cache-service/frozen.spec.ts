import { MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { v8Serializer } from '../serializers/foreign.js';
import { advance, flush, nth, setup, slowLoad, useFakeTime } from './helpers.js';

interface Value {
  list: number[];
}
const frozen = () => setup({}, new MemoryCacheStore({ frozen: true }));
const TEN = Array.from({ length: 10 }, (_, i) => i);

describe('over a store that shares frozen values', () => {
  useFakeTime();

  it('hits share one value that nobody can change', async () => {
    const { cache } = frozen();
    await cache.set('k', { list: [1] });
    const load = () => expect.unreachable();
    const first = await cache.wrap<Value>('k', 60, load);
    expect(await cache.wrap('k', 60, load)).toBe(first);
    expect(await cache.get('k')).toBe(first);
    expect((await cache.getEntry('k'))?.value).toBe(first);
    expect(() => first.list.push(2)).toThrow(TypeError);
  });

  it('the caller that loads keeps its own value, and all who join share a frozen copy', async () => {
    const { cache } = frozen();
    const { load, runs } = slowLoad<Value>();
    const callers = TEN.map(() => cache.wrap('k', 60, load));
    await flush();
    const loaded = { list: [1] };
    nth(runs, 0).resolve(loaded);
    const [own, joined, ...others] = await Promise.all(callers);
    expect(own).toBe(loaded);
    expect(joined).toEqual(loaded);
    expect(joined).not.toBe(loaded);
    for (const value of others) expect(value).toBe(joined);
    expect(() => joined?.list.push(2)).toThrow(TypeError);
    own?.list.push(3);
    expect(joined).toEqual({ list: [1] });
    expect(await cache.get('k')).toEqual({ list: [1] });
  });

  it('who joins has a copy of its own of what cannot be frozen', async () => {
    const { cache } = setup({}, new MemoryCacheStore({ frozen: true, serializer: v8Serializer }));
    const { load, runs } = slowLoad<{ at: Date }>();
    const callers = TEN.map(() => cache.wrap('k', 60, load));
    await flush();
    nth(runs, 0).resolve({ at: new Date(0) });
    const values = await Promise.all(callers);
    expect(values).toEqual(TEN.map(() => ({ at: new Date(0) })));
    expect(new Set(values.map(({ at }) => at)).size).toBe(10);
  });

  it('who joins gets a value of its own load where reading the value throws', async () => {
    const { cache, of } = frozen();
    const { load, runs } = slowLoad<object>();
    const callers = TEN.map(() => cache.wrap('k', 60, load));
    await flush();
    const value = () => {
      const get = () => {
        throw new Error('not now');
      };
      return Object.defineProperty({}, 'part', { enumerable: true, get });
    };
    nth(runs, 0).resolve(value());
    await flush();
    for (const run of runs.slice(1)) run.resolve(value());
    const values = await Promise.all(callers);
    expect(runs).toHaveLength(10);
    expect(new Set(values).size).toBe(10);
    expect(of('load-error')).toEqual([]);
  });

  it('duplicates of a batch share it', async () => {
    const { cache } = frozen();
    await cache.set('k', { list: [1] });
    const [first, second] = await cache.wrapMany(['k', 'k'], 60, () => expect.unreachable());
    expect(second).toBe(first);
  });

  it('a duplicate of what was just loaded is a frozen copy, not the caller’s own value', async () => {
    const { cache } = frozen();
    const [own, copy] = await cache.wrapMany(['k', 'k'], 60, async () => [{ list: [1] }]);
    own?.list.push(2);
    expect(copy).toEqual({ list: [1] });
    expect(() => copy?.list.push(2)).toThrow(TypeError);
  });

  it('a refresh is given the stale value as it is', async () => {
    const { cache } = frozen();
    await cache.wrapSWR<Value>('k', 10, 60, () => ({ list: [1] }));
    await advance(11_000);
    let seen: unknown;
    const served = await cache.wrapSWR<Value>('k', 10, 60, ({ staleValue }) => {
      seen = staleValue;
      return { list: [2] };
    });
    await cache.settled();
    expect(served).toEqual({ list: [1] });
    expect(seen).toBe(served);
    expect(await cache.get('k')).toEqual({ list: [2] });
  });
});
