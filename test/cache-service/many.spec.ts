import { createCacheKey } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { nth, START, setup, useFakeTime, watched } from './helpers.js';

describe('getMany, setMany and delMany', () => {
  useFakeTime();

  it('use one operation of the store each', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    await cache.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: '5s' },
    ]);
    await cache.getMany(['a', 'b']);
    await cache.delMany(['a', 'b', 'a']);
    const ofUsers = calls.filter(({ args }) => !String(args[0]).startsWith('#'));
    expect(ofUsers.map(({ operation }) => operation)).toEqual(['setMany', 'getMany', 'delMany']);
    expect(nth(ofUsers, 2).args).toEqual([['a', 'b']]);
  });

  it('take nothing for nothing, and ask the store for nothing', async () => {
    const { store, calls } = watched();
    const { cache, of } = setup({}, store);
    expect(await cache.getMany([])).toEqual([]);
    expect(await cache.setMany([])).toBe(true);
    await cache.delMany([]);
    expect(of('store-error')).toEqual([]);
    const ofUsers = calls.filter(({ operation }) => /Many$/.test(operation));
    expect(ofUsers.map(({ operation }) => operation)).not.toContain('getMany');
  });

  it('give each entry its own ttl', async () => {
    const { cache } = setup({ defaultTTL: '1m' });
    await cache.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: '5s' },
    ]);
    expect((await cache.getEntry('a'))?.expiresAt).toBe(START + 60_000);
    expect((await cache.getEntry('b'))?.expiresAt).toBe(START + 5_000);
  });

  it('tell when one of the values cannot be written', async () => {
    const { cache, of } = setup();
    const entries = [
      { key: 'a', value: 1 },
      { key: 'b', value: undefined },
    ];
    expect(await cache.setMany(entries)).toBe(false);
    expect(of('store-error')).toHaveLength(1);
    expect(await cache.get('b')).toBeUndefined();
  });

  it('tell of each key that is deleted', async () => {
    const { cache, of } = setup();
    await cache.delMany(['a', createCacheKey('b', () => 'b')()]);
    expect(of('invalidate')).toEqual([
      { type: 'invalidate', key: 'a' },
      { type: 'invalidate', key: 'b' },
    ]);
  });
});
