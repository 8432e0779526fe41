import { MemoryCacheStore, NullCacheStore, TieredCacheStore } from '@glasswork/cache';
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

  it('resolves on a store that has nothing to close', async () => {
    expect(await settledState(setup({}, bareStore()).cache.close())).toBe('settled');
  });

  it('passes on that the store could not be closed', async () => {
    const close = () => Promise.reject(new Error('stuck'));
    const { cache } = setup({}, storeLike(new MemoryCacheStore(), { close }));
    await expect(cache.close()).rejects.toThrow('stuck');
  });

  it('aborts the loads that callers wait for, and tells of no failure', async () => {
    const { cache, close, events } = closable();
    let signal: AbortSignal | undefined;
    const calling = cache.wrap('k', 60, (context) => {
      signal = context.signal;
      return never();
    });
    const batch = cache.wrapMany(['l', 'm'], 60, () => never());
    const rejected = Promise.all(
      [calling, batch].map((each) => expect(each).rejects.toMatchObject({ code: 'LOAD_FAILED' })),
    );
    await flush();
    const before = events.length;
    await cache.close();
    expect(signal?.aborted).toBe(true);
    await rejected;
    expect(close).toHaveBeenCalledOnce();
    expect(events.slice(before)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a call whose load has not begun, because the store is being read', async () => {
    const { cache, events } = closable();
    const load = vi.fn(() => never());
    const calls = [
      cache.wrap('k', 60, load),
      cache.wrapMany(['l', 'm'], 60, () => load() as Promise<never>),
      cache.wrap('n', { ttl: 60, lease: true }, load),
      cache.wrap('o', { ttl: 60, forceFresh: true }, load),
    ];
    const rejected = Promise.all(
      calls.map((each) => expect(each).rejects.toMatchObject({ code: 'LOAD_FAILED' })),
    );
    await cache.close();
    await rejected;
    expect(load).not.toHaveBeenCalled();
    expect(events.filter(({ type }) => type === 'load-error')).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    expect(await cache.wrap('p', 60, () => 'a call after close')).toBe('a call after close');
  });

  it('gives a caller whose load it ends the last good value', async () => {
    const { cache } = closable();
    const policy = { ttl: 1, staleIfError: '1h' } as const;
    await cache.wrap('k', policy, () => 'good');
    await advance(2_000);
    const calling = cache.wrap('k', policy, () => never());
    await flush();
    await cache.close();
    expect(await calling).toBe('good');
  });

  it('ends a wait for a lease', async () => {
    const store = new MemoryCacheStore();
    void setup({}, store).cache.wrap('k', { ttl: 60, lease: true }, () => never());
    await flush();
    const { cache } = setup({}, store);
    const calling = cache.wrap('k', { ttl: 60, lease: true }, () => never());
    const rejected = expect(calling).rejects.toMatchObject({ code: 'LOAD_FAILED' });
    await flush();
    void cache.close();
    await advance(300);
    await rejected;
  });

  it('frees the lease of a load that it ends before it closes the store under it', async () => {
    const calls: string[] = [];
    const memory = new MemoryCacheStore();
    const store = storeLike(memory, {
      del: async (key: string) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        await memory.del(key);
        calls.push('freed');
      },
      close: async () => void calls.push('close'),
    });
    const { cache } = setup({}, store);
    const calling = cache.wrap('k', { ttl: 60, lease: true }, () => never());
    const rejected = expect(calling).rejects.toMatchObject({ code: 'LOAD_FAILED' });
    await flush();
    const closing = cache.close();
    await advance(100);
    await closing;
    await rejected;
    expect(calls).toEqual(['freed', 'close']);
  });

  it('ends a refresh that takes too long, and tells of nothing that fails afterwards', async () => {
    const memory = new MemoryCacheStore();
    let isClosed = false;
    const refuse = (method: 'getVersioned' | 'get') => async (key: string) => {
      if (isClosed) throw new Error('closed');
      return memory[method](key);
    };
    const store = storeLike(memory, {
      getIfPresent: undefined,
      get: refuse('get'),
      getVersioned: refuse('getVersioned'),
      close: async () => {
        isClosed = true;
      },
    });
    const { cache, events } = setup({}, store);
    await cache.wrap('k', SWR, () => 'old');
    await advance(10_000);
    let signal: AbortSignal | undefined;
    await cache.wrap('k', SWR, (context) => {
      signal = context.signal;
      return never();
    });
    await flush();
    const closing = cache.close();
    await advance(4_999);
    expect(signal?.aborted).toBe(false);
    await advance(1);
    await closing;
    expect(signal?.aborted).toBe(true);
    await cache.settled();
    expect(await cache.wrap('l', 60, () => 'loaded')).toBe('loaded');
    expect(events).toContainEqual({ type: 'miss', key: 'l', reason: 'unreadable' });
    const failures = events.filter(({ type }) => /error|refused|skip/.test(type));
    expect(failures).toEqual([]);
  });

  it('is what await using calls, on the service and on its stores', async () => {
    const { cache, close } = closable();
    await cache[Symbol.asyncDispose]();
    expect(close).toHaveBeenCalledOnce();
    const [upper, last] = [closable().close, closable().close];
    const tiers = [upper, last].map((each) => storeLike(new MemoryCacheStore(), { close: each }));
    await new TieredCacheStore(tiers)[Symbol.asyncDispose]();
    expect([upper, last].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    await new MemoryCacheStore()[Symbol.asyncDispose]();
    await new NullCacheStore()[Symbol.asyncDispose]();
  });

  it('tells of a refresh that fails while it waits', async () => {
    const { cache, of } = closable();
    await cache.wrap('k', SWR, () => 'old');
    await advance(10_000);
    const { load, runs } = slowLoad();
    await cache.wrap('k', SWR, load);
    const closing = cache.close();
    await flush();
    nth(runs, 0).reject(new Error('origin'));
    await closing;
    expect(of('load-error')).toMatchObject([{ error: { message: 'origin' } }]);
  });
});
