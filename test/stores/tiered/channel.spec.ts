import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { TieredCacheStore } from '../../../src/stores/tiered/index.js';
import { createVirtualClock } from '../../../src/testing/index.js';

let published: string[];
beforeEach(() => {
  published = [];
});

function open() {
  const clock = createVirtualClock();
  const upper = new MemoryCacheStore({ clock });
  const channel = {
    publish: async (message: string) => void published.push(message),
    listen: () => {},
    sync: async () => 1,
    close: async () => {},
  };
  const last = new MemoryCacheStore({ clock });
  return { upper, store: new TieredCacheStore([upper, last], { clock, channel }) };
}

describe('tiers with a channel', () => {
  it('publish the keys that have changed, but no record, of which nobody has a copy', async () => {
    const { store } = open();
    await store.set('#tag:app:red', 'v1', 60);
    await store.delMany(['#tag:app:red', '#prefix:app:']);
    expect(published).toEqual([]);
    await store.delMany(['#tag:app:red', 'key']);
    expect(published.map((message) => JSON.parse(message).keys)).toEqual([['key']]);
  });

  it('trust the copies of their first tier once they are warm, before any read', async () => {
    const { store, upper } = open();
    await store.warm();
    await upper.set('key', 'copy', 60);
    expect(store.getIfPresent?.('key')).toBe('copy');
  });
});
