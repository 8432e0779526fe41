import { MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  advance,
  brokenStore,
  hangingStore,
  settledState,
  setup,
  storeLike,
  useFakeTime,
} from './helpers.js';

describe('del and delMany', () => {
  useFakeTime();

  it('delete, in every service', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    await here.cache.setMany(['a', 'b', 'c'].map((key) => ({ key, value: key })));
    await there.cache.del('a');
    await there.cache.delMany(['b']);
    expect(await here.cache.getMany(['a', 'b', 'c'])).toEqual([undefined, undefined, 'c']);
  });

  it('take it well when there is nothing to delete', async () => {
    const { cache, of } = setup();
    await cache.del('k');
    await cache.del('k');
    expect(of('invalidate')).toHaveLength(2);
  });

  it('reject when the store fails, and say what to do', async () => {
    const { store } = brokenStore();
    const { cache, of } = setup({}, store);
    await expect(cache.del('k')).rejects.toMatchObject({
      name: 'CacheError',
      code: 'NOT_CONFIRMED',
      subject: 'k',
      message: expect.stringContaining('Try it again'),
      cause: expect.objectContaining({ message: 'store is down' }),
    });
    await expect(cache.delMany(['a', 'b'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(of('invalidate')).toEqual([]);
    expect(of('store-error').map(({ operation }) => operation)).toEqual(['del', 'del']);
  });

  it('reject when a store throws at once', async () => {
    const base = new MemoryCacheStore();
    const del = () => {
      throw new Error('at once');
    };
    const { cache } = setup({}, storeLike(base, { del, delMany: del }));
    await expect(cache.del('k')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await expect(cache.delMany(['a', 'b'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
  });

  it('reject when one of many fails', async () => {
    const base = new MemoryCacheStore();
    const del = (key: string) =>
      key === 'bad' ? Promise.reject(new Error('down')) : base.del(key);
    const { cache } = setup({}, storeLike(base, { del, delMany: undefined }));
    await cache.set('good', 1, 60);
    await expect(cache.delMany(['bad', 'good'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(await cache.get('good')).toBeUndefined();
  });

  it('give up on a store that hangs', async () => {
    const { cache } = setup({}, hangingStore());
    const deleting = cache.del('k');
    const rejected = expect(deleting).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      cause: expect.objectContaining({ code: 'TIMEOUT' }),
    });
    await advance(4_900);
    expect(await settledState(deleting)).toBe('pending');
    await advance(200);
    await rejected;
  });

  it('still bar the loads of this process when the store did not confirm', async () => {
    const { store, state } = brokenStore();
    state.broken = false;
    const { cache } = setup({}, store);
    let finish: (value: string) => void = () => {};
    const wrapped = cache.wrap('k', 60, () => new Promise<string>((resolve) => (finish = resolve)));
    await advance(0);
    state.broken = true;
    await cache.del('k').catch(() => {});
    state.broken = false;
    finish('old');
    await wrapped;
    expect(await cache.get('k')).toBeUndefined();
  });
});

describe('delByPattern', () => {
  useFakeTime();

  it('deletes what matches, and resolves to their number', async () => {
    const { cache, of } = setup();
    for (const key of ['user:1', 'user:2', 'user:22', 'team:1', 'auser:1']) {
      await cache.set(key, key, 60);
    }
    expect(await cache.delByPattern('user:?')).toBe(2);
    expect(await cache.getMany(['user:1', 'user:2', 'user:22', 'team:1', 'auser:1'])).toEqual([
      undefined,
      undefined,
      'user:22',
      'team:1',
      'auser:1',
    ]);
    expect(of('invalidate')).toEqual([{ type: 'invalidate', pattern: 'user:?' }]);
  });

  it('keeps to its prefix, and takes its characters literally', async () => {
    const store = new MemoryCacheStore();
    const [dotted, other] = [
      setup({ keyPrefix: 'a.b' }, store),
      setup({ keyPrefix: 'axb' }, store),
    ];
    await dotted.cache.set('k', 1, 60);
    await other.cache.set('k', 2, 60);
    expect(await dotted.cache.delByPattern('*')).toBe(1);
    expect(await other.cache.get('k')).toBe(2);
  });

  it('never deletes the records of the service itself', async () => {
    const { cache } = setup();
    await cache.set('k', 1, { ttl: 60, tags: ['red'] });
    await cache.set('#odd', 2, { ttl: 60, tags: ['red'] });
    expect(await cache.delByPattern('nothing*')).toBe(0);
    expect(await cache.delByPattern('*')).toBe(2);
    await cache.set('k', 3, { ttl: 60, tags: ['red'] });
    expect(await cache.delByPattern('#*')).toBe(0);
    expect(await cache.get('k')).toBe(3);
  });

  it('takes brackets and an escaped star literally', async () => {
    const { cache } = setup();
    for (const key of ['a*', 'ab', '[ab]']) await cache.set(key, 1, 60);
    expect(await cache.delByPattern('a\\*')).toBe(1);
    expect(await cache.delByPattern('[ab]')).toBe(1);
    expect(await cache.get('ab')).toBe(1);
  });

  it('resolves to undefined where the store cannot', async () => {
    const base = new MemoryCacheStore();
    const { cache } = setup({}, storeLike(base, { delByPattern: undefined }));
    await cache.set('k', 1, 60);
    expect(await cache.delByPattern('*')).toBeUndefined();
    expect(await cache.get('k')).toBe(1);
  });

  it('rejects when it is not confirmed', async () => {
    const { store } = brokenStore();
    await expect(setup({}, store).cache.delByPattern('*')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      subject: '*',
    });
  });
});
