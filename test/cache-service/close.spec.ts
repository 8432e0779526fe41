import { MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  bareStore,
  flush,
  never,
  nth,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

const SWR = { ttl: 60, staleTTL: 10 };

function closable() {
  const close = vi.fn(async () => {});
  return { close, ...setup({}, storeLike(new MemoryCacheStore(), { close })) };
}

describe('close', () => {
  useFakeTime();

  it('closes the store, once', async () => {
    const { cache, close } = closable();
    await Promise.all([cache.close(), cache.close(), cache.onModuleDestroy()]);
    await cache.close();
    expect(close).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for background work before it closes the store under it', async () => {
    const { cache, close } = closable();
    await cache.wrap('k', SWR, () => 'old');
    await advance(10_000);
    const { load, runs } = slowLoad();
    await cache.wrap('k', SWR, load);
    const closing = cache.close();
    await flush();
    expect(close).not.toHaveBeenCalled();
    nth(runs, 0).resolve('new');
    await closing;
    expect(close).toHaveBeenCalledOnce();
    expect(await cache.get('k')).toBe('new');
  });

  it('waits for five seconds at most', async () => {
    const { cache, close, events } = closable();
    await cache.wrap('k', SWR, () => 'old');
    await advance(10_000);
    await cache.wrap('k', SWR, () => never());
    const closing = cache.close();
    await advance(4_999);
    expect(close).not.toHaveBeenCalled();
    await advance(1);
    await closing;
    expect(close).toHaveBeenCalledOnce();
    expect(events.at(-1)).toEqual({
      type: 'background-unfinished',
      pending: 1,
      waitedMs: 5_000,
    });
  });

  it('is fine with a store that has nothing to close', async () => {
    expect(await settledState(setup({}, bareStore()).cache.close())).toBe('settled');
  });

  it('passes on that the store could not be closed', async () => {
    const close = () => Promise.reject(new Error('stuck'));
    const { cache } = setup({}, storeLike(new MemoryCacheStore(), { close }));
    await expect(cache.close()).rejects.toThrow('stuck');
  });
});
