import { type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { StoreHistory } from '../../src/testing/store-history.js';

function world(durable: boolean) {
  const clock = createVirtualClock();
  const inner = new MemoryCacheStore({ clock });
  let versionedReads = 0;
  let reads = 0;
  const store: CacheStore = {
    ...{ name: 'inner', durable },
    get(key) {
      reads++;
      return inner.get(key);
    },
    set: (key, value, ttl) => inner.set(key, value, ttl),
    del: (key) => inner.del(key),
    async getVersioned<T>(key: string) {
      versionedReads++;
      return inner.getVersioned<T>(key);
    },
  };
  const history = new StoreHistory(clock);
  return { clock, inner, store, history, versionedReads: () => versionedReads, reads: () => reads };
}

describe('the history of a store', () => {
  it('has the versions of a durable store', async () => {
    const { clock, inner, store, history, reads } = world(true);
    await inner.set('a', 1, 600);
    const { version } = await inner.getVersioned('a');
    await history.note(store, ['a']);
    clock.advance(100);
    expect(history.asOf('a', 101)).toMatchObject({ value: 1, version });
    expect(history.asOf('a', 100)).toBeUndefined();
    expect(history.asOf('b', 101)).toBeUndefined();
    // The value and its version are those of one read.
    expect(reads()).toBe(0);
  });

  it('does not ask another store for a version, because the question may leave a token', async () => {
    const { clock, inner, store, history, versionedReads } = world(false);
    await inner.set('a', 1, 600);
    await history.note(store, ['a', 'b']);
    clock.advance(100);
    expect(history.asOf('a', 101)).toMatchObject({ value: 1, version: undefined });
    expect(history.asOf('b', 101)).toMatchObject({ value: undefined, version: undefined });
    expect(versionedReads()).toBe(0);
  });
});
