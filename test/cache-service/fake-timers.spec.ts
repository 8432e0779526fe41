import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hangingStore, never, storeLike } from './helpers.js';

type Faked = NonNullable<NonNullable<Parameters<typeof vi.useFakeTimers>[0]>['toFake']>;

/** Possible fakes; nextTick only where the runner can. */
const FAKES: readonly Faked[] = [
  ['setTimeout', 'clearTimeout'],
  ['setTimeout'],
  ['setImmediate', 'clearImmediate'],
  ['setImmediate'],
  ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'],
  ['Date'],
  ['Date', 'setTimeout', 'clearTimeout'],
  ['hrtime', 'performance', 'setInterval', 'clearInterval'],
  ['queueMicrotask', 'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'],
];

/** Its reads hang for good; the prefix's version is known, so each call is one operation. */
function hangs(): CacheService {
  return new CacheService(hangingStore(), { breaker: false, onEvent: () => {} });
}

/** Resolves when a call that began just now was given up, by the timers of the moment. */
async function isLimited(cache: CacheService): Promise<boolean> {
  let ended = false;
  const reading = cache.get('k').then(() => {
    ended = true;
  });
  for (let ms = 0; ms < 3_000 && !ended; ms += 50) await vi.advanceTimersByTimeAsync(50);
  void reading;
  return ended;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('time budgets after fake timers', () => {
  it.each(FAKES.map((toFake) => [toFake.join(', '), toFake] as const))(
    'limit the next call, when %s were faked and restored while a call hung',
    async (_name, toFake) => {
      const cache = hangs();
      vi.useFakeTimers({ toFake: [...toFake] });
      void cache.get('k');
      await new Promise<void>((resolve) => process.nextTick(resolve));
      vi.useRealTimers();
      vi.useFakeTimers();
      expect(await isLimited(cache)).toBe(true);
    },
  );

  it('limit the next call with the real timers', async () => {
    const cache = hangs();
    vi.useFakeTimers();
    void cache.get('k');
    await vi.advanceTimersByTimeAsync(100);
    vi.useRealTimers();
    expect(await cache.get('k')).toBeUndefined();
  });

  it('limit the next call, when the timers were dropped and are faked still', async () => {
    const cache = hangs();
    vi.useFakeTimers();
    for (const elapsed of [0, 10, 100]) {
      void cache.get('k');
      await vi.advanceTimersByTimeAsync(elapsed);
      vi.clearAllTimers();
      expect(await isLimited(cache)).toBe(true);
    }
  });

  it('limit a call from before the fakes by the real timers, and one from within by the fake ones', async () => {
    const cache = hangs();
    let ended = false;
    const before = cache.get('k').then(() => {
      ended = true;
    });
    // Its timer is a real one.
    await new Promise((resolve) => setImmediate(resolve));
    vi.useFakeTimers();
    expect(await isLimited(cache)).toBe(true);
    expect(ended).toBe(false);
    vi.useRealTimers();
    await before;
  });

  it('are moved by a synchronous advance, too', async () => {
    const cache = hangs();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const reading = cache.get('k');
    vi.advanceTimersByTime(2_600);
    expect(await reading).toBeUndefined();
  });

  it('work with the fakes of node:test', async () => {
    const { mock } = await import('node:test');
    const cache = hangs();
    mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
    try {
      void cache.get('k');
      mock.timers.reset();
      mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
      const reading = cache.get('k');
      for (let ms = 0; ms < 2_600; ms += 50) mock.timers.tick(50);
      expect(await reading).toBeUndefined();
    } finally {
      mock.timers.reset();
    }
  });

  it('leave no timer of a call that has ended', async () => {
    vi.useFakeTimers();
    const cache = new CacheService(new MemoryCacheStore());
    await cache.wrap('k', 60, async () => 1);
    await cache.wrap('k', 60, async () => 1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a load that waits for a timer which is gone', () => {
  const slow = () => new Promise((resolve) => setTimeout(resolve, 1_000, 'old'));

  it('is joined by nobody after the timers were restored', async () => {
    const cache = new CacheService(new MemoryCacheStore());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const load = vi.fn(slow);
    void cache.wrap('k', 60, load);
    await expect.poll(() => load).toHaveBeenCalledOnce();
    vi.useRealTimers();
    expect(await cache.wrap('k', 60, () => 'new')).toBe('new');
    expect(await cache.get('k')).toBe('new');
  });

  it('is joined as ever while the timers stay as they are', async () => {
    const cache = new CacheService(new MemoryCacheStore());
    vi.useFakeTimers();
    const first = cache.wrap('k', 60, slow);
    await vi.advanceTimersByTimeAsync(10);
    const second = cache.wrap('k', 60, () => 'new');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await Promise.all([first, second])).toEqual(['old', 'old']);
  });
});

describe('a clock that jumps', () => {
  it.each([3_600_000, 86_400_000, -3_600_000])(
    'by %d ms does not end the budget of a call',
    async (jump) => {
      vi.useFakeTimers();
      let answer: (value: undefined) => void = () => {};
      const base = new MemoryCacheStore();
      const store = storeLike(base, {
        getVersioned: () => new Promise((resolve) => (answer = () => resolve({ version: '' }))),
        get: () => never(),
      });
      const errors: unknown[] = [];
      const cache = new CacheService(store, {
        onEvent: (event) => void (event.type === 'store-error' && errors.push(event.operation)),
      });
      const wrapped = cache.wrap('k', 60, () => 'value');
      await vi.advanceTimersByTimeAsync(100);
      vi.setSystemTime(Date.now() + jump);
      await vi.advanceTimersByTimeAsync(100);
      expect(errors).toEqual([]);
      answer(undefined);
      await vi.advanceTimersByTimeAsync(10_000);
      await wrapped;
    },
  );

  it('forward is taken for a freeze: the failure of a call through it does not count for the breaker', async () => {
    vi.useFakeTimers();
    const events: string[] = [];
    const cache = new CacheService(hangingStore(), {
      breaker: { failures: 1 },
      onEvent: ({ type }) => events.push(type),
    });
    const reading = cache.get('k');
    await vi.advanceTimersByTimeAsync(100);
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(3_000);
    await reading;
    expect(events).toContain('store-error');
    expect(events).not.toContain('breaker');
    const next = cache.get('k');
    await vi.advanceTimersByTimeAsync(3_000);
    await next;
    expect(events).toContain('breaker');
  });
});
