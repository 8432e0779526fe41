import { MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  bareStore,
  brokenStore,
  deferred,
  flush,
  START,
  setup,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

const RED = { ttl: 60, tags: ['red'] };

describe('invalidateTags', () => {
  useFakeTime();

  it('invalidates what carries one of the tags, and nothing else', async () => {
    const { cache } = setup();
    await cache.set('red', 1, RED);
    await cache.set('both', 2, { ttl: 60, tags: ['blue', 'red'] });
    await cache.set('blue', 3, { ttl: 60, tags: ['blue'] });
    await cache.set('none', 4, 60);
    await cache.invalidateTags(['red', 'unknown']);
    expect(await cache.getMany(['red', 'both', 'blue', 'none'])).toEqual([
      undefined,
      undefined,
      3,
      4,
    ]);
    expect(await cache.has('red')).toBe(false);
    expect(await cache.getEntry('red')).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', '', ':', '#tag', '*', 'a\nb'])(
    'takes the tag %j',
    async (tag) => {
      const { cache } = setup();
      await cache.wrap('k', { ttl: 60, tags: [tag] }, () => 1);
      expect(await cache.get('k')).toBe(1);
      await cache.invalidateTags([tag]);
      expect(await cache.get('k')).toBeUndefined();
    },
  );

  it('is one write a tag and one of the generation, whatever the number of values', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    for (let i = 0; i < 20; i++) await cache.set(`k${i}`, i, RED);
    calls.length = 0;
    await cache.invalidateTags(['red', 'red', 'blue']);
    expect(calls.map(({ operation }) => operation)).toEqual(['set', 'set', 'set']);
  });

  it('keeps tags of each prefix apart', async () => {
    const store = new MemoryCacheStore();
    const [one, two] = [setup({ keyPrefix: 'one' }, store), setup({ keyPrefix: 'two' }, store)];
    await one.cache.set('k', 1, RED);
    await two.cache.set('k', 2, RED);
    await one.cache.invalidateTags(['red']);
    expect(await one.cache.get('k')).toBeUndefined();
    expect(await two.cache.get('k')).toBe(2);
  });

  it('is seen by other services at once', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    await here.cache.wrap('k', RED, () => 'old');
    expect(await there.cache.get('k')).toBe('old');
    await here.cache.invalidateTags(['red']);
    expect(await there.cache.wrap('k', RED, () => 'new')).toBe('new');
    expect(there.of('miss')).toMatchObject([{ reason: 'invalidated' }]);
  });

  it('does nothing for no tags', async () => {
    const { store, state } = brokenStore();
    await setup({}, store).cache.invalidateTags([]);
    expect(state.calls).toBe(0);
  });

  it('tries every tag, and rejects when one is not confirmed', async () => {
    const base = new MemoryCacheStore();
    const set = (key: string, value: unknown, ttl: number) =>
      key.endsWith(':red') ? Promise.reject(new Error('down')) : base.set(key, value, ttl);
    const { cache, of } = setup({}, base);
    await cache.set('blue', 1, { ttl: 60, tags: ['blue'] });
    const broken = setup({}, storeLike(base, { set }));
    await expect(broken.cache.invalidateTags(['red', 'blue'])).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      subject: 'red',
    });
    expect(broken.of('invalidate')).toEqual([{ type: 'invalidate', tag: 'blue' }]);
    expect(await cache.get('blue')).toBeUndefined();
    expect(of('store-error')).toEqual([]);
  });

  it.each([
    ['text', 'red'],
    ['null', null],
    ['numbers', [1]],
  ])('refuses %s for tags', async (_name, tags) => {
    const { cache } = setup();
    await expect(cache.invalidateTags(tags as unknown as string[])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

describe('a tag whose record is gone', () => {
  useFakeTime();

  const forget = (store: MemoryCacheStore) => store.delByPattern('#tag:*');

  it('invalidates what carries it, where records can be evicted', async () => {
    const store = new MemoryCacheStore();
    const { cache, of } = setup({}, store);
    await cache.set('k', 'old', RED);
    expect(await forget(store)).toBe(1);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.wrap('k', RED, () => 'new')).toBe('new');
    expect(await cache.get('k')).toBe('new');
    expect(of('miss').map(({ reason }) => reason)).toEqual(['invalidated', 'invalidated']);
  });

  it('invalidates it on a bare store too', async () => {
    const base = new MemoryCacheStore();
    const { cache } = setup({}, bareStore(base));
    await cache.set('k', 'old', RED);
    expect(await forget(base)).toBe(1);
    expect(await cache.get('k')).toBeUndefined();
  });

  it.each([true, false])(
    'outlives every entry that it invalidates, durable: %s',
    async (durable) => {
      const { cache } = setup({}, storeLike(new MemoryCacheStore(), { durable }));
      await cache.set('k', 'old', { ttl: '366d', tags: ['red'] });
      await cache.invalidateTags(['red']);
      vi.setSystemTime(START + 366 * 86_400_000 - 1);
      expect(await cache.get('k')).toBeUndefined();
    },
  );

  it('does not serve the last good value either', async () => {
    const store = new MemoryCacheStore();
    const { cache } = setup({ staleIfError: '1h' }, store);
    await cache.set('k', 'old', RED);
    await advance(61_000);
    await forget(store);
    const failing = () => Promise.reject(new Error('origin'));
    await expect(cache.wrap('k', RED, failing)).rejects.toThrow('origin');
  });
});

describe('tagTTL', () => {
  useFakeTime();

  it('trusts what it has read for that long, and no longer', async () => {
    const store = new MemoryCacheStore();
    const here = setup({ tagTTL: '2s' }, store);
    const there = setup({}, store);
    await here.cache.set('k', 'old', { ttl: 600, tags: ['red'] });
    expect(await here.cache.get('k')).toBe('old');
    await there.cache.invalidateTags(['red']);
    await advance(1_999);
    expect(await here.cache.get('k')).toBe('old');
    await advance(1);
    expect(await here.cache.get('k')).toBeUndefined();
  });

  it('does not count for what was read while this process invalidated it', async () => {
    const memory = new MemoryCacheStore();
    const gate = deferred();
    let isHeld = false;
    const store = storeLike(memory, {
      getIfPresent: undefined,
      async set(key: string, value: unknown, ttl: number) {
        if (isHeld) await gate.promise;
        return memory.set(key, value, ttl);
      },
    });
    const { cache } = setup({ tagTTL: '1h' }, store);
    await cache.set('k', 'old', RED);
    isHeld = true;
    const invalidating = cache.invalidateTags(['red']);
    await flush();
    expect(await cache.wrap('k', RED, () => 'unused')).toBe('old');
    gate.resolve(undefined);
    await invalidating;
    expect(await cache.get('k')).toBeUndefined();
  });

  it('is over after a freeze', async () => {
    const store = new MemoryCacheStore();
    const here = setup({ tagTTL: '1m' }, store);
    const there = setup({}, store);
    await here.cache.set('k', 'old', { ttl: '1d', tags: ['red'] });
    await here.cache.get('k');
    await there.cache.invalidateTags(['red']);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await here.cache.get('k')).toBeUndefined();
  });

  it('never hides an invalidation by this process', async () => {
    const { cache } = setup({ tagTTL: '1h' });
    await cache.set('k', 'old', RED);
    await cache.get('k');
    await cache.invalidateTags(['red']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('does not hide a value that is younger than what it remembers', async () => {
    const store = new MemoryCacheStore();
    const here = setup({ tagTTL: '1h' }, store);
    const there = setup({}, store);
    await here.cache.set('k', 'old', RED);
    await here.cache.get('k');
    await there.cache.invalidateTags(['red']);
    await there.cache.set('k', 'new', RED);
    expect(await here.cache.get('k')).toBe('new');
    const load = vi.fn();
    expect(await here.cache.wrap('k', RED, load)).toBe('new');
    expect(load).not.toHaveBeenCalled();
  });

  it('saves the reads', async () => {
    const { store, calls } = watched();
    const { cache } = setup({ tagTTL: '1h' }, store);
    await cache.set('k', 1, RED);
    await cache.wrap('k', RED, () => 2);
    calls.length = 0;
    await cache.wrap('k', RED, () => 2);
    expect(calls.map(({ args }) => args[0])).toEqual(['k']);
  });
});

describe('a tag that cannot be read', () => {
  useFakeTime();

  it('is a miss, and nothing is filled under it', async () => {
    const base = new MemoryCacheStore();
    const { cache } = setup({}, base);
    await cache.set('k', 'old', RED);
    const down = (key: string) => key.startsWith('#tag:');
    const failing = storeLike(base, {
      getVersioned: (key: string) =>
        down(key) ? Promise.reject(new Error('down')) : base.getVersioned(key),
    });
    const broken = setup({ breaker: false }, failing);
    expect(await broken.cache.get('k')).toBeUndefined();
    expect(broken.of('miss')).toMatchObject([{ reason: 'unreadable' }]);
    expect(await broken.cache.wrap('k', RED, () => 'new')).toBe('new');
    expect(broken.of('refused')).toMatchObject([{ reason: 'unread' }]);
    expect(await broken.cache.set('k', 'new', RED)).toBe(false);
    expect(await cache.get('k')).toBe('old');
  });
});
