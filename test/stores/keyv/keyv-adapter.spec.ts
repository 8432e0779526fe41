import {
  CacheService,
  type CacheStore,
  encrypted,
  jsonSerializer,
  MemoryCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { keyvAdapter } from '@glasswork/cache/keyv';
import { createVirtualClock, faultyStore, scriptedFaults } from '@glasswork/cache/testing';
import Keyv from 'keyv';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => vi.useRealTimers());

const open = (namespace?: string, store: CacheStore = new MemoryCacheStore()) =>
  new Keyv({ store: keyvAdapter(store), ...(namespace && { namespace }) });

describe('an adapter for Keyv 5', () => {
  it.each([undefined, null, {}, 'redis://localhost', new Map()])(
    'is not made of %o, which is no store',
    (store) => {
      expect(() => keyvAdapter(store as never)).toThrow(/store is .*: give a store such as/);
    },
  );

  it('keeps a value as long as its ttl, and without one for years', async () => {
    const clock = createVirtualClock(Date.now());
    vi.useFakeTimers({ now: clock.now(), toFake: ['Date'] });
    const pass = (ms: number) => {
      clock.advance(ms);
      vi.setSystemTime(clock.now());
    };
    const store = new MemoryCacheStore({ clock });
    const keyv = open('a', store);
    await keyv.set('short', 1, 1_000);
    await keyv.set('long', 2);
    pass(999);
    expect(await keyv.get(['short', 'long'])).toEqual([1, 2]);
    expect(await store.has('a:short')).toBe(true);
    pass(1);
    expect(await store.has('a:short')).toBe(false);
    expect(await keyv.get(['short', 'long'])).toEqual([undefined, 2]);
    pass(9 * 365 * 86_400_000);
    expect(await keyv.get('long')).toBe(2);
  });

  it('deletes in batches, and says whether all were there', async () => {
    const keyv = open();
    await keyv.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    expect(await keyv.has(['a', 'c'])).toEqual([true, false]);
    expect(await keyv.delete(['a', 'c'])).toBe(false);
    expect(await keyv.delete(['b'])).toBe(true);
    expect(await keyv.get(['a', 'b'])).toEqual([undefined, undefined]);
  });

  it('clears its namespace alone, although it looks like a pattern', async () => {
    const store = new MemoryCacheStore();
    const [keyv, other] = [open('a*', store), open('ab', store)];
    await keyv.set('key', 1);
    await other.set('key', 2);
    await keyv.clear();
    expect([await keyv.get('key'), await other.get('key')]).toEqual([undefined, 2]);
  });

  it('keeps namespaces apart that Keyv does not add to the keys', async () => {
    const store = new MemoryCacheStore();
    const [one, other] = ['a', 'b'].map((namespace) => {
      return new Keyv({ store: keyvAdapter(store), namespace, useKeyPrefix: false });
    });
    await one?.set('key', 1);
    await other?.set('key', 2);
    expect(await one?.get(['key', 'none'])).toEqual([1, undefined]);
    expect(await one?.delete('none')).toBe(false);
    // As with the prefix.
    expect(await open('a', store).get('key')).toBe(1);
    await one?.clear();
    expect([await one?.get('key'), await other?.get('key')]).toEqual([undefined, 2]);
  });

  it('shares a store with a service, whose own records it cannot touch', async () => {
    const store = new MemoryCacheStore();
    const cache = new CacheService(store, { keyPrefix: 'app' });
    await cache.wrap('key', { ttl: 60, tags: ['red'] }, () => 'value');
    const keyv = new Keyv({ store: keyvAdapter(store), useKeyPrefix: false });
    await keyv.set('#tag:app:red', 'changed');
    await keyv.set('#prefix:app:', 'changed');
    expect(await keyv.get('#tag:app:red')).toBe('changed');
    await keyv.delete('#tag:app:red');
    expect(await cache.get('key')).toBe('value');
    await cache.close();
  });

  it('leaves the serializer of its store to encrypt everything, also keys like those of a service', async () => {
    const seen: unknown[] = [];
    const serializer = encrypted(jsonSerializer, { keys: { march: new Uint8Array(32) } });
    const noting = {
      ...serializer,
      serialize: (value: unknown, key: string) => {
        seen.push(value);
        return serializer.serialize(value, key);
      },
    };
    const keyv = new Keyv({
      store: keyvAdapter(new MemoryCacheStore({ serializer: noting })),
      useKeyPrefix: false,
    });
    await keyv.set('#tag:x', 'secret');
    expect(seen).toEqual(['{"value":"secret"}']);
    expect(await keyv.get('#tag:x')).toBe('secret');
  });

  it('keeps and deletes values in tiers', async () => {
    const store = new TieredCacheStore([new MemoryCacheStore(), new MemoryCacheStore()]);
    const keyv = open('a', store);
    await keyv.set('key', { n: 1 });
    expect(await keyv.get('key')).toEqual({ n: 1 });
    expect(await keyv.delete('key')).toBe(true);
    expect(await keyv.get('key')).toBeUndefined();
  });

  it('needs no more of a store than get, set and del', async () => {
    const inner = new MemoryCacheStore();
    const keyv = open(undefined, {
      name: 'plain',
      get: (key) => inner.get(key),
      set: (key, value, ttl) => inner.set(key, value, ttl),
      del: (key) => inner.del(key),
    });
    await keyv.set('key', 1);
    expect([await keyv.get(['key', 'x']), await keyv.has('key')]).toEqual([[1, undefined], true]);
    const errors: unknown[] = [];
    keyv.on('error', (error) => errors.push(error));
    await keyv.clear();
    expect(errors).toEqual([expect.objectContaining({ code: 'INVALID_OPTION', subject: 'store' })]);
    expect(await keyv.get('key')).toBe(1);
  });

  it('lets a Keyv report the failures of its store', async () => {
    const plan = scriptedFaults({ set: [{ kind: 'error' }], del: [{ kind: 'error' }] });
    const keyv = open(undefined, faultyStore(new MemoryCacheStore(), { plan }));
    const errors: unknown[] = [];
    keyv.on('error', (error) => errors.push(error));
    expect(await keyv.set('key', 1)).toBe(false);
    expect(await keyv.delete('key')).toBe(false);
    expect(errors).toHaveLength(2);
  });

  it('takes an object from a Keyv without serialization', async () => {
    const keyv = new Keyv({
      store: keyvAdapter(new MemoryCacheStore()),
      serialize: undefined,
      deserialize: undefined,
    } as never);
    await keyv.set('key', { n: [1] }, 60_000);
    expect(await keyv.get('key')).toEqual({ n: [1] });
  });
});

describe('an adapter that is called directly, as cache-manager does', () => {
  it('closes its store when Keyv disconnects', async () => {
    const close = vi.fn(async () => {});
    await keyvAdapter(Object.assign(new MemoryCacheStore(), { close })).disconnect();
    expect(close).toHaveBeenCalledOnce();
  });

  it('deletes what is set to undefined, or for no time', async () => {
    const adapter = keyvAdapter(new MemoryCacheStore());
    for (const [value, ttl] of [
      [undefined, 1_000],
      ['new', 0],
      ['new', -1],
    ] as const) {
      expect(await adapter.set('key', 'old', 60_000)).toBe(true);
      expect(await adapter.set('key', value, ttl)).toBe(true);
      expect(await adapter.get('key')).toBeUndefined();
    }
  });

  it('asks no store to keep a value for no time, because some refuse that', async () => {
    const store = new MemoryCacheStore();
    const set = vi.spyOn(store, 'set');
    await keyvAdapter(store).set('key', 1, 0);
    expect(set).not.toHaveBeenCalled();
  });

  it('tells a ttl from a time, up to a ttl of 31 years', async () => {
    const adapter = keyvAdapter(new MemoryCacheStore());
    expect(await adapter.set('ttl', 1, 1e12 - 1)).toBe(true);
    expect(await adapter.has('ttl')).toBe(true);
    // A time in 2001.
    await adapter.set('over', 1, 1e12);
    expect(await adapter.has('over')).toBe(false);
  });

  it('reports a batch of deletions as the version of Keyv asks', async () => {
    const adapter = keyvAdapter(new MemoryCacheStore());
    await adapter.set('a', 1);
    expect(await adapter.deleteMany(['a', 'b'])).toBe(false);
    expect(adapter.capabilities.expires).toBe(true);
    await adapter.set('a', 1);
    expect(await adapter.deleteMany(['a', 'b'])).toEqual([true, false]);
  });
});

describe('an adapter for Keyv 6, which reads its capabilities', () => {
  const adapterFor6 = (store: CacheStore, namespace?: string) => {
    const adapter = keyvAdapter(store);
    expect(adapter.capabilities.store).toBe('keyvStorage');
    if (namespace !== undefined) adapter.namespace = namespace;
    return adapter;
  };

  it('adds a namespace to keys, if there is one', async () => {
    const store = new MemoryCacheStore();
    await adapterFor6(store).set('plain', 1);
    await adapterFor6(store, 'a').set('key', 1);
    expect([await store.has('plain'), await store.has('a::key')]).toEqual([true, true]);
  });

  it('adds it also to a key that begins like it', async () => {
    const store = new MemoryCacheStore();
    const adapter = adapterFor6(store, 'a');
    await adapter.set('a::key', 1);
    expect([await adapter.get('key'), await adapter.get('a::key')]).toEqual([undefined, 1]);
  });

  it('clears its namespace, but no key that begins like it', async () => {
    const store = new MemoryCacheStore();
    const [own, plain] = [adapterFor6(store, 'a'), adapterFor6(store)];
    await own.set('key', 1);
    await plain.set('a:other', 2);
    await own.clear();
    expect([await own.get('key'), await plain.get('a:other')]).toEqual([undefined, 2]);
  });

  it('takes a large number for the time at which the value ends', async () => {
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] });
    const clock = createVirtualClock(1_800_000_000_000);
    const store = new MemoryCacheStore({ clock });
    await adapterFor6(store).set('key', 1, 1_800_000_001_000);
    clock.advance(999);
    expect(await store.has('key')).toBe(true);
    clock.advance(1);
    expect(await store.has('key')).toBe(false);
  });
});
