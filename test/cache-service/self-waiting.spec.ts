import type { CacheService, WrapOptions } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  deferred,
  flush,
  heldReads,
  nth,
  setup,
  slowLoad,
  useFakeTime,
} from './helpers.js';

/** From Node 24 on, a load is known also after its first `await`. */
const knowsContexts = Number.parseInt(process.versions.node, 10) >= 24;

const LEASED: WrapOptions = { ttl: 60, lease: true };
const one = () => 1;

describe('a load that waits for itself', () => {
  useFakeTime();

  it.each<[string, string[], (cache: CacheService) => Promise<unknown>]>([
    ['its own key', ['a', 'a'], (c) => c.wrap('a', 60, () => c.wrap('a', 60, one))],
    [
      'its own key, under a lease',
      ['a', 'a'],
      (c) => c.wrap('a', LEASED, () => c.wrap('a', LEASED, one)),
    ],
    [
      'another key',
      ['b', 'a', 'b'],
      (c) => c.wrap('a', 60, () => c.wrap('b', 60, () => c.wrap('a', 60, one))),
    ],
    [
      'two other keys',
      ['c', 'a', 'b', 'c'],
      (c) =>
        c.wrap('a', 60, () => c.wrap('b', 60, () => c.wrap('c', 60, () => c.wrap('a', 60, one)))),
    ],
    [
      'a batch',
      ['a', 'a'],
      (c) => c.wrap('a', 60, () => c.wrapMany(['x', 'a'], 60, async () => [1, 1])),
    ],
    [
      'its own key, whose tags it has just named',
      ['a', 'a'],
      (c) => {
        const load = ({
          addTags,
        }: {
          addTags(...tags: string[]): Promise<void>;
        }): Promise<number> => {
          void addTags('red');
          return c.wrap('a', 60, load);
        };
        return c.wrap('a', 60, load);
      },
    ],
    [
      'a key of its own batch',
      ['b', 'b'],
      (c) => c.wrapMany(['a', 'b'], 60, async () => [await c.wrap('b', 60, one), 2]),
    ],
    [
      'a batch in between',
      ['b', 'a', 'b'],
      (c) =>
        c.wrap('a', 60, () =>
          c.wrapMany(['b', 'x'], 60, async () => [await c.wrap('a', 60, one), 2]),
        ),
    ],
  ])('is rejected at once, through %s', async (_name, chain, call) => {
    const { cache } = setup();
    const path = chain.map((key) => `"${key}"`).join(' → ');
    const calling = call(cache);
    const rejected = expect(calling).rejects.toMatchObject({
      code: 'LOAD_FAILED',
      message: expect.stringContaining(path),
    });
    await flush();
    await rejected;
    expect(vi.getTimerCount()).toBe(0);
    expect(await cache.wrap('a', 60, () => 'free again')).toBe('free again');
  });

  it('rejects one of two callers that wait for each other, and the other gets its value', async () => {
    const { cache } = setup();
    const a = cache.wrap('a', 60, () => cache.wrap('b', 60, one)).catch(({ code }) => code);
    const b = cache
      .wrap('b', 60, () => cache.wrap('a', 60, one))
      .catch(() => 'b failed, without a');
    await flush();
    expect(await Promise.all([a, b])).toEqual(['LOAD_FAILED', 'b failed, without a']);
    const caught = cache.wrap('c', 60, () => cache.wrap('d', 60, one));
    const fallback = cache.wrap('d', 60, () => cache.wrap('c', 60, one).catch(() => 'instead'));
    await flush();
    expect(await Promise.all([caught, fallback])).toEqual(['instead', 'instead']);
  });

  it('does not start what else a refused batch would have loaded', async () => {
    const { cache } = setup();
    const load = vi.fn(async () => [1]);
    const calling = cache.wrap('a', 60, () => cache.wrapMany(['a', 'x'], 60, load));
    await expect(calling).rejects.toMatchObject({ code: 'LOAD_FAILED' });
    expect(load).not.toHaveBeenCalled();
  });

  it('is found after its first await too, where Node knows contexts; else an event tells of it', async () => {
    const { cache, of } = setup();
    const calling = cache.wrap('a', { ttl: 60, hardTimeout: 20 }, async () => {
      await Promise.resolve();
      return cache.wrap('b', 60, async () => {
        await Promise.resolve();
        return cache.wrap('a', 60, one);
      });
    });
    const code = calling.catch((error) => error.code);
    await advance(10_000);
    if (knowsContexts) {
      expect(await code).toBe('LOAD_FAILED');
      expect(of('slow-join')).toEqual([]);
    } else {
      expect(of('slow-join')).toMatchObject([{ key: 'a', waitedMs: 10_000 }]);
      await advance(10_000);
      expect(await code).toBe('TIMEOUT');
    }
  });
});

describe('a load that only looks as if it waited for itself', () => {
  useFakeTime();

  it.each<[string, (cache: CacheService) => Promise<unknown>]>([
    [
      'forces a load of its own key',
      (c) => c.wrap('a', 60, () => c.wrap('a', { forceFresh: true }, one)),
    ],
    ['asks another service', (c) => c.wrap('a', 60, () => setup().cache.wrap('a', 60, one))],
    ['sets its own key', (c) => c.wrap('a', 60, () => c.set('a', 2).then(one))],
    ['deletes its own key', (c) => c.wrap('a', 60, () => c.del('a').then(one))],
    ['reads its own key', (c) => c.wrap('a', 60, () => c.get('a').then(one))],
    [
      'loads two keys that need one',
      (c) =>
        c.wrap('a', 60, async () => {
          const [x] = await Promise.all(
            ['x', 'y'].map((key) => c.wrap(key, 60, () => c.wrap('z', 60, one))),
          );
          return x;
        }),
    ],
    [
      'asks for one key twice',
      (c) =>
        c.wrap('a', 60, async () => {
          await c.wrap('b', 60, one);
          return c.wrap('b', 60, one);
        }),
    ],
  ])('is not rejected: %s', async (_name, call) => {
    const { cache } = setup();
    const calling = call(cache);
    await flush();
    expect(await calling).toBe(1);
  });

  it('is not rejected: a timer that it has started fires when it has ended', async () => {
    const { cache } = setup();
    let later: Promise<unknown> | undefined;
    await cache.wrap('a', 1, () => {
      setTimeout(() => {
        later = cache.wrap('a', 60, () => cache.wrap('b', 60, () => 'later'));
      }, 2_000);
      return 1;
    });
    await advance(2_000);
    expect(await later).toBe('later');
  });

  it('is not rejected: a refresh in the background waits for the load that has begun it', async () => {
    const { cache, of } = setup();
    const swr = { ttl: 60, staleTTL: 1 };
    await cache.wrap('b', swr, () => 'old');
    await advance(2_000);
    const end = deferred<string>();
    const a = cache.wrap('a', 60, async () => {
      const b = await cache.wrap('b', swr, () => cache.wrap('a', 60, one));
      return `${b} ${await end.promise}`;
    });
    await flush();
    end.resolve('a');
    expect(await a).toBe('old a');
    await cache.settled();
    expect(await cache.get('b')).toBe('old a');
    expect(of('load-error')).toEqual([]);
  });

  it('is not rejected: it forces a load of a key whose own load, begun meanwhile, waits for it', async () => {
    const { store, holdNext } = heldReads();
    const { cache } = setup({}, store);
    const release = holdNext();
    const a = cache.wrap('a', 60, () => cache.wrap('k', { forceFresh: true }, () => 'forced'));
    await flush();
    const k = cache.wrap('k', 60, () => cache.wrap('a', 60, one));
    await flush();
    release();
    await flush();
    expect(await Promise.all([a, k])).toEqual(['forced', 'forced']);
  });

  it('is not rejected: one batch serves two loads, and needs neither', async () => {
    const { cache } = setup();
    const calls = ['a', 'b'].map((key) =>
      cache.wrap(key, 60, () => cache.wrapMany(['x', 'y'], 60, async (keys) => keys.map(one))),
    );
    await flush();
    expect(await Promise.all(calls)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
});

describe('slow-join', () => {
  useFakeTime();

  it('tells after 10 seconds who waits for which load, once, and goes on waiting', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad();
    const first = cache.wrap('b', 60, load);
    await flush();
    const inner = cache.wrap('a', 60, () => cache.wrap('b', 60, load));
    const outside = cache.wrap('b', 60, load);
    await advance(9_999);
    expect(of('slow-join')).toEqual([]);
    await advance(20_000);
    expect(of('slow-join')).toEqual([
      { type: 'slow-join', key: 'b', waitingKey: undefined, waitedMs: 10_000 },
      { type: 'slow-join', key: 'b', waitingKey: 'a', waitedMs: 10_000 },
    ]);
    expect(cache.stats()).toMatchObject({ slowJoins: 2 });
    nth(runs, 0).resolve('value');
    expect(await Promise.all([first, inner, outside])).toEqual(['value', 'value', 'value']);
  });

  it('leaves no timer behind where the load was quicker', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad();
    const calls = [cache.wrap('a', 60, load), cache.wrap('a', 60, load)];
    await flush();
    nth(runs, 0).resolve(1);
    await Promise.all(calls);
    await flush();
    expect(of('join')).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
