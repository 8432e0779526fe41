import {
  CacheError,
  type CacheEvent,
  CacheService,
  type CacheStore,
  MemoryCacheStore,
  NullCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import {
  advance,
  bareStore,
  brokenStore,
  hangingStore,
  never,
  storeLike,
  useFakeTime,
  watched,
} from '../cache-service/helpers.js';

const withoutCheck = (store: CacheStore): CacheStore => storeLike(store, { check: undefined });

/** Says what a CacheError of the check would say. */
const SUBJECT = Object.assign(new Error('no: odd'), { subject: 'read' });

const problemOf = (store: CacheStore): Promise<CacheError> =>
  new CacheService(withoutCheck(store), { keyPrefix: 'app', onEvent: () => {} }).check().then(
    () => {
      throw new Error('the check passed');
    },
    (error: CacheError) => error,
  );

describe('check()', () => {
  it.each<[string, CacheStore]>([
    ['memory', new MemoryCacheStore()],
    ['frozen memory', new MemoryCacheStore({ frozen: true })],
    ['nothing', new NullCacheStore()],
    ['tiers', new TieredCacheStore([new MemoryCacheStore(), new MemoryCacheStore()])],
    ['a store with get, set and del alone', bareStore()],
  ])('passes on %s, with and without a prefix, again and again', async (_, store) => {
    await new CacheService(store).check();
    await new CacheService(store, { keyPrefix: 'app' }).check();
    await store.check?.();
    await store.check?.('app');
  });

  it('leaves nothing, and touches no record but its own', async () => {
    const base = new MemoryCacheStore();
    const { store, calls } = watched(withoutCheck(base));
    const invalidated = vi.fn();
    const events: CacheEvent[] = [];
    const cache = new CacheService(store, {
      keyPrefix: 'app',
      onEvent: (event) => events.push(event),
      ...({ onInvalidate: invalidated } as object),
    });
    await cache.set('user:1', 'Ada', { tags: ['users'] });
    const before = events.length;
    calls.length = 0;
    await Promise.all([cache.check(), cache.check()]);
    const names = new Set(calls.map(({ args }) => String(args[0])));
    expect(names.size).toBe(4);
    for (const name of names) expect(name).toMatch(/^(app:|#tag:app:)check:[\da-f-]{36}$/);
    const ttls = calls.flatMap(({ operation, args }) =>
      /^(set|add|setIf)/.test(operation) ? Number(args[2]) : [],
    );
    for (const ttl of ttls) expect(ttl).toBeLessThanOrEqual(60);
    for (const name of names) expect(await base.get(name)).toBeUndefined();
    expect(await cache.get('user:1')).toBe('Ada');
    expect(events).toHaveLength(before + 1);
    expect(invalidated).not.toHaveBeenCalled();
  });

  it('asks the store although the breaker is open', async () => {
    const { store, state } = brokenStore();
    const cache = new CacheService(withoutCheck(store), {
      breaker: { failures: 1, cooldown: '1h' },
      onEvent: () => {},
    });
    await cache.get('k');
    state.broken = false;
    expect(await cache.get('k')).toBeUndefined();
    await cache.check();
  });

  it.each<[string, string, Record<string, unknown>, RegExp]>([
    [
      'a read',
      'read',
      { getVersioned: () => Promise.reject(new Error('no')) },
      /^Check of the store "memory": read failed: no$/,
    ],
    [
      'a fill',
      'fill',
      { setIfUnchanged: () => Promise.reject(new Error('full')) },
      /fill failed: full/,
    ],
    [
      'a fill that is refused',
      'fill',
      { setIfUnchanged: async () => false },
      /although nothing had changed/,
    ],
    [
      'a delete',
      'invalidate',
      { del: () => Promise.reject(new Error('denied')) },
      /invalidate failed: denied/,
    ],
    ['a delete that does nothing', 'invalidate', { del: async () => {} }, /outdated version/],
    ['an error with a subject', 'read', { getVersioned: () => Promise.reject(SUBJECT) }, /no: odd/],
    ['a tag', 'tag', { set: () => Promise.reject(new Error('denied')) }, /tag failed: denied/],
    ['a record that is not added', 'tag', { add: async () => false }, /could not be added/],
    ['a set that does nothing', 'tag', { set: async () => {} }, /the value read differs/],
  ])('says that %s is wrong', async (_, step, members, message) => {
    const error = await problemOf(storeLike(new MemoryCacheStore(), members));
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toMatchObject({ code: 'STORE_FAILED', subject: step });
    expect(error.message).toMatch(message);
  });

  it('says that versions are not compared', async () => {
    const base = new MemoryCacheStore();
    const setIfUnchanged = async (key: string, value: unknown, ttl: number) => {
      await base.set(key, value, ttl);
      return true;
    };
    const error = await problemOf(storeLike(base, { setIfUnchanged }));
    expect(error.subject).toBe('fence');
    expect(error.message).toMatch(/fence failed: a fill with an outdated version was accepted/);
  });

  it('says that a value is still there after a delete', async () => {
    const base = new MemoryCacheStore();
    const del = (key: string) => base.set(key, 'a replica has it', 60);
    const error = await problemOf(storeLike(base, { del }));
    expect(error.message).toMatch(/invalidate failed: the value is still there/);
  });

  it('gives the reason why the written value cannot be read', async () => {
    const base = new MemoryCacheStore();
    const getVersioned = async (key: string) => {
      const { version, value } = await base.getVersioned(key);
      return { version, value: undefined, error: value && new Error('the key was replaced') };
    };
    const error = await problemOf(storeLike(base, { getVersioned }));
    expect(error.message).toMatch(/fill failed: the key was replaced/);
  });

  it('says that a single read works, but not two in one batch', async () => {
    const base = new MemoryCacheStore();
    let pending = 0;
    const getVersioned = async (key: string) => {
      pending++;
      await Promise.resolve();
      const together = pending;
      await Promise.resolve();
      pending--;
      if (together > 1) throw new Error('BatchGetItem is denied');
      return base.getVersioned(key);
    };
    const error = await problemOf(storeLike(base, { getVersioned }));
    expect(error.message).toMatch(/read many failed: BatchGetItem is denied/);
  });

  it.each(['getVersioned', 'setIfUnchanged'])('asks for no fence without %s', async (member) => {
    const store = storeLike(new MemoryCacheStore(), { [member]: undefined, check: undefined });
    await new CacheService(store).check();
  });

  it('says that a serializer does not read what it writes', async () => {
    const serializer = {
      name: 'odd',
      serialize: (value: unknown) => JSON.stringify(value),
      deserialize: (raw: string | Uint8Array) => `${raw}!`,
    };
    const error = await problemOf(new MemoryCacheStore({ serializer }));
    expect(error.message).toMatch(/fill failed: the value read differs from the value written/);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['get', { get: () => Promise.reject(new Error('no')) }, /read failed: no/],
    ['set', { set: async () => {} }, /fill failed: the written value is missing/],
    ['del', { del: async () => {} }, /invalidate failed: the value is still there/],
  ])('says what is wrong with %s of a store without versions', async (_, members, message) => {
    expect((await problemOf({ ...bareStore(), ...members })).message).toMatch(message);
  });

  it('keeps the code and the cause of a CacheError', async () => {
    const cause = new CacheError('NO_CREDENTIALS', 'No AWS credentials: set them.');
    const error = await problemOf(
      storeLike(new MemoryCacheStore(), { getVersioned: () => Promise.reject(cause) }),
    );
    expect(error).toMatchObject({ code: 'NO_CREDENTIALS', cause });
    expect(error.message).toBe(
      'Check of the store "memory": read failed: No AWS credentials: set them.',
    );
  });

  it('rejects where a member throws instead', async () => {
    const get = () => {
      throw new TypeError('no promise');
    };
    const error = await problemOf({ ...bareStore(), get });
    expect(error.message).toMatch(/read failed: no promise/);
  });

  it('removes what it has written, when something is wrong', async () => {
    const base = new MemoryCacheStore();
    const { store, calls } = watched(
      storeLike(withoutCheck(base), { set: () => Promise.reject(new Error('denied')) }),
    );
    await expect(new CacheService(store).check()).rejects.toThrow(/tag failed/);
    const names = calls.map(({ args }) => String(args[0]));
    for (const name of names) expect(await base.get(name)).toBeUndefined();
  });

  it('has removed it when it rejects, however long that takes', async () => {
    const base = new MemoryCacheStore();
    const removed: string[] = [];
    const del = async (key: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      await base.del(key);
      removed.push(key);
    };
    const set = () => Promise.reject(new Error('denied'));
    await problemOf(storeLike(base, { del, set }));
    expect(removed).toContainEqual(expect.stringMatching(/^#tag:app:check:/));
  });

  it('asks each tier, and says which one is wrong', async () => {
    const broken = storeLike(new MemoryCacheStore(), {
      name: 'upper',
      setIfUnchanged: async () => true,
      check: undefined,
    });
    const store = new TieredCacheStore([broken, new MemoryCacheStore()]);
    await expect(store.check()).rejects.toThrow(/Check of the store "upper": fill failed/);
  });

  it('asks the channel of tiers', async () => {
    const channel = {
      publish: async () => {},
      listen: () => {},
      sync: () => Promise.reject(new Error('no channel')),
      close: async () => {},
    };
    const store = new TieredCacheStore([new MemoryCacheStore(), new MemoryCacheStore()], {
      channel,
    });
    await expect(store.check()).rejects.toThrow('no channel');
  });
});

describe('check() of a store that hangs', () => {
  useFakeTime();

  it('rejects with the step', async () => {
    const error = problemOf(hangingStore());
    await advance(20_000);
    expect(await error).toMatchObject({
      ...{ code: 'TIMEOUT', subject: 'read' },
      message:
        'Check of the store "memory": read failed: no answer within 5000 ms: can the store be reached?',
    });
    const late = problemOf(storeLike(new MemoryCacheStore(), { del: () => never() }));
    await advance(20_000);
    expect(await late).toMatchObject({ code: 'TIMEOUT', subject: 'invalidate' });
  });
});
