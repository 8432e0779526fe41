import { type CacheStore, MemoryCacheStore, type WrapOptions } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { noteUnhandled } from '../unhandled.js';
import {
  advance,
  flush,
  never,
  nth,
  type Setup,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

const SOFT: WrapOptions = { ttl: '60s', staleIfError: '1h', softTimeout: '200ms' };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function expired(config = {}, store = new MemoryCacheStore() as CacheStore): Promise<Setup> {
  const made = setup(config, store);
  await made.cache.wrap('k', SOFT, () => ({ n: 'old' }));
  await advance(60_000);
  made.events.length = 0;
  return made;
}

describe('softTimeout', () => {
  useFakeTime();

  it('gives the last good value when the load takes longer, and the load goes on', async () => {
    const waited: Promise<unknown>[] = [];
    const { cache, of } = await expired({
      waitUntil: (promise: Promise<unknown>) => waited.push(promise),
    });
    waited.length = 0;
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', SOFT, load);
    await advance(199);
    expect(await settledState(wrapped)).toBe('pending');
    await advance(1);
    expect(await wrapped).toEqual({ n: 'old' });
    expect(of('stale-served')).toEqual([{ type: 'stale-served', key: 'k', reason: 'timeout' }]);
    expect(waited).toHaveLength(1);
    expect(await settledState(cache.settled())).toBe('pending');
    nth(runs, 0).resolve({ n: 'new' });
    await cache.settled();
    expect(await cache.get('k')).toEqual({ n: 'new' });
  });

  it('gives the new value when the load is in time', async () => {
    const { cache, of } = await expired();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', SOFT, load);
    await advance(199);
    nth(runs, 0).resolve({ n: 'new' });
    expect(await wrapped).toEqual({ n: 'new' });
    expect(of('stale-served')).toEqual([]);
    await flush();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives the new value of a load that is in time and caches nothing', async () => {
    const { cache, of } = await expired();
    const load = ({ skip }: { skip(): void }) => {
      skip();
      return { n: 'new' };
    };
    expect(await cache.wrap('k', SOFT, load)).toEqual({ n: 'new' });
    expect(of('stale-served')).toEqual([]);
  });

  it('gives the newest value, if another process has replaced the last good one', async () => {
    const store = new MemoryCacheStore();
    const { cache } = await expired({}, store);
    const wrapped = cache.wrap('k', SOFT, () => never());
    await flush();
    await setup({}, store).cache.set('k', { n: 'newer' }, 60);
    await advance(200);
    expect(await wrapped).toEqual({ n: 'newer' });
  });

  it('waits where there is no last good value', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', SOFT, load);
    await advance(10_000);
    expect(await settledState(wrapped)).toBe('pending');
    nth(runs, 0).resolve('new');
    expect(await wrapped).toBe('new');
  });

  it('keeps a late failure from harming anybody', async () => {
    const expectNoneUnhandled = noteUnhandled();
    const { cache, of } = await expired();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', SOFT, load);
    await advance(200);
    await wrapped;
    nth(runs, 0).reject(new Error('origin'));
    await cache.settled();
    expect(of('load-error')).toHaveLength(1);
    expect(of('background-error')).toEqual([]);
    await expectNoneUnhandled();
  });

  it('does not share the value that it gives with the load that goes on', async () => {
    const { cache } = await expired();
    const { load, runs } = slowLoad();
    let given: { n: string } | undefined;
    const wrapped = cache.wrap<unknown>('k', SOFT, ({ staleValue }) => {
      given = staleValue as { n: string };
      return load();
    });
    await advance(200);
    const served = (await wrapped) as { n: string };
    served.n = 'changed by its caller';
    expect(given).toEqual({ n: 'old' });
    nth(runs, 0).resolve('new');
    await cache.settled();
  });

  it('gives who joined a copy that nobody has changed, however long it looks at the old value again', async () => {
    const base = new MemoryCacheStore();
    let slow = false;
    let reads = 0;
    const store = storeLike(base, {
      getIfPresent: undefined,
      getVersioned: async (key: string) => {
        if (slow) await pause(10 * ++reads);
        return base.getVersioned(key);
      },
    });
    const { cache } = await expired({ versionTTL: '1d' }, store);
    const { load, runs } = slowLoad<{ n: string }>();
    const first = cache.wrap('k', SOFT, load).then((value) => {
      value.n = 'changed by the first caller';
    });
    const second = cache.wrap('k', SOFT, load);
    await flush();
    slow = true;
    await advance(200);
    nth(runs, 0).resolve({ n: 'new' });
    await advance(20);
    await first;
    expect(await second).toEqual({ n: 'new' });
  });

  it('gives who joined with a time of its own a copy that nobody has changed', async () => {
    const { cache } = await expired();
    const { load, runs } = slowLoad<{ n: string }>();
    const first = cache.wrap('k', 60, load).then((value) => {
      value.n = 'changed by the first caller';
    });
    const second = cache.wrap('k', SOFT, load);
    await flush();
    nth(runs, 0).resolve({ n: 'new' });
    await first;
    expect(await second).toEqual({ n: 'new' });
  });

  it('gives each caller a time of its own, and one load to all', async () => {
    const { cache } = await expired();
    const { load, runs } = slowLoad();
    const first = cache.wrap('k', SOFT, load);
    await advance(150);
    const second = cache.wrap('k', SOFT, load);
    await advance(50);
    expect(await settledState(first)).toBe('settled');
    expect(await settledState(second)).toBe('pending');
    await advance(150);
    expect(await settledState(second)).toBe('settled');
    expect(await first).not.toBe(await second);
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve('new');
    await cache.settled();
  });
});

describe('hardTimeout', () => {
  useFakeTime();
  const HARD: WrapOptions = { ttl: 60, hardTimeout: '1s' };

  it('rejects TIMEOUT, and aborts the load', async () => {
    const { cache, of } = setup();
    let signal: AbortSignal | undefined;
    const wrapped = cache.wrap('k', HARD, (context) => {
      signal = context.signal;
      return never();
    });
    const late = { name: 'CacheError', code: 'TIMEOUT', subject: 'hardTimeout' };
    const rejected = expect(wrapped).rejects.toMatchObject(late);
    await advance(999);
    expect(signal?.aborted).toBe(false);
    await advance(1);
    await rejected;
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toMatchObject({ code: 'TIMEOUT' });
    expect(of('load-error')).toMatchObject([{ key: 'k', error: { code: 'TIMEOUT' } }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves the next caller free to load', async () => {
    const { cache } = setup();
    const wrapped = cache.wrap('k', HARD, () => never());
    wrapped.catch(() => {});
    await advance(1_000);
    expect(await cache.wrap('k', HARD, () => 'second')).toBe('second');
  });

  it('is told to all who share the load', async () => {
    const { cache } = setup();
    const outcomes = Promise.allSettled([1, 2, 3].map(() => cache.wrap('k', HARD, () => never())));
    await advance(1_000);
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
  });

  it('lets one who joins a load wait no longer than that, while the others wait on', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const first = cache.wrap('k', 60, load);
    await advance(100);
    const second = cache.wrap('k', HARD, load);
    const rejected = expect(second).rejects.toMatchObject({ code: 'TIMEOUT' });
    await advance(999);
    expect(await settledState(second)).toBe('pending');
    await advance(1);
    await rejected;
    nth(runs, 0).resolve('value');
    expect(await first).toBe('value');
    expect(runs).toHaveLength(1);
    await advance(100);
    expect(vi.getTimerCount()).toBe(0);
    expect(await cache.get('k')).toBe('value');
  });

  it('gives one who joins the last good value', async () => {
    const { cache } = await expired();
    const { load, runs } = slowLoad();
    const first = cache.wrap('k', 60, load);
    const second = cache.wrap('k', { ...HARD, staleIfError: '1h' }, load);
    await advance(1_000);
    expect(await second).toEqual({ n: 'old' });
    nth(runs, 0).resolve('new');
    expect(await first).toBe('new');
  });

  it('does not cache what comes after it', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad();
    const wrapped = cache.wrap('k', HARD, load);
    wrapped.catch(() => {});
    await advance(1_000);
    nth(runs, 0).resolve('late');
    await flush();
    expect(await cache.get('k')).toBeUndefined();
    expect(of('fill')).toEqual([]);
  });

  it('aborts a fetch-like load that listens, whose own error is not unhandled', async () => {
    const expectNoneUnhandled = noteUnhandled();
    const { cache } = setup();
    const wrapped = cache.wrap('k', HARD, ({ signal }) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    });
    const rejected = expect(wrapped).rejects.toMatchObject({ code: 'TIMEOUT' });
    await advance(1_000);
    await rejected;
    await expectNoneUnhandled();
  });

  it('gives a signal that is aborted already to who asks late', async () => {
    const { cache } = setup();
    let signal: (() => AbortSignal) | undefined;
    const wrapped = cache.wrap('k', HARD, (context) => {
      signal = () => context.signal;
      return never();
    });
    wrapped.catch(() => {});
    await advance(1_000);
    expect(signal?.().aborted).toBe(true);
  });

  it('lets the last good value stand in', async () => {
    const { cache } = await expired();
    const wrapped = cache.wrap('k', { ...HARD, staleIfError: '1h' }, () => never());
    await advance(1_000);
    expect(await wrapped).toEqual({ n: 'old' });
  });

  it('leaves no timer behind a load that is in time, that throws, or that throws at once', async () => {
    const { cache } = setup();
    const error = new Error('origin');
    expect(await cache.wrap('a', HARD, async () => 1)).toBe(1);
    await expect(cache.wrap('b', HARD, () => Promise.reject(error))).rejects.toBe(error);
    const throws = () => {
      throw error;
    };
    await expect(cache.wrap('c', HARD, throws)).rejects.toBe(error);
    await flush();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a background refresh', async () => {
    const { cache, of } = setup();
    const policy: WrapOptions = { ...HARD, staleTTL: 10 };
    await cache.wrap('k', policy, () => 'old');
    await advance(10_000);
    expect(await cache.wrap('k', policy, () => never())).toBe('old');
    await advance(1_000);
    await cache.settled();
    expect(of('load-error')).toMatchObject([{ error: { code: 'TIMEOUT' } }]);
  });

  it('serves no last good value whose staleIfError window ends meanwhile', async () => {
    const { cache, of } = setup();
    const policy: WrapOptions = { ttl: 60, staleIfError: 10, softTimeout: '200ms' };
    // The store keeps it for longer than this caller takes it.
    await cache.wrap('k', { ...policy, staleIfError: '1h' }, () => 'old');
    await advance(69_900);
    const { load, runs } = slowLoad();
    const calling = cache.wrap('k', policy, load);
    await advance(200);
    expect(await settledState(calling)).toBe('pending');
    nth(runs, 0).resolve('new');
    expect(await calling).toBe('new');
    expect(of('stale-served')).toEqual([]);
  });
});
