import { describe, expect, it } from 'vitest';
import { CacheService, createCacheKey, NullCacheStore } from '../../src/index.js';
import { casesFor } from '../../src/testing/index.js';

// A store that holds nothing passes only those conformance cases that hold for the absent.
describe('a null store', () => {
  it('holds nothing', async () => {
    const store = new NullCacheStore();
    await store.set('key', 1, 60);
    expect(await store.get('key')).toBeUndefined();
    expect(await store.has('key')).toBe(false);
    await store.del('key');
    expect(await store.delByPattern('*')).toBe(0);
    await store.clear();
    await store.close();
    await store.close();
  });

  it('claims no capability that it could not honour', () => {
    const { skipped } = casesFor({ store: new NullCacheStore(), advance: () => {} });
    const lacking = new Set(skipped.flatMap(({ reason }) => reason.split(', ')));
    expect([...lacking]).toEqual(
      expect.arrayContaining(
        ['add', 'getVersioned', 'setIfUnchanged'].map((name) => `the store has no ${name}`),
      ),
    );
  });

  it('answers what is absent as every store does', async () => {
    const subject = { store: new NullCacheStore(), advance: () => {} };
    const names = [
      'returns undefined, not null, for an absent key',
      'returns undefined for keys named like built-in members',
      'closes twice without an error',
    ];
    const cases = casesFor(subject).cases.filter(({ name }) => names.includes(name));
    expect(cases).toHaveLength(names.length);
    for (const { run } of cases) await run(subject);
  });

  it('lets a service load every time, and once for callers at the same time', async () => {
    const cache = new CacheService(new NullCacheStore());
    let loads = 0;
    const load = async () => ++loads;
    expect(await Promise.all([cache.wrap('key', 60, load), cache.wrap('key', 60, load)])).toEqual([
      1, 1,
    ]);
    expect(await cache.wrap('key', 60, load)).toBe(2);
    await cache.close();
  });

  it('confirms every invalidation', async () => {
    const cache = new CacheService(new NullCacheStore(), { keyPrefix: 'app' });
    const user = createCacheKey('user', (id: number) => `user:${id}`).of<string>();
    await cache.set(user(1), 'held', 60);
    await cache.del(user(1));
    await cache.delMany([user(1), 'b']);
    await cache.invalidateTags(['red']);
    await cache.clear();
    expect(await cache.delByPattern('*')).toBe(0);
    expect(await cache.get(user(1))).toBeUndefined();
    expect(cache.stats()).toMatchObject({ storeErrors: 0, hits: 0 });
    await cache.close();
  });
});
