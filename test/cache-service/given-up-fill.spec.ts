import { CacheService, type CacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { advance, flush, useFakeTime } from './helpers.js';

/** A durable store whose fills land when they are told to, however long ago they were asked for. */
function slowStore() {
  const held = new Map<string, unknown>();
  const fills: (() => void)[] = [];
  const store: CacheStore = {
    name: 'slow',
    durable: true,
    get: async <T>(key: string) => held.get(key) as T | undefined,
    async set(key, value) {
      held.set(key, value);
    },
    async del(key) {
      held.delete(key);
    },
    getVersioned: async <T>(key: string) => ({
      value: held.get(key) as T | undefined,
      version: held.has(key) ? 'held' : '',
    }),
    setIfUnchanged: (key, value) =>
      new Promise((resolve) =>
        fills.push(() => {
          held.set(key, value);
          resolve(true);
        }),
      ),
    async delByPattern() {
      const { size } = held;
      held.clear();
      return size;
    },
  };
  return { store, held, fills };
}

describe('delByPattern', () => {
  useFakeTime();

  it('waits for a fill that the service has given up waiting for', async () => {
    const { store, held, fills } = slowStore();
    const cache = new CacheService(store);
    const wrapped = cache.wrap('k', 60, () => 'old');
    await advance(3_000);
    expect(await wrapped).toBe('old');
    const deleting = cache.delByPattern('*');
    await flush();
    fills[0]?.();
    expect(await deleting).toBe(1);
    expect(held.size).toBe(0);
  });

  it('is not confirmed when such a fill does not end', async () => {
    const { store } = slowStore();
    const cache = new CacheService(store);
    const wrapped = cache.wrap('k', 60, () => 'old');
    await advance(3_000);
    await wrapped;
    const deleting = expect(cache.delByPattern('*')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
    });
    await advance(6_000);
    await deleting;
  });
});
