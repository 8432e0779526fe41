import { CacheService, MemoryCacheStore, type WrapOptions } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  deferred,
  flush,
  heldReads,
  never,
  nth,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

const reason = new Error('the client has gone');

/** A load that waits for its signal alone, and the signals that it was given. */
function obedient() {
  const signals: AbortSignal[] = [];
  const load = ({ signal }: { signal: AbortSignal }): Promise<string> => {
    signals.push(signal);
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  return { load, signals };
}

/** How many listeners a signal has now. */
function counted(controller: AbortController): () => number {
  let listeners = 0;
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  return () => listeners;
}

describe('signal', () => {
  useFakeTime();

  it.each(['wrap', 'wrapMany'] as const)(
    'rejects before anything is read when it is aborted already: %s',
    async (how) => {
      const { store, calls } = watched();
      const { cache, events } = setup({}, store);
      await cache.set('k', 'held');
      calls.length = 0;
      events.length = 0;
      const options = { signal: AbortSignal.abort(reason) };
      const load = vi.fn();
      const calling =
        how === 'wrap' ? cache.wrap('k', options, load) : cache.wrapMany(['k'], options, load);
      await expect(calling).rejects.toBe(reason);
      expect([calls, events]).toEqual([[], []]);
      expect(load).not.toHaveBeenCalled();
    },
  );

  it.each(['wrap', 'wrapMany'] as const)(
    'stops the wait for the store, and no load begins: %s',
    async (how) => {
      const read = deferred();
      const memory = new MemoryCacheStore();
      const store = storeLike(memory, {
        getIfPresent: undefined,
        async getVersioned(key: string) {
          if (key === 'k') await read.promise;
          return memory.getVersioned(key);
        },
      });
      const { cache, events } = setup({}, store);
      const controller = new AbortController();
      const listeners = counted(controller);
      const load = vi.fn();
      const options = { signal: controller.signal };
      const calling =
        how === 'wrap' ? cache.wrap('k', options, load) : cache.wrapMany(['k'], options, load);
      await flush();
      controller.abort(reason);
      await expect(calling).rejects.toBe(reason);
      read.resolve(undefined);
      await flush();
      expect(load).not.toHaveBeenCalled();
      expect(events).toEqual([]);
      expect(listeners()).toBe(0);
    },
  );

  it.each(['wrap', 'wrapMany'] as const)(
    'aborts the load when nobody else waits: %s',
    async (how) => {
      const { cache, of } = setup();
      const controller = new AbortController();
      const listeners = counted(controller);
      const { load, signals } = obedient();
      const options: WrapOptions = { ttl: 60, signal: controller.signal };
      const calling =
        how === 'wrap'
          ? cache.wrap('k', options, load)
          : cache.wrapMany(['k', 'l'], options, (_keys, context) => load(context).then(() => []));
      const rejected = expect(calling).rejects.toBe(reason);
      await flush();
      expect(nth(signals, 0).aborted).toBe(false);
      controller.abort(reason);
      await rejected;
      expect(nth(signals, 0).reason).toBe(reason);
      await flush();
      expect(of('load-error')).toHaveLength(how === 'wrap' ? 1 : 2);
      expect(listeners()).toBe(0);
      expect(await cache.wrap('k', 60, () => 'anew')).toBe('anew');
    },
  );

  it('of a caller who had joined starts no load for a value that cannot be copied', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad();
    const first = cache.wrap('k', 60, load);
    await flush();
    const controller = new AbortController();
    const joined = cache.wrap('k', { ttl: 60, signal: controller.signal }, load);
    const rejected = expect(joined).rejects.toBe(reason);
    await flush();
    expect(of('join')).toHaveLength(1);
    controller.abort(reason);
    await rejected;
    nth(runs, 0).resolve(() => 'not to be copied');
    await first;
    await flush();
    expect(runs).toHaveLength(1);
  });

  it('of a caller who has gone while the store was read makes no hit', async () => {
    const { store, holdNext } = heldReads();
    const { cache, events } = setup({}, store);
    await cache.set('k', 'fresh', 60);
    events.length = 0;
    const release = holdNext();
    const controller = new AbortController();
    const calling = cache.wrap('k', { ttl: 60, signal: controller.signal }, () => 'unused');
    const rejected = expect(calling).rejects.toBe(reason);
    await flush();
    controller.abort(reason);
    release();
    await rejected;
    await flush();
    expect(events).toEqual([]);
  });

  it('gives the reason at once, also where the load does not listen, and caches nothing of it', async () => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const controller = new AbortController();
    const calling = cache.wrap('k', { ttl: 60, signal: controller.signal }, load);
    const rejected = expect(calling).rejects.toBe(reason);
    await flush();
    controller.abort(reason);
    await rejected;
    nth(runs, 0).resolve('too late');
    await flush();
    expect(await cache.get('k')).toBeUndefined();
  });

  it.each<[string, WrapOptions]>([
    ['a caller without a signal', { ttl: 60 }],
    ['a caller whose signal is not aborted', { ttl: 60, signal: new AbortController().signal }],
  ])('leaves the load to %s', async (_who, options) => {
    const { cache } = setup();
    const { load, runs } = slowLoad();
    const controller = new AbortController();
    const calling = cache.wrap('k', { ttl: 60, signal: controller.signal }, load);
    const rejected = expect(calling).rejects.toBe(reason);
    await flush();
    const other = cache.wrap('k', options, load);
    await flush();
    controller.abort(reason);
    await rejected;
    nth(runs, 0).resolve('value');
    expect(await other).toBe('value');
    expect(await cache.get('k')).toBe('value');
  });

  it('aborts the load when the last of those who joined has left, in any order', async () => {
    const { cache } = setup();
    const { load, signals } = obedient();
    const controllers = [1, 2, 3].map(() => new AbortController());
    const calls = controllers.map(({ signal }) => cache.wrap('k', { ttl: 60, signal }, load));
    const rejected = Promise.all(calls.map((call) => expect(call).rejects.toBe(reason)));
    await flush();
    expect(signals).toHaveLength(1);
    for (const index of [1, 0]) nth(controllers, index).abort(reason);
    await flush();
    expect(nth(signals, 0).aborted).toBe(false);
    nth(controllers, 2).abort(reason);
    expect(nth(signals, 0).aborted).toBe(true);
    await rejected;
  });

  it('counts a caller as gone whose own hardTimeout is over', async () => {
    const { cache } = setup();
    const { load, signals } = obedient();
    const controller = new AbortController();
    const first = cache.wrap('k', { ttl: 60, signal: controller.signal }, load);
    const rejected = expect(first).rejects.toBe(reason);
    await flush();
    const joined = cache.wrap('k', { ttl: 60, hardTimeout: 1 }, load);
    const late = expect(joined).rejects.toMatchObject({ code: 'TIMEOUT' });
    await flush();
    controller.abort(reason);
    await rejected;
    expect(nth(signals, 0).aborted).toBe(false);
    await advance(1_000);
    await late;
    expect(nth(signals, 0).aborted).toBe(true);
  });

  it('lets nobody join a load that is being aborted, not even from within', async () => {
    const { cache } = setup();
    const controller = new AbortController();
    let inner: Promise<unknown> | undefined;
    const calling = cache.wrap('k', { ttl: 60, signal: controller.signal }, ({ signal }) => {
      signal.addEventListener('abort', () => {
        inner = cache.wrap('k', 60, () => 'another');
      });
      return never<string>();
    });
    const rejected = expect(calling).rejects.toBe(reason);
    await flush();
    controller.abort(reason);
    await rejected;
    await flush();
    expect(await inner).toBe('another');
  });

  it('rejects also where staleIfError could stand in, and tells of no stand-in', async () => {
    const { cache, of } = setup();
    const policy: WrapOptions = { ttl: 1, staleIfError: '1h' };
    await cache.wrap('k', policy, () => 'old');
    await advance(2_000);
    const controller = new AbortController();
    const { load } = obedient();
    const calling = cache.wrap('k', { ...policy, signal: controller.signal }, load);
    const rejected = expect(calling).rejects.toBe(reason);
    await flush();
    controller.abort(reason);
    await rejected;
    await flush();
    expect(of('stale-served')).toEqual([]);
  });

  it('does not end a refresh in the background, nor a load that softTimeout has left to it', async () => {
    const { cache } = setup();
    const swr: WrapOptions = { ttl: 60, staleTTL: 1 };
    await cache.wrap('k', swr, () => 'old');
    await advance(2_000);
    const { load, runs } = slowLoad<string>();
    const controller = new AbortController();
    expect(await cache.wrap('k', { ...swr, signal: controller.signal }, load)).toBe('old');
    await flush();
    controller.abort(reason);
    nth(runs, 0).resolve('new');
    await cache.settled();
    expect(await cache.get('k')).toBe('new');

    const soft: WrapOptions = { ttl: 1, staleIfError: '1h', softTimeout: 1 };
    await cache.wrap('soft', soft, () => 'old');
    await advance(2_000);
    const other = new AbortController();
    const calling = cache.wrap('soft', { ...soft, signal: other.signal }, load);
    await advance(1_000);
    expect(await calling).toBe('old');
    other.abort(reason);
    nth(runs, 1).resolve('new');
    await cache.settled();
    expect(await cache.get('soft')).toBe('new');
  });

  it('frees the lease of a load that is aborted, and ends the wait for one', async () => {
    const store = new MemoryCacheStore();
    const [holder, waiting] = [setup({}, store), setup({}, store)];
    const policy: WrapOptions = { ttl: 60, lease: true };
    const held = new AbortController();
    const { load } = obedient();
    const holding = holder.cache.wrap('k', { ...policy, signal: held.signal }, load);
    const rejected = expect(holding).rejects.toBe(reason);
    await flush();
    const gone = new AbortController();
    const left = waiting.cache.wrap('k', { ...policy, signal: gone.signal }, load);
    const alsoRejected = expect(left).rejects.toBe(reason);
    await flush();
    gone.abort(reason);
    await alsoRejected;
    const next = waiting.cache.wrap('k', policy, () => 'next');
    await flush();
    held.abort(reason);
    await rejected;
    await advance(500);
    expect(await next).toBe('next');
  });

  it('is heard by a load inside a load that passes its own on', async () => {
    const { cache } = setup();
    const { load, signals } = obedient();
    const controller = new AbortController();
    const calling = cache.wrap('a', { ttl: 60, signal: controller.signal }, ({ signal }) =>
      cache.wrap('b', { ttl: 60, signal }, load),
    );
    const rejected = expect(calling).rejects.toBe(reason);
    await flush();
    controller.abort(reason);
    await rejected;
    expect(nth(signals, 0).reason).toBe(reason);
  });

  it('leaves the load to others, also where its caller gives up twice', async () => {
    const { store, holdNext } = heldReads();
    const { cache } = setup({}, store);
    const policy: WrapOptions = { ttl: '60s', staleIfError: '1h' };
    await cache.wrap('k', policy, () => 'old');
    await advance(60_000);
    const { load, runs } = slowLoad();
    const patient = cache.wrap('k', policy, load);
    await flush();
    const controller = new AbortController();
    const { signal } = controller;
    const hasty = cache.wrap('k', { ...policy, hardTimeout: '1s', signal }, load);
    const rejected = expect(hasty).rejects.toBe(reason);
    await flush();
    // Its time is over, and while the last good value is read again its signal is aborted.
    const release = holdNext();
    await advance(1_000);
    controller.abort(reason);
    release();
    await rejected;
    nth(runs, 0).resolve('new');
    expect(await patient).toBe('new');
    expect(runs).toHaveLength(1);
  });

  it('leaves no listener behind, however the call ends', async () => {
    const { cache } = setup();
    const controller = new AbortController();
    const listeners = counted(controller);
    const { signal } = controller;
    const failing = () => Promise.reject(new Error('origin'));
    await cache.wrap('k', { signal }, () => 1);
    await cache.wrap('k', { signal }, () => 1);
    await cache.wrap('l', { signal }, failing).catch(() => {});
    await cache.wrapMany(['m', 'n'], { signal }, async () => [1, 2]);
    await cache.wrapMany(['o', 'p'], { signal }, failing).catch(() => {});
    const joined = [1, 2, 3].map(() => cache.wrap('q', { signal }, () => 1));
    await Promise.all(joined);
    await flush();
    expect(listeners()).toBe(0);
  });

  it.each([1, {}, 'abort', { aborted: false }])('refuses what is none: %j', async (signal) => {
    const options = { signal } as unknown as WrapOptions;
    await expect(
      new CacheService(new MemoryCacheStore()).wrap('k', options, () => 1),
    ).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      subject: 'signal',
    });
  });
});
