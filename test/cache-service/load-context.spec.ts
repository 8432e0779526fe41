import { type Duration, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { nth, START, setup, storeLike, useFakeTime } from './helpers.js';

describe('what a load can say', () => {
  useFakeTime();

  it('skip: the value reaches everybody, and is not cached', async () => {
    const { cache, of } = setup();
    const load = vi.fn(({ skip }: { skip: () => void }) => {
      skip();
      return 'value';
    });
    expect(await Promise.all([1, 2].map(() => cache.wrap('k', 60, load)))).toEqual([
      'value',
      'value',
    ]);
    expect(await cache.get('k')).toBeUndefined();
    expect([of('fill'), of('refused')]).toEqual([[], []]);
  });

  it('setTTL: the last one counts', async () => {
    const { cache, of } = setup();
    await cache.wrap('k', { ttl: 60, staleTTL: 30 }, ({ setTTL }) => {
      setTTL('1h');
      setTTL('10s');
      return 1;
    });
    expect(await cache.getEntry('k')).toMatchObject({
      staleAt: undefined,
      expiresAt: START + 10_000,
    });
    expect(of('fill')).toMatchObject([{ ttlMs: 10_000 }]);
  });

  it('setTTL: a wrong one fails the load, which the caller is told', async () => {
    const { cache } = setup();
    const load = ({ setTTL }: { setTTL: (ttl: number) => void }) => {
      setTTL(Number.NaN);
      return 1;
    };
    await expect(cache.wrap('k', 60, load)).rejects.toMatchObject({ code: 'INVALID_DURATION' });
  });

  it('setTTL: never lets an entry outlive the records that invalidate it', async () => {
    const base = new MemoryCacheStore();
    const ttls: number[] = [];
    const note = (ttl: number) => {
      ttls.push(ttl);
    };
    const store = storeLike(base, {
      setIfUnchanged: (key: string, value: unknown, ttl: number, version: string) => {
        note(ttl);
        return base.setIfUnchanged(key, value, ttl, version);
      },
    });
    const { cache } = setup({ staleIfError: '300d' }, store);
    await cache
      .wrap('k', { ttl: 60, tags: ['red'] }, ({ setTTL }) => {
        setTTL('366d');
        return 1;
      })
      .catch(() => note(0));
    expect(ttls).toHaveLength(1);
    expect(nth(ttls, 0)).toBeLessThanOrEqual(366 * 86_400);
  });

  it.each([true, false])('addTags, awaited: %s', async (awaited) => {
    const { cache } = setup();
    await cache.wrap('k', { ttl: 60, tags: ['red'] }, async ({ addTags }) => {
      const added = addTags('blue', '__proto__');
      if (awaited) await added;
      return 1;
    });
    expect((await cache.getEntry('k'))?.tags.toSorted()).toEqual(['__proto__', 'blue', 'red']);
    await cache.invalidateTags(['__proto__']);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('addTags: an invalidation after it, in any service, keeps the value out', async () => {
    for (const same of [true, false]) {
      const store = new MemoryCacheStore();
      const here = setup({}, store);
      const there = same ? here : setup({}, store);
      const wrapped = here.cache.wrap('k', 60, async ({ addTags }) => {
        await addTags('blue');
        await there.cache.invalidateTags(['blue']);
        return 'old';
      });
      expect(await wrapped).toBe('old');
      expect(await here.cache.get('k')).toBeUndefined();
    }
  });

  it('addTags: the first reading of a tag counts, whichever way it was named', async () => {
    const store = new MemoryCacheStore();
    const [here, there] = [setup({}, store), setup({}, store)];
    await here.cache.wrap('k', { ttl: 60, tags: ['red'] }, async ({ addTags }) => {
      await there.cache.invalidateTags(['red']);
      await addTags('red');
      return 'old';
    });
    expect(await here.cache.get('k')).toBeUndefined();
  });

  it('addTags: a tag that is no text fails the load', async () => {
    const { cache } = setup();
    const load = async ({ addTags }: { addTags: (...tags: string[]) => Promise<void> }) => {
      await addTags(5 as unknown as string);
      return 1;
    };
    await expect(cache.wrap('k', 60, load)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it.each([0, -1, -59.5, Number.NEGATIVE_INFINITY, '0s', '-5m'] as const)(
    'setTTL: %s means that the value is not cached, and its caller gets it',
    async (ttl) => {
      const { cache, of } = setup();
      const load = ({ setTTL }: { setTTL: (ttl: Duration) => void }) => {
        setTTL(ttl);
        return 'token';
      };
      expect(await cache.wrap('k', 60, load)).toBe('token');
      expect(await cache.get('k')).toBeUndefined();
      expect([of('fill'), of('refused'), of('load-error')]).toEqual([[], [], []]);
    },
  );

  it.each([366 * 86_400, 10 * 366 * 86_400, Number.MAX_VALUE])(
    'setTTL: %d seconds are 366 days at most, because the life of data is no fault of the load',
    async (ttl) => {
      const { cache, of } = setup();
      const load = ({ setTTL }: { setTTL: (ttl: Duration) => void }) => setTTL(ttl);
      await cache.wrap('k', 60, (context) => {
        load(context);
        return 'token';
      });
      expect(of('fill')).toMatchObject([{ ttlMs: 366 * 86_400_000 }]);
      expect(await cache.get('k')).toBe('token');
    },
  );

  it('setTTL: what is said last counts', async () => {
    const { cache } = setup();
    await cache.wrap('k', 60, ({ setTTL }) => {
      setTTL(0);
      setTTL(10);
      return 1;
    });
    expect(await cache.get('k')).toBe(1);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '-5', '--5s', ''])(
    'setTTL: %s is no duration, which fails the load',
    async (ttl) => {
      const { cache } = setup();
      const calling = cache.wrap('k', 60, ({ setTTL }) => setTTL(ttl as Duration));
      await expect(calling).rejects.toMatchObject({ code: 'INVALID_DURATION' });
    },
  );

  it.each([
    ['the added tag', '#tag::blue'],
    ['the prefix', '#prefix::'],
  ])('addTags: a value is not cached if the version of %s cannot be read', async (_of, record) => {
    const memory = new MemoryCacheStore();
    const getVersioned = (key: string) =>
      key === record ? Promise.reject(new Error('down')) : memory.getVersioned(key);
    const { cache, of } = setup({}, storeLike(memory, { getVersioned }));
    const load = async ({ addTags }: { addTags: (...tags: string[]) => Promise<void> }) => {
      await addTags('blue');
      return 1;
    };
    expect(await cache.wrap('k', 60, load)).toBe(1);
    expect(of('refused')).toEqual([{ type: 'refused', key: 'k', reason: 'unread' }]);
    expect(await memory.has('k')).toBe(false);
  });
});
