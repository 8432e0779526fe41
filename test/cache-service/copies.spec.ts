import { type CacheStore, MemoryCacheStore, type SyncSerializer } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  Decimal,
  devalueSerializer,
  superjsonSerializer,
  v8Serializer,
} from '../serializers/foreign.js';
import {
  advance,
  bareStore,
  flush,
  nth,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

const TEN = Array.from({ length: 10 }, (_, i) => i);
const values: Record<string, () => unknown> = {
  'a date and a decimal': () => ({ at: new Date(5), price: new Decimal('9.99') }),
  'a map of sets': () => ({ map: new Map([['a', new Set([1])]]) }),
  'a BigInt': () => ({ n: 10n ** 20n }),
  bytes: () => ({ bytes: new Uint8Array([1, 2, 255]) }),
  'numbers that JSON does not know': () => [Number.NaN, Number.POSITIVE_INFINITY, -0],
  'fields without a value': () => ({ a: undefined, b: [undefined] }),
  'an invalid number': () => Number.NaN,
};
const serializers: [string, SyncSerializer | undefined][] = [
  ['JSON', undefined],
  ['superjson', superjsonSerializer],
  ['devalue', devalueSerializer],
  ['v8', v8Serializer],
];
const cases = serializers.flatMap(([of, serializer]) =>
  Object.entries(values).map(([what, value]) => [of, what, serializer, value] as const),
);

const storeWith = (serializer: SyncSerializer | undefined): MemoryCacheStore =>
  new MemoryCacheStore(serializer && { serializer });

describe('a copy', () => {
  useFakeTime();

  it.each(cases)('under %s of %s is what a hit gives, for who joins', async (...given) => {
    const [, , serializer, value] = given;
    const { cache } = setup({}, storeWith(serializer));
    const { load, runs } = slowLoad<unknown>();
    const callers = TEN.map(() => cache.wrap('k', 60, load));
    await flush();
    nth(runs, 0).resolve(value());
    await flush();
    for (const run of runs.slice(1)) run.resolve(value());
    const [own, ...joined] = await Promise.all(callers);
    expect(own).toStrictEqual(value());
    const hit = await cache.get('k');
    // An uncached value cannot be copied either: then each caller has loaded for itself.
    const isCached = hit !== undefined;
    expect(runs).toHaveLength(isCached ? 1 : 10);
    for (const each of joined) expect(each).toStrictEqual(isCached ? hit : value());
    const objects = joined.filter((each) => Object(each) === each);
    expect(new Set(objects).size).toBe(objects.length);
  });

  it.each(cases)('under %s of %s is what a hit gives, for duplicates', async (...given) => {
    const [, , serializer, value] = given;
    const { cache } = setup({}, storeWith(serializer));
    const asked: number[] = [];
    const load = async (missing: readonly string[]) => {
      asked.push(missing.length);
      return missing.map(value);
    };
    const [own, second, third] = await cache.wrapMany(['k', 'k', 'k'], 60, load);
    expect(own).toStrictEqual(value());
    const hit = await cache.get('k');
    const isCached = hit !== undefined;
    expect(asked).toEqual(isCached ? [1] : [1, 1, 1]);
    for (const each of [second, third]) expect(each).toStrictEqual(isCached ? hit : value());
    if (typeof own === 'object') expect(new Set([own, second, third]).size).toBe(3);
  });

  it.each([Number.NaN, -0, Number.POSITIVE_INFINITY, 5, 'text', null])(
    'of %s is what a hit gives, also where frozen values are shared',
    async (value) => {
      const { cache } = setup({}, new MemoryCacheStore({ frozen: true }));
      const [, second] = await cache.wrapMany(['k', 'k'], 60, async () => [value]);
      expect(second).toBe(await cache.get('k'));
    },
  );

  it.each(cases)('under %s of %s is what a hit gives, for a refresh', async (...given) => {
    const [, , serializer, value] = given;
    const { cache } = setup({}, storeWith(serializer));
    await cache.wrapSWR('k', 10, 60, value);
    const hit = await cache.get('k');
    await advance(11_000);
    const seen: unknown[] = [];
    await cache.wrapSWR('k', 10, 60, ({ staleValue }) => {
      seen.push(staleValue);
      return 'anew';
    });
    await cache.settled();
    expect(seen).toStrictEqual([hit]);
  });

  it('of a stale value is the load’s own: the caller may change what it was served', async () => {
    const { cache } = setup({}, storeWith(superjsonSerializer));
    const load = () => ({ at: new Date(5), list: [1] });
    await cache.wrapSWR('k', 10, 60, load);
    await advance(11_000);
    const seen: unknown[] = [];
    const served = await cache.wrapSWR<ReturnType<typeof load>>('k', 10, 60, ({ staleValue }) => {
      seen.push(staleValue);
      return load();
    });
    served.list.push(2);
    await cache.settled();
    expect(seen).toStrictEqual([{ at: new Date(5), list: [1] }]);
    expect(seen[0]).not.toBe(served);
  });

  it('is a structured clone where the store has none to give', async () => {
    const { cache } = setup({}, bareStore());
    const { load, runs } = slowLoad<unknown>();
    const callers = [1, 2].map(() => cache.wrap('k', 60, load));
    await flush();
    const value = { at: new Date(5), map: new Map([[1, { a: 1n }]]) };
    nth(runs, 0).resolve(value);
    const [own, joined] = await Promise.all(callers);
    expect(own).toBe(value);
    expect(joined).not.toBe(value);
    expect(joined).toStrictEqual(value);
  });

  it('that comes later is waited for; one that fails means a load for each', async () => {
    let fails = false;
    const copy = async (value: { n: number }) => {
      if (fails) throw new Error('no copy');
      return { n: value.n, copied: true };
    };
    const { cache } = setup({}, storeLike(new MemoryCacheStore(), { copy }));
    const { load, runs } = slowLoad<unknown>();
    const joining = (key: string) => TEN.map(() => cache.wrap(key, 60, load));
    const callers = joining('a');
    await flush();
    nth(runs, 0).resolve({ n: 1 });
    const [, ...joined] = await Promise.all(callers);
    expect(joined).toEqual(joined.map(() => ({ n: 1, copied: true })));
    fails = true;
    const alone = joining('b');
    await flush();
    nth(runs, 1).resolve({ n: 0 });
    await flush();
    expect(runs).toHaveLength(11);
    runs.slice(2).forEach((run, i) => {
      run.resolve({ n: i + 1 });
    });
    expect(await Promise.all(alone)).toEqual(TEN.map((n) => ({ n })));
  });

  it('that never comes keeps nobody waiting', async () => {
    const stores: CacheStore = storeLike(new MemoryCacheStore(), {
      copy: () => new Promise(() => {}),
    });
    const { cache } = setup({}, stores);
    const { load, runs } = slowLoad<unknown>();
    const callers = [1, 2].map(() => cache.wrap('k', 60, load));
    await flush();
    nth(runs, 0).resolve({ n: 1 });
    await advance(2_500);
    nth(runs, 1).resolve({ n: 2 });
    expect(await Promise.all(callers)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('that cannot be made does not keep an older value from standing in', async () => {
    const { cache, of } = setup({}, new MemoryCacheStore());
    await cache.set('k', 'old', 10);
    const policy = { ttl: 10, staleIfError: 60 };
    await cache.wrap('k', { ...policy, forceFresh: true }, () => 'old');
    await advance(11_000);
    const { load, runs } = slowLoad<unknown>();
    const callers = [1, 2].map(() => cache.wrap('k', policy, load));
    await flush();
    nth(runs, 0).resolve({ n: 1n });
    await flush();
    nth(runs, 1).reject(new Error('origin'));
    expect(await Promise.all(callers)).toEqual([{ n: 1n }, 'old']);
    expect(of('stale-served')).toHaveLength(1);
  });

  it('of a stale value that cannot be made is not replaced by anything: the load gets none', async () => {
    const copy = () => {
      throw new Error('This store copies nothing');
    };
    const { cache } = setup({}, storeLike(new MemoryCacheStore(), { copy }));
    await cache.wrapSWR('k', '10s', '60s', () => 1);
    await advance(10_000);
    const seen: unknown[] = [];
    await cache.wrapSWR('k', '10s', '60s', ({ staleValue }) => {
      seen.push(staleValue);
      return 2;
    });
    await flush();
    expect(seen).toEqual([undefined]);
  });

  it('of a value that another cache has frozen may be changed, as a hit may be', async () => {
    const sharing = setup({}, new MemoryCacheStore({ frozen: true })).cache;
    await sharing.set('k', { list: [1] });
    const frozen = await sharing.get<{ list: number[] }>('k');
    const load = async () => [frozen];
    const [, second] = await setup().cache.wrapMany(['k', 'k'], 60, load);
    second?.list.push(2);
    expect(second).toEqual({ list: [1, 2] });
  });

  it('that the serializer loses means a load for each', async () => {
    const { cache } = setup({}, storeLike(new MemoryCacheStore(), { copy: () => undefined }));
    const { load, runs } = slowLoad<unknown>();
    const callers = [1, 2].map(() => cache.wrap('k', 60, load));
    await flush();
    nth(runs, 0).resolve({ n: 1 });
    await flush();
    nth(runs, 1).resolve({ n: 2 });
    expect(await Promise.all(callers)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('is all that a repeated key needs: it is not looked up again', async () => {
    const { cache, of } = setup();
    const load = vi.fn(async (keys: readonly string[], { skip }: { skip(): void }) => {
      skip();
      return keys.map(() => ({ n: 1 }));
    });
    expect(await cache.wrapMany(['k', 'k'], 60, load)).toEqual([{ n: 1 }, { n: 1 }]);
    expect(load).toHaveBeenCalledOnce();
    expect(of('miss')).toHaveLength(1);
  });
});
