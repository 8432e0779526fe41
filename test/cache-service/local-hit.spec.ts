import { createCacheKey, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { advance, setup, storeLike, useFakeTime, watched } from './helpers.js';

const typedKey = createCacheKey('k', () => 'k').of<{ n: number }>();

/** The calls to the store once this process holds a value and the version of the prefix. */
async function asked(use: (cache: ReturnType<typeof setup>['cache']) => Promise<unknown>) {
  const { store, calls } = watched();
  const { cache, of } = setup({}, store);
  await cache.set('k', { n: 1 });
  await cache.get('k');
  calls.length = 0;
  const before = of('hit').length;
  const value = await use(cache);
  return {
    value,
    operations: calls.map(({ operation }) => operation),
    hits: of('hit').length - before,
  };
}

describe('a value that this process holds', () => {
  useFakeTime();

  it.each([
    ['wrap', (cache) => cache.wrap('k', 60, () => expect.unreachable())],
    ['get', (cache) => cache.get('k')],
  ] as const satisfies readonly [string, Parameters<typeof asked>[0]][])(
    'is given by %s without a read that has to be waited for',
    async (_, use) => {
      expect(await asked(use)).toEqual({ value: { n: 1 }, operations: ['getIfPresent'], hits: 1 });
    },
  );

  it.each([
    ['wrap', (cache) => cache.wrap(typedKey(), 60, () => expect.unreachable())],
    ['get', (cache) => cache.get(typedKey())],
  ] as const satisfies readonly [string, Parameters<typeof asked>[0]][])(
    'is given by %s for a typed key without a schema, too',
    async (_, use) => {
      expect(await asked(use)).toEqual({ value: { n: 1 }, operations: ['getIfPresent'], hits: 1 });
    },
  );

  it('is not given once it is stale: then it is refreshed', async () => {
    const { cache, of } = setup();
    await cache.wrapSWR('k', 10, 60, () => 1);
    await advance(11_000);
    expect(await cache.get('k')).toBe(1);
    expect(of('hit')).toMatchObject([{ state: 'stale', ageMs: 11_000 }]);
    expect(await cache.wrapSWR('k', 10, 60, () => 2)).toBe(1);
    await cache.settled();
    expect(await cache.get('k')).toBe(2);
  });

  it('is not given once it was cleared, although this process holds the new version of the prefix', async () => {
    const { cache } = setup();
    await cache.set('a', 1);
    expect(await cache.get('a')).toBe(1);
    await cache.clear();
    await cache.set('b', 2);
    expect(await cache.get('b')).toBe(2);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('is read again once the version of the prefix is older than it may be', async () => {
    const store = new MemoryCacheStore();
    const { cache } = setup({ versionTTL: '5s' }, store);
    const other = setup({}, store).cache;
    await cache.set('k', 1, 60);
    await other.clear();
    await advance(5_000);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('is judged by the time of the service', async () => {
    const times: unknown[] = [];
    const base = new MemoryCacheStore();
    const getIfPresent = (key: string, now?: number) => {
      times.push(now);
      return base.getIfPresent(key, now);
    };
    const { cache } = setup({}, storeLike(base, { getIfPresent }));
    await cache.set('k', 1);
    await cache.get('k');
    await cache.wrap('k', 60, () => 2);
    expect(times.length).toBeGreaterThan(0);
    for (const time of times) expect(time).toBe(Date.now());
  });
});

describe('a tagged value that this process holds', () => {
  useFakeTime();

  async function tagged(tagTTL: number) {
    const { store, calls } = watched();
    const { cache } = setup({ tagTTL }, store);
    await cache.set('k', 1, { ttl: 60, tags: ['red'] });
    await cache.get('k');
    calls.length = 0;
    return { cache, store, operations: () => calls.map(({ operation }) => operation) };
  }

  it.each([
    ['wrap', (cache) => cache.wrap('k', { ttl: 60, tags: ['red'] }, () => 2)],
    ['get', (cache) => cache.get('k')],
  ] as const satisfies readonly [string, Parameters<typeof asked>[0]][])(
    'is given by %s as long as the version of its tag may be trusted',
    async (_, use) => {
      const { cache, operations } = await tagged(5);
      expect(await use(cache)).toBe(1);
      expect(operations()).toEqual(['getIfPresent']);
      await advance(5_000);
      expect(await use(cache)).toBe(1);
      expect(operations()).toContain('getVersioned');
    },
  );

  it('is not looked at where the version of a known tag is read every time', async () => {
    const { cache, operations } = await tagged(0);
    expect(await cache.wrap('k', { ttl: 60, tags: ['red'] }, () => 2)).toBe(1);
    expect(operations()).not.toContain('getIfPresent');
  });

  it('is gone as soon as this process has invalidated its tag', async () => {
    const { cache } = await tagged(5);
    await cache.invalidateTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('is gone in another process once the version of its tag is read again', async () => {
    const { cache, store } = await tagged(5);
    await setup({}, store).cache.invalidateTags(['red']);
    expect(await cache.get('k')).toBe(1);
    await advance(5_000);
    expect(await cache.get('k')).toBeUndefined();
  });
});
