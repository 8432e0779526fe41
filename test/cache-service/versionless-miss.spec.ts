import { CacheService, type CacheStore } from '@glasswork/cache';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { describe, expect, it } from 'vitest';
import { deferred } from './helpers.js';

/** A key for which the store has no room, not even for a token. */
const KEY = 'k'.repeat(4_000);
const flush = () => new Promise((resolve) => setImmediate(resolve));

describe('a miss that left no token', () => {
  it('joins no load that began before its call, because another process may have invalidated the key', async () => {
    const store: CacheStore = new MemoryCacheStore({ maxBytes: 4_000 });
    const [one, other] = [new CacheService(store), new CacheService(store)];
    const first = deferred<string>();
    const old = one.wrap(KEY, '1m', () => first.promise);
    await flush();
    await other.del(KEY);
    const fresh = one.wrap(KEY, '1m', async () => 'new');
    await flush();
    first.resolve('old');
    expect(await Promise.all([old, fresh])).toEqual(['old', 'new']);
  });

  it('shares a load that began after its call', async () => {
    const cache = new CacheService(new MemoryCacheStore({ maxBytes: 4_000 }));
    let loads = 0;
    const load = async () => {
      loads++;
      await flush();
      return 'value';
    };
    const all = Array.from({ length: 50 }, () => cache.wrap(KEY, '1m', load));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['value']));
    expect(loads).toBe(1);
  });
});
