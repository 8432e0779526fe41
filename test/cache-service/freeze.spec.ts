import { CacheError, type CacheService, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  deferred,
  flush,
  nth,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

const HOUR_MS = 3_600_000;
const SWR = { ttl: '1d', staleTTL: '1m' } as const;

/** Nothing runs for so long, and no timer fires. Whether the monotonic clock counts it differs between machines. */
const freezes: [string, (ms: number) => void][] = [
  ['that stops the monotonic clock', (ms) => vi.setSystemTime(Date.now() + ms)],
  [
    'through which the monotonic clock goes on',
    (ms) => {
      const { bigint } = process.hrtime;
      process.hrtime.bigint = () => bigint() + BigInt(ms) * 1_000_000n;
      vi.setSystemTime(Date.now() + ms);
    },
  ],
];

describe.each(freezes)('a freeze %s', (_how, freeze) => {
  useFakeTime();

  async function refreshing(value: unknown = 'old') {
    const made = setup();
    const { load, runs } = slowLoad();
    await made.cache.wrap('k', SWR, () => value);
    await advance(60_000);
    expect(await made.cache.wrap('k', SWR, load)).toBe(value);
    await advance(100);
    expect(runs).toHaveLength(1);
    made.events.length = 0;
    return { ...made, load, runs };
  }

  const died = () => new Error('socket hang up');

  describe('in a refresh', () => {
    it('makes it start anew when its load fails, once, from a new read', async () => {
      const { cache, runs, types, of } = await refreshing();
      freeze(HOUR_MS);
      nth(runs, 0).reject(died());
      await flush();
      expect(runs).toHaveLength(2);
      expect(types()).toEqual(['load-error', 'lease', 'refresh']);
      nth(runs, 1).resolve('new');
      await cache.settled();
      expect(of('fill')).toHaveLength(1);
      expect(await cache.get('k')).toBe('new');
    });

    it('leaves alone the lease that another process has taken meanwhile', async () => {
      const { cache, store, runs } = await refreshing();
      const [there, elsewhere] = [setup({}, store), setup({}, store)];
      freeze(60_000);
      const theirs = slowLoad();
      expect(await there.cache.wrap('k', SWR, theirs.load)).toBe('old');
      await flush();
      expect(theirs.runs).toHaveLength(1);
      nth(runs, 0).reject(died());
      await cache.settled();
      expect(runs).toHaveLength(1);
      const third = slowLoad();
      expect(await elsewhere.cache.wrap('k', SWR, third.load)).toBe('old');
      await flush();
      expect(third.runs).toHaveLength(0);
      nth(theirs.runs, 0).resolve('new');
      await there.cache.settled();
      expect(await cache.get('k')).toBe('new');
    });

    it('is over when it fails again', async () => {
      const { cache, runs, of } = await refreshing();
      freeze(HOUR_MS);
      nth(runs, 0).reject(died());
      await flush();
      freeze(HOUR_MS);
      nth(runs, 1).reject(died());
      await cache.settled();
      expect(runs).toHaveLength(2);
      expect(of('load-error')).toHaveLength(2);
      expect(of('background-error')).toEqual([]);
    });

    it('does not start anew what failed without a freeze', async () => {
      const { cache, runs } = await refreshing();
      await advance(60_000);
      nth(runs, 0).reject(died());
      await cache.settled();
      expect(runs).toHaveLength(1);
    });

    const meanwhile: [string, (cache: CacheService) => Promise<unknown>][] = [
      ['invalidated', (cache) => cache.del('k')],
      ['refreshed', (cache) => cache.set('k', 'newer', SWR)],
      ['cleared', (cache) => cache.clear()],
    ];
    it.each(meanwhile)('does not start anew what was %s meanwhile', async (what, change) => {
      const { cache, runs } = await refreshing();
      freeze(HOUR_MS);
      await change(cache);
      nth(runs, 0).reject(died());
      await cache.settled();
      expect(runs).toHaveLength(1);
      expect(await cache.get('k')).toBe(what === 'refreshed' ? 'newer' : undefined);
    });

    it('gives the load that starts anew no value that was invalidated while it was read', async () => {
      const base = new MemoryCacheStore();
      const reads: (() => Promise<void>)[] = [];
      const store = storeLike(base, {
        getVersioned: async (key: string) => {
          const read = await base.getVersioned(key);
          await reads.shift()?.();
          return read;
        },
      });
      const { cache } = setup({}, store);
      const { load, runs } = slowLoad();
      await cache.wrap('k', SWR, () => 'old');
      await advance(60_000);
      await cache.wrap('k', SWR, load);
      await flush();
      freeze(HOUR_MS);
      reads.push(() => cache.del('k'));
      nth(runs, 0).reject(died());
      await cache.settled();
      expect(reads).toEqual([]);
      expect(runs).toHaveLength(1);
    });

    it('keeps nobody from refreshing when its load hangs for ever', async () => {
      const { cache, runs, load } = await refreshing();
      freeze(HOUR_MS);
      expect(await cache.wrap('k', SWR, load)).toBe('old');
      await flush();
      expect(runs).toHaveLength(2);
      nth(runs, 1).resolve('new');
      await flush();
      expect(await cache.get('k')).toBe('new');
    });

    it('lets its late value in only if nobody filled meanwhile', async () => {
      const { cache, runs, load, of } = await refreshing();
      freeze(60_000);
      await cache.wrap('k', SWR, load);
      await flush();
      nth(runs, 1).resolve('new');
      await flush();
      nth(runs, 0).resolve('slept');
      await cache.settled();
      expect(await cache.get('k')).toBe('new');
      expect(of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'changed' }]);
    });
  });

  describe('in a load', () => {
    it('leaves nobody waiting for it', async () => {
      const { cache } = setup();
      const { load, runs } = slowLoad();
      const first = cache.wrap('k', 60, load);
      await advance(100);
      const before = cache.wrap('k', 60, load);
      await flush();
      expect(runs).toHaveLength(1);
      freeze(30_000);
      const after = cache.wrap('k', 60, load);
      await flush();
      expect(runs).toHaveLength(2);
      nth(runs, 1).resolve('new');
      expect(await after).toBe('new');
      expect(await settledState(first)).toBe('pending');
      nth(runs, 0).resolve('slept');
      expect(await Promise.all([first, before])).toEqual(['slept', 'slept']);
      expect(await cache.get('k')).toBe('new');
    });

    it('is not seen where a load only takes long', async () => {
      const { cache } = setup();
      const { load, runs } = slowLoad();
      const first = cache.wrap('k', 60, load);
      await advance(120_000);
      const second = cache.wrap('k', 60, load);
      await flush();
      expect(runs).toHaveLength(1);
      nth(runs, 0).resolve('value');
      expect(await Promise.all([first, second])).toEqual(['value', 'value']);
    });
  });

  describe('in an operation of the store', () => {
    it('does not count for the breaker, however often', async () => {
      const answers: ReturnType<typeof deferred>[] = [];
      const base = new MemoryCacheStore();
      const store = storeLike(base, {
        getVersioned: (key: string) => {
          if (key !== 'k') return base.getVersioned(key);
          const answer = deferred();
          answers.push(answer);
          return answer.promise;
        },
      });
      const { cache, of } = setup({ breaker: { failures: 2 }, versionTTL: '1d' }, store);
      // From here on the version of the prefix is known: every operation that follows is one that fails.
      await cache.wrap('other', 60, () => 'value');
      for (let i = 0; i < 4; i++) {
        const wrapped = cache.wrap('k', 60, () => i);
        await advance(100);
        freeze(HOUR_MS);
        nth(answers, i).reject(new CacheError('TIMEOUT', 'timeouts.request ran out'));
        expect(await wrapped).toBe(i);
      }
      expect(of('store-error')).toHaveLength(4);
      expect(of('breaker')).toEqual([]);
      for (let i = 4; i < 6; i++) {
        const wrapped = cache.wrap('k', 60, () => i);
        await flush();
        nth(answers, i).reject(new Error('down'));
        await wrapped;
      }
      expect(of('breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
    });

    it('counts for an operation that began after the freeze', async () => {
      const store = storeLike(new MemoryCacheStore(), {
        getVersioned: () => Promise.reject(new Error('down')),
        get: () => Promise.reject(new Error('down')),
      });
      const { cache, of } = setup({ breaker: { failures: 6 } }, store);
      for (let i = 0; i < 3; i++) {
        await cache.wrap('k', 60, () => i);
        freeze(HOUR_MS);
      }
      expect(of('breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
    });
  });
});
