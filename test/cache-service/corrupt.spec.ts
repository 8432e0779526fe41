import {
  CacheError,
  createCacheKey,
  jsonSerializer,
  MemoryCacheStore,
  type SyncSerializer,
} from '@glasswork/cache';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { advance, bareStore, setup, storeLike, useFakeTime } from './helpers.js';

describe('what the store holds and this cache did not write', () => {
  useFakeTime();

  it.each([[{ a: 1 }], ['text'], [[1, 2]], [null]])('%j is a miss and an event', async (record) => {
    const { cache, store, events } = setup();
    await store.set('k', record, 60);
    expect(await cache.get('k')).toBeUndefined();
    expect(events).toMatchObject([
      { type: 'corrupt', key: 'k', error: { code: 'CORRUPT', subject: 'k' } },
      { type: 'miss', key: 'k', reason: 'corrupt' },
    ]);
    expect(await cache.has('k')).toBe(false);
    expect(await cache.getEntry('k')).toBeUndefined();
    expect(await cache.wrap('k', 60, () => 'loaded')).toBe('loaded');
    expect(await cache.get('k')).toBe('loaded');
  });

  const corrupt = () =>
    Promise.reject(new CacheError('CORRUPT', 'written with another serializer'));

  it.each([
    ['a store with versions', (base: MemoryCacheStore) => base],
    ['a bare store', (base: MemoryCacheStore) => bareStore(base)],
  ])('is replaced by the next load where it cannot be decoded: %s', async (_name, storeOf) => {
    const serializer: SyncSerializer = {
      ...jsonSerializer,
      deserialize: (raw, key) => {
        if (!String(raw).includes('old')) return jsonSerializer.deserialize(raw, key);
        throw new CacheError('CORRUPT', `"${key}" was written with another serializer`);
      },
    };
    const { cache, of } = setup({}, storeOf(new MemoryCacheStore({ serializer })));
    await cache.set('k', 'old', 60);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.wrap('k', 60, () => 'loaded')).toBe('loaded');
    expect(await cache.get('k')).toBe('loaded');
    expect(of('corrupt').length).toBeGreaterThan(0);
    expect(of('breaker')).toEqual([]);
  });

  it('does not keep the others of a batch from being read', async () => {
    const base = new MemoryCacheStore();
    const get = (key: string) => (key === 'bad' ? corrupt() : base.get(key));
    const { cache } = setup({}, storeLike(base, { get, getMany: undefined }));
    await cache.set('good', 1, 60);
    expect(await cache.getMany(['bad', 'good'])).toEqual([undefined, 1]);
  });
});

describe('a schema', () => {
  useFakeTime();
  const User = v.object({ id: v.string(), name: v.string() });
  const userKey = createCacheKey('user', () => 'user', { schema: User, ttl: 60 });
  const user = { id: '1', name: 'Ada' };

  it('lets through what matches', async () => {
    const { cache } = setup();
    await cache.set(userKey(), user);
    expect(await cache.get(userKey())).toEqual(user);
  });

  it('makes what does not match a miss and an event, and the next load replaces it', async () => {
    const { cache, events } = setup();
    await cache.set('user', { id: 1 }, 60);
    events.length = 0;
    expect(await cache.get(userKey())).toBeUndefined();
    expect(events).toMatchObject([
      { type: 'corrupt', key: 'user', error: { code: 'CORRUPT', subject: 'user' } },
      { type: 'miss', key: 'user', reason: 'corrupt' },
    ]);
    expect(await cache.wrap(userKey(), () => user)).toEqual(user);
    const load = vi.fn(() => user);
    expect(await cache.wrap(userKey(), load)).toEqual(user);
    expect(load).not.toHaveBeenCalled();
  });

  it('is asked in getMany, getEntry and has', async () => {
    const { cache } = setup();
    await cache.set('user', { id: 1 }, 60);
    expect(await cache.getMany([userKey()])).toEqual([undefined]);
    expect(await cache.getEntry(userKey())).toBeUndefined();
    expect(await cache.has(userKey())).toBe(false);
  });

  it('never stands in for a failing load with a value of the old shape', async () => {
    const { cache } = setup({ staleIfError: '1h' });
    await cache.set('user', { id: 1 }, 60);
    await advance(61_000);
    const failing = () => Promise.reject(new Error('origin'));
    await expect(cache.wrap(userKey(), failing)).rejects.toThrow('origin');
  });

  it('may be asynchronous', async () => {
    const Async = v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== 'bad', 'is bad'),
    );
    const key = createCacheKey('async', () => 'async', { schema: Async, ttl: 60 });
    const { cache, of } = setup();
    await cache.set(key(), 'good');
    expect(await cache.get(key())).toBe('good');
    await cache.set(key(), 'bad');
    expect(await cache.get(key())).toBeUndefined();
    expect(of('corrupt')[0]?.error).toMatchObject({
      message: expect.stringContaining('is bad'),
    });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('schema broke');
      },
    ],
    ['rejects', () => Promise.reject(new Error('schema broke'))],
    ['returns nothing', () => undefined],
    ['makes undefined of it', () => ({ value: undefined })],
  ])('that %s makes a miss and an event', async (_how, validate) => {
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const;
    const key = createCacheKey('broken', () => 'broken', { schema, ttl: 60 });
    const { cache, events } = setup();
    await cache.set('broken', 1, 60);
    events.length = 0;
    expect(await cache.get(key())).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(['corrupt', 'miss']);
    expect(await cache.has(key())).toBe(false);
    expect(await cache.wrap(key(), () => 2)).toBe(2);
  });
});
