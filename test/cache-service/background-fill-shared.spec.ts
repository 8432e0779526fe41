import {
  type CacheConfig,
  type CacheStore,
  MemoryCacheStore,
  type SyncSerializer,
  TieredCacheStore,
  type WrapOptions,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { devalueSerializer, superjsonSerializer, v8Serializer } from '../serializers/foreign.js';
import { type HeldWrites, heldWrites } from './held-writes.js';
import {
  advance,
  bareStore,
  flush,
  nth,
  type Setup,
  settledState,
  setup,
  slowLoad,
  storeLike,
  useFakeTime,
} from './helpers.js';

const waitUntil = () => {};

function behind(base?: CacheStore, config: CacheConfig = {}): Setup & HeldWrites {
  const { store, held } = heldWrites(base);
  return { ...setup({ waitUntil, ...config }, store), held };
}

const none = vi.fn(() => {
  throw new Error('Nobody should load this');
});

interface User {
  name: string;
  session?: string;
  roles: string[];
}

const userA = (): User => ({ name: 'A', roles: ['reader'] });

/** A class whose JSON form is not that of its fields. */
class Account {
  readonly #name: string;
  session: string | undefined;
  constructor(name: string) {
    this.#name = name;
  }
  toJSON() {
    return { name: this.#name, ...(this.session && { session: this.session }) };
  }
}

const withSerializer = (serializer: SyncSerializer) => new MemoryCacheStore({ serializer });
const stores: [string, () => CacheStore][] = [
  ['memory', () => new MemoryCacheStore()],
  ['memory that shares frozen values', () => new MemoryCacheStore({ frozen: true })],
  ['superjson', () => withSerializer(superjsonSerializer)],
  ['devalue', () => withSerializer(devalueSerializer)],
  ['v8', () => withSerializer(v8Serializer)],
  ['a store without any capability', () => bareStore()],
  ['tiers', () => new TieredCacheStore([new MemoryCacheStore(), new MemoryCacheStore()])],
  [
    'a store that copies later',
    () => {
      const memory = new MemoryCacheStore();
      const copy = async (value: unknown, key: string) => memory.copy(value, key);
      return storeLike(memory, { copy });
    },
  ],
];

describe.each(stores)('on %s, what the first caller does to its value', (_name, create) => {
  useFakeTime();

  it('shows neither in the store nor in the value of who joins', async () => {
    const { cache, held } = behind(create());
    const loaded = userA();
    const mine = await cache.wrap('k', 60, () => loaded);
    mine.session = 'secret of A';
    mine.roles.push('admin');
    const joined = await cache.wrap<User>('k', 60, none);
    expect(joined).toEqual(userA());
    loaded.name = 'changed at the origin';
    expect(await cache.wrap<User>('k', 60, none)).toEqual(userA());
    nth(held, 0).land();
    await cache.settled();
    expect(await cache.get('k')).toEqual(userA());
    expect(mine).toBe(loaded);
  });

  it('shows in nobody else’s value, even if many have joined before and after the load', async () => {
    const { cache, held } = behind(create());
    const { load, runs } = slowLoad<User>();
    const first = cache.wrap('k', 60, load);
    const early = cache.wrap('k', 60, load);
    await flush();
    nth(runs, 0).resolve(userA());
    const mine = await first;
    mine.session = 'secret of A';
    const late = cache.wrap('k', 60, load);
    expect([await early, await late]).toEqual([userA(), userA()]);
    expect(runs).toHaveLength(1);
    nth(held, 0).land();
    await cache.settled();
    expect(await cache.get('k')).toEqual(userA());
  });
});

describe('a copy for the store', () => {
  useFakeTime();

  it('of an instance with a toJSON is what that writes', async () => {
    const { cache, held } = behind();
    const account = new Account('A');
    expect(await cache.wrap('k', 60, () => account)).toBe(account);
    account.session = 'secret of A';
    expect(await cache.wrap('k', 60, none)).toEqual({ name: 'A' });
    nth(held, 0).land();
    await flush();
    expect(await cache.get('k')).toEqual({ name: 'A' });
  });

  const copies: [string, CacheStore['copy']][] = [
    ['without copy', undefined],
    [
      'whose copy throws',
      () => {
        throw new Error('This store copies nothing');
      },
    ],
    ['whose copy rejects', () => Promise.reject(new Error('This store copies nothing'))],
  ];
  it.each(copies)(
    'that cannot be made, in a store %s, means that the write is awaited',
    async (_what, copy) => {
      const { cache, held } = behind(storeLike(new MemoryCacheStore(), { copy }));
      const wrapped = cache.wrap('k', 60, () => new Account('A'));
      expect(await settledState(wrapped)).toBe('pending');
      nth(held, 0).land();
      await wrapped;
      expect(await cache.get('k')).toEqual({ name: 'A' });
    },
  );

  it('that cannot be made in time means that the write is awaited', async () => {
    const copy = () => new Promise<never>(() => {});
    const { cache, held } = behind(storeLike(new MemoryCacheStore(), { copy }));
    const wrapped = cache.wrap('k', 60, () => new Account('A'));
    await advance(2_500);
    expect(await settledState(wrapped)).toBe('pending');
    nth(held, 0).land();
    await wrapped;
    expect(await cache.get('k')).toEqual({ name: 'A' });
  });

  it('is not written if the key was invalidated while it was made', async () => {
    let copied: (value: unknown) => void = () => {};
    const copy = <T>() =>
      new Promise<T>((resolve) => {
        copied = resolve as (value: unknown) => void;
      });
    const { cache, held, of } = behind(storeLike(new MemoryCacheStore(), { copy }));
    const account = new Account('A');
    const wrapped = cache.wrap('k', 60, () => account);
    await flush();
    await cache.del('k');
    copied({ name: 'A' });
    expect(await wrapped).toBe(account);
    expect(held).toEqual([]);
    expect(of('refused')).toMatchObject([{ reason: 'invalidated' }]);
  });

  it.each([null, 0, '', false, 'text', 7])('of %j is the value', async (value) => {
    const { cache, held } = behind();
    expect(await cache.wrap('k', 60, () => value)).toBe(value);
    expect(await cache.wrap('k', 60, none)).toBe(value);
    nth(held, 0).land();
    await flush();
    expect(await cache.get('k')).toBe(value);
  });
});

describe('a value that is still being written', () => {
  useFakeTime();

  async function written(policy: WrapOptions, made = behind()) {
    await made.cache.wrap('k', { tags: ['red'], ...policy }, () => 'first');
    made.events.length = 0;
    return made;
  }
  /** The result of `wrap`: the value under way, or that of a load of its own. */
  const wrapAgain = (cache: Setup['cache'], policy: WrapOptions) =>
    cache.wrap('k', { tags: ['red'], ...policy }, () => 'second');

  it('is joined until the write has landed, and then hit', async () => {
    const { cache, held, types } = await written({ ttl: 60 });
    await advance(2_000);
    expect(await wrapAgain(cache, { ttl: 60 })).toBe('first');
    expect(types()).toEqual(['miss', 'join']);
    nth(held, 0).land();
    await flush();
    expect(await wrapAgain(cache, { ttl: 60 })).toBe('first');
    expect(types()).toEqual(['miss', 'join', 'fill', 'hit']);
  });

  it.each<[string, WrapOptions]>([
    ['stale', { ttl: 60, staleTTL: 1 }],
    ['expired', { ttl: 1 }],
  ])('is not joined once it would be %s', async (_state, policy) => {
    const { cache } = await written(policy);
    await advance(999);
    expect(await wrapAgain(cache, policy)).toBe('first');
    await advance(1);
    expect(await wrapAgain(cache, policy)).toBe('second');
  });

  it('is not joined once it would be stale by the ttl that its load set', async () => {
    const { cache } = behind();
    await cache.wrap('k', 60, ({ setTTL }) => {
      setTTL(1);
      return 'first';
    });
    await advance(1_000);
    expect(await cache.wrap('k', 60, () => 'second')).toBe('second');
  });

  it('is not joined after a freeze', async () => {
    const { cache } = await written({ ttl: '1d' });
    vi.setSystemTime(Date.now() + 60_000);
    expect(await wrapAgain(cache, { ttl: '1d' })).toBe('second');
  });

  it('is not joined if its load has added tags', async () => {
    const { cache, of } = behind();
    await cache.wrap('k', 60, async ({ addTags }) => {
      await addTags('late');
      return 'first';
    });
    expect(await cache.wrap('k', 60, () => 'second')).toBe('second');
    expect(of('join')).toEqual([]);
  });

  it.each<[string, (made: Setup) => Promise<unknown>]>([
    ['del', ({ cache }) => cache.del('k')],
    ['delByPattern', ({ cache }) => cache.delByPattern('k*')],
    ['invalidateTags', ({ cache }) => cache.invalidateTags(['red'])],
    ['clear', ({ cache }) => cache.clear()],
    ['expire', ({ cache }) => cache.expire('k')],
    ['expireTags', ({ cache }) => cache.expireTags(['red'])],
    ['del elsewhere', ({ store }) => setup({}, store).cache.del('k')],
    ['invalidateTags elsewhere', ({ store }) => setup({}, store).cache.invalidateTags(['red'])],
    ['clear elsewhere', ({ store }) => setup({}, store).cache.clear()],
  ])('is not joined after %s', async (how, invalidate) => {
    const made = await written({ ttl: 60 }, behind(undefined, { versionTTL: 0 }));
    const invalidated = invalidate(made);
    await flush();
    // A pattern is confirmed when the writes under way have ended.
    if (how === 'delByPattern') nth(made.held, 0).land();
    await invalidated;
    expect(await wrapAgain(made.cache, { ttl: 60 })).toBe('second');
    expect(made.of('join')).toEqual([]);
  });

  it('is not joined once del is called, even before the store has answered', async () => {
    const store = storeLike(new MemoryCacheStore(), { del: () => new Promise(() => {}) });
    const { cache } = await written({ ttl: 60 }, behind(store));
    void cache.del('k').catch(() => {});
    expect(await wrapAgain(cache, { ttl: 60 })).toBe('second');
  });

  it('is not joined by a forced load', async () => {
    const { cache, held } = await written({ ttl: 60 });
    const forced = wrapAgain(cache, { ttl: 60, forceFresh: true });
    await flush();
    nth(held, 0).land();
    await flush();
    nth(held, 1).land();
    expect(await forced).toBe('second');
  });

  it('is given to who joins a refresh, before that is written', async () => {
    const { cache, held } = behind();
    const policy = { ttl: 2, staleTTL: 1 };
    await cache.wrap('k', policy, () => 'old');
    nth(held, 0).land();
    await advance(1_000);
    const { load, runs } = slowLoad();
    expect(await cache.wrap('k', policy, load)).toBe('old');
    await advance(1_000);
    const joined = cache.wrap('k', policy, load);
    await flush();
    nth(runs, 0).resolve('new');
    expect(await joined).toBe('new');
    expect([runs.length, await cache.get('k')]).toEqual([1, undefined]);
    nth(held, 1).land();
    await flush();
    expect(await cache.get('k')).toBe('new');
  });
});
