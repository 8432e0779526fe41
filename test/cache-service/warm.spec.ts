import { MemoryCacheStore } from '@glasswork/cache';
import { expect, it, vi } from 'vitest';
import { advance, never, setup, storeLike, useFakeTime } from './helpers.js';

useFakeTime();

it('warm() warms the store', async () => {
  let warmed = 0;
  const store = storeLike(new MemoryCacheStore(), {
    warm: async () => {
      warmed++;
    },
  });
  const { cache, events } = setup({}, store);
  await cache.warm();
  expect(warmed).toBe(1);
  expect(events).toEqual([]);
});

it('warm() has nothing to do where the store has nothing to warm', async () => {
  const { cache, events } = setup();
  await cache.warm();
  expect(events).toEqual([]);
});

it('warm() tells of a store that cannot be warmed, and rejects nothing', async () => {
  const error = new Error('unreachable');
  const fail = () => {
    throw error;
  };
  for (const warm of [async () => fail(), fail]) {
    const { cache, events } = setup({}, storeLike(new MemoryCacheStore(), { warm }));
    await cache.warm();
    expect(events).toEqual([{ type: 'store-error', operation: 'warm', key: undefined, error }]);
  }
});

it('warm() waits no longer than for a read', async () => {
  const { cache, of } = setup({}, storeLike(new MemoryCacheStore(), { warm: never }));
  const warming = cache.warm();
  await advance(2_600);
  await warming;
  expect(of('store-error')).toMatchObject([{ operation: 'warm', error: { code: 'TIMEOUT' } }]);
});

it('onModuleInit() is warm(), as onModuleDestroy() is close()', async () => {
  const warm = vi.fn(async () => {});
  const { cache } = setup({}, storeLike(new MemoryCacheStore(), { warm }));
  await cache.onModuleInit();
  expect(warm).toHaveBeenCalledOnce();
});
