import { CacheService, createCacheKey, type LoadContext, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  brokenStore,
  deferred,
  flush,
  hangingStore,
  nth,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
  watched,
} from './helpers.js';

const userKey = createCacheKey('user', (id: string) => `user:${id}`, {
  ttl: '1m',
  tags: (id) => [`user:${id}`],
}).of<{ id: string }>();
const pageKey = createCacheKey('page', (name: string, language?: string) => {
  return `page:${name}:${language}`;
}).of<string>();

/** A function that notes its calls. */
function memoizedUser(made = setup()) {
  const calls: string[] = [];
  const userOf = made.cache.memoize(userKey, async (id) => {
    calls.push(id);
    return { id, name: `n${calls.length}` };
  });
  return { ...made, userOf, calls };
}

describe('memoize', () => {
  useFakeTime();

  it('loads once by arguments, with the policy of the key', async () => {
    const { cache, userOf, calls } = memoizedUser();
    expect(await userOf('1')).toEqual({ id: '1', name: 'n1' });
    expect(await userOf('1')).toEqual({ id: '1', name: 'n1' });
    expect(await userOf('2')).toEqual({ id: '2', name: 'n2' });
    expect(calls).toEqual(['1', '2']);
    expect(await cache.getEntry(userOf.key('1'))).toMatchObject({ tags: ['user:1'] });
    await advance(60_000);
    await userOf('1');
    expect(calls).toEqual(['1', '2', '1']);
  });

  it('uses its own policy over that of the key', async () => {
    const { cache } = setup();
    const nameOf = cache.memoize(userKey, (id) => ({ id }), { ttl: '2m', staleTTL: '90s' });
    await nameOf('1');
    const { createdAt, staleAt, expiresAt } = (await cache.getEntry(nameOf.key('1'))) ?? {};
    expect([Number(staleAt) - Number(createdAt), Number(expiresAt) - Number(createdAt)]).toEqual([
      90_000, 120_000,
    ]);
    const short = cache.memoize(pageKey, () => 'text', '5s');
    await short('a');
    const entry = await cache.getEntry(short.key('a'));
    expect(Number(entry?.expiresAt) - Number(entry?.createdAt)).toBe(5_000);
    await short.refresh('b');
    const refreshed = await cache.getEntry(short.key('b'));
    expect(Number(refreshed?.expiresAt) - Number(refreshed?.createdAt)).toBe(5_000);
  });

  it('joins calls with equal keys', async () => {
    const { cache, of } = setup();
    const { load, runs } = slowLoad<{ id: string }>();
    const userOf = cache.memoize(userKey, load);
    const both = Promise.all([userOf('1'), userOf('1')]);
    await flush();
    expect(runs).toHaveLength(1);
    nth(runs, 0).resolve({ id: '1' });
    expect(await both).toEqual([{ id: '1' }, { id: '1' }]);
    expect(of('join')).toHaveLength(1);
  });

  it('gives the context after the arguments, also where some are left out', async () => {
    const { cache } = setup();
    const given: unknown[][] = [];
    const pageOf = cache.memoize(pageKey, (name, language, context) => {
      given.push([name, language, typeof context.setTTL]);
      return 'text';
    });
    await pageOf('home');
    await pageOf('home', 'de');
    expect(given).toEqual([
      ['home', undefined, 'function'],
      ['home', 'de', 'function'],
    ]);
    const short = cache.memoize(pageKey, (...args) => {
      given.push(args.map((arg) => typeof arg));
      return 'text';
    });
    await short('about');
    expect(nth(given, 2)).toEqual(['string', 'undefined', 'object']);
    const all = createCacheKey('all', (...ids: string[]) => `all:${ids.join()}`).of<number>();
    const count = cache.memoize(all, (...args) => args.length);
    expect(await count('a', 'b', 'c')).toBe(4);
    const none = cache.memoize(
      createCacheKey<number>('none', () => 'none'),
      () => 1,
    );
    expect(await none()).toBe(1);
  });

  it('gives the stale value to the load, and honours what the load sets', async () => {
    const { cache } = setup();
    const seen: unknown[] = [];
    const userOf = cache.memoize(userKey, (id, context: LoadContext<{ id: string }>) => {
      seen.push(context.staleValue);
      context.setTTL('10s');
      return { id };
    });
    await userOf('1');
    await userOf.expire('1');
    await userOf('1');
    await cache.settled();
    expect(seen).toEqual([undefined, { id: '1' }]);
    await advance(10_000);
    expect(await cache.has(userOf.key('1'))).toBe(false);
  });

  it('deletes, expires and refreshes by arguments', async () => {
    const { cache, userOf, calls, of } = memoizedUser();
    await userOf('1');
    await userOf.expire('1');
    expect((await cache.getEntry(userOf.key('1')))?.state).toBe('stale');
    expect(await userOf('1')).toEqual({ id: '1', name: 'n1' });
    await cache.settled();
    expect(await userOf('1')).toEqual({ id: '1', name: 'n2' });
    expect(await userOf.refresh('1')).toEqual({ id: '1', name: 'n3' });
    expect(await userOf('1')).toEqual({ id: '1', name: 'n3' });
    await userOf.del('1');
    expect(await cache.has(userOf.key('1'))).toBe(false);
    expect(calls).toEqual(['1', '1', '1']);
    expect(of('invalidate').map(({ key }) => key)).toEqual(['user:1', 'user:1']);
  });

  it('rejects as the service does, and never throws', async () => {
    const { cache } = setup({}, brokenStore().store);
    const failing = cache.memoize(userKey, () => Promise.reject(new Error('origin')));
    await expect(failing('1')).rejects.toThrow('origin');
    await expect(failing.del('1')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await expect(failing.expire('1')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    const thrown = createCacheKey('k', (id: string) => {
      if (id === '') throw new Error('no id');
      return id;
    }).of<string>();
    const checked = cache.memoize(thrown, () => 'text');
    for (const call of [checked, checked.del, checked.expire, checked.refresh])
      await expect(call('')).rejects.toThrow('no id');
  });

  it('refuses what cannot work when it is made', () => {
    const cache = new CacheService(new MemoryCacheStore());
    const load = () => ({ id: '1' });
    expect(() => cache.memoize('k' as never, load)).toThrow('key');
    expect(() => cache.memoize(userKey, undefined as never)).toThrow('load');
    expect(() => cache.memoize(userKey, load, -1)).toThrow(
      expect.objectContaining({ code: 'INVALID_DURATION', subject: 'ttl' }),
    );
    expect(() => cache.memoize(userKey, load, { ttl: '1m', staleTTL: '2m' })).toThrow('staleTTL');
    expect(() => cache.memoize(userKey, load, null as never)).toThrow('policy');
    expect(() => cache.memoizeMany(userKey, async () => [], { jitter: 2 })).toThrow('jitter');
    // The ttl may be the key's.
    expect(() => cache.memoize(userKey, load, { staleTTL: '10m' })).not.toThrow();
  });
});

describe('memoizeMany', () => {
  useFakeTime();

  /** A function over a load of many, which notes what it was asked for. */
  function many(made = setup()) {
    const asked: string[][] = [];
    const userOf = made.cache.memoizeMany(userKey, async (missing) => {
      asked.push(missing.map(({ args: [id] }) => id));
      return missing.map(({ args: [id] }) => (id === 'none' ? undefined : { id }));
    });
    return { ...made, userOf, asked };
  }

  it('makes one load of the calls issued in the same tick', async () => {
    const { userOf, asked } = many();
    const users = await Promise.all(['1', '2', '3'].map((id) => userOf(id)));
    expect(users).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
    expect(asked).toEqual([['1', '2', '3']]);
    await userOf('4');
    expect(asked).toEqual([['1', '2', '3'], ['4']]);
  });

  it('takes the calls of functions that resume in one tick for those of one', async () => {
    const { userOf, asked } = many();
    const begin = deferred();
    const work = ['1', '2'].map(async (id) => {
      await begin.promise;
      if (id === '2') await Promise.resolve();
      return userOf(id);
    });
    begin.resolve(undefined);
    await Promise.all(work);
    expect(asked).toEqual([['1', '2']]);
  });

  it('asks the load only for what is not cached, each key once', async () => {
    const { userOf, asked } = many();
    await userOf('1');
    const users = await Promise.all([userOf('1'), userOf('2'), userOf('2'), userOf('none')]);
    expect(users).toEqual([{ id: '1' }, { id: '2' }, { id: '2' }, undefined]);
    expect(users[1]).not.toBe(users[2]);
    expect(asked).toEqual([['1'], ['2', 'none']]);
  });

  it('reads the keys asked for in the same tick in one batch of the store', async () => {
    const { store, calls } = watched(
      storeLike(new MemoryCacheStore(), { getIfPresent: undefined }),
    );
    const { userOf } = many(setup({}, store));
    await Promise.all([userOf('1'), userOf('2')]);
    const keys = calls.filter(({ operation }) => operation === 'getVersioned');
    expect(keys.map(({ args }) => args[0])).toEqual(expect.arrayContaining(['user:1', 'user:2']));
  });

  it('lets a failing or slow load hold up only those that wait for it', async () => {
    const { cache } = setup();
    await cache.set(userKey('cached'), { id: 'cached' });
    const { load, runs } = slowLoad<({ id: string } | undefined)[]>();
    const userOf = cache.memoizeMany(userKey, load);
    const [cached, missing] = [userOf('cached'), userOf('1')];
    expect(await cached).toEqual({ id: 'cached' });
    await flush();
    nth(runs, 0).reject(new Error('origin'));
    await expect(missing).rejects.toThrow('origin');
  });

  it('returns a stale value immediately, and refreshes those asked for in the same tick together', async () => {
    const { cache, userOf, asked } = many();
    await Promise.all([userOf('1'), userOf('2')]);
    await Promise.all([userOf.expire('1'), userOf.expire('2')]);
    expect(await Promise.all([userOf('1'), userOf('2')])).toEqual([{ id: '1' }, { id: '2' }]);
    await cache.settled();
    expect(asked).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  it('deletes and refreshes by arguments, apart from plain calls', async () => {
    const { cache, userOf, asked } = many();
    await userOf('1');
    await Promise.all([userOf.refresh('1'), userOf.refresh('2'), userOf('3')]);
    expect(asked.slice(1).sort()).toEqual([['1', '2'], ['3']]);
    await userOf.del('1');
    expect(await cache.has(userOf.key('1'))).toBe(false);
  });

  it('rejects only the call whose key cannot be made', async () => {
    const { cache } = setup();
    const key = createCacheKey('k', (id: string) => {
      if (id === 'bad') throw new Error('no key');
      return id;
    }).of<string>();
    const textOf = cache.memoizeMany(key, async (missing) => missing.map(({ key: text }) => text));
    const [good, bad] = await Promise.allSettled([textOf('good'), textOf('bad')]);
    expect(good).toEqual({ status: 'fulfilled', value: 'good' });
    expect(bad.status).toBe('rejected');
  });

  it('stops the wait of a call with its signal', async () => {
    const { cache } = setup();
    const controller = new AbortController();
    const { load, runs } = slowLoad<({ id: string } | undefined)[]>();
    const userOf = cache.memoizeMany(userKey, load, { signal: controller.signal });
    const waiting = userOf('1');
    await flush();
    controller.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    await expect(userOf('2')).rejects.toThrow('left');
    nth(runs, 0).resolve([{ id: '1' }]);
  });

  it('rejects with an aborted signal, also where the value is cached', async () => {
    const { cache } = setup();
    const signal = AbortSignal.abort(new Error('left'));
    const pageOf = cache.memoizeMany(pageKey, async () => [], { signal });
    await cache.wrap(pageOf.key('home'), '1m', () => 'text');
    await expect(pageOf('home')).rejects.toThrow('left');
  });

  it('rejects a load of the wrong length', async () => {
    const { cache } = setup();
    const userOf = cache.memoizeMany(userKey, async () => []);
    await expect(userOf('1')).rejects.toMatchObject({ code: 'LOAD_FAILED' });
  });

  it('returns what it loads while the store does not answer', async () => {
    const { userOf, asked } = many(setup({}, brokenStore().store));
    expect(await Promise.all([userOf('1'), userOf('2')])).toEqual([{ id: '1' }, { id: '2' }]);
    expect(asked).toEqual([['1', '2']]);
  });

  it('gives a hit of this process without another read', async () => {
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    const pageOf = cache.memoizeMany(pageKey, async (missing) => missing.map(() => 'text'));
    await pageOf('home');
    calls.length = 0;
    expect(await pageOf('home')).toBe('text');
    expect(calls.map(({ operation }) => operation)).toEqual(['getIfPresent']);
  });

  it('refreshes early, as wrap does, and forces past a hit of this process', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1 - Math.exp(-1));
    const { cache } = setup();
    let loads = 0;
    const load = () =>
      new Promise<string[]>((resolve) => setTimeout(resolve, 1_000, [`text ${++loads}`]));
    const pageOf = cache.memoizeMany(pageKey, load, { ttl: '10s', earlyRefresh: 1 });
    const ended = async (calling: Promise<string>) => {
      await advance(1_000);
      return calling;
    };
    expect(await ended(pageOf('home'))).toBe('text 1');
    expect(await pageOf('home')).toBe('text 1');
    expect(await ended(pageOf.refresh('home'))).toBe('text 2');
    await advance(9_999);
    expect(await pageOf('home')).toBe('text 2');
    await ended(pageOf('home'));
    expect(loads).toBe(3);
  });

  it('stops the wait for the store with its signal', async () => {
    const { cache } = setup({}, hangingStore());
    const controller = new AbortController();
    const pageOf = cache.memoizeMany(pageKey, async () => [], { signal: controller.signal });
    const waiting = pageOf('home');
    await flush();
    controller.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });

  it('rejects a call that would wait for its own load, and no other of the same tick', async () => {
    const { cache } = setup();
    type Load = (id: string) => Promise<{ id: string } | undefined>;
    const own: { of?: Load } = {};
    const other: { of?: Load } = {};
    const apart = createCacheKey('apart', (id: string) => `apart:${id}`).of<{ id: string }>();
    const direct = cache.wrap('outer', 60, () => own.of?.('1'));
    own.of = cache.memoizeMany(userKey, async () => [await own.of?.('1')]);
    other.of = cache.memoizeMany(apart, async () => [await other.of?.('2')]);
    const calls = [own.of('1'), other.of('2')];
    const outcomes = await Promise.allSettled([...calls, direct]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'LOAD_FAILED' });
  });
});
