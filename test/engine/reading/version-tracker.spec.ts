import { CacheService, type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { VersionTracker } from '../../../src/engine/reading/version-tracker.js';
import { StoreAccess } from '../../../src/engine/store-access.js';
import { type DependencyName, MISSING } from '../../../src/model/dependency.js';
import { FAILED } from '../../../src/model/failed.js';
import { keySpace } from '../../../src/model/key-space.js';
import {
  advance,
  bareStore,
  brokenStore,
  storeLike,
  useFakeTime,
  watched,
} from '../../cache-service/helpers.js';

const RECORD = '#tag::red';

function versions(store: CacheStore, trust: { tag?: number; prefix?: number } = {}) {
  const clock = { now: () => Date.now() };
  const access = new StoreAccess(store, { emit: () => {}, clock, breaker: undefined });
  const trustMs = { tag: 0, prefix: 0, ...trust };
  const marks = new VersionTracker(access, keySpace(undefined), clock, trustMs);
  const only = async (name: DependencyName) => {
    const [[, version] = []] = await marks.current([name]);
    return version;
  };
  return { marks, only, change: (name: DependencyName) => marks.change(name, 'invalidateTags') };
}

const reads = (calls: readonly { operation: string }[]) =>
  calls.filter(({ operation }) => operation === 'getVersioned').length;

describe('MarkVersions', () => {
  useFakeTime();

  it('takes a missing record of an evicting store for no version at all', async () => {
    expect(await versions(new MemoryCacheStore()).only('red')).toBe(MISSING);
    expect(await versions(bareStore()).only(null)).toBe(MISSING);
  });

  it('takes absence in a durable store for a version like any other', async () => {
    const { only, change } = versions(storeLike(new MemoryCacheStore(), { durable: true }));
    const absent = await only('red');
    expect(typeof absent).toBe('string');
    await change('red');
    expect(await only('red')).not.toBe(absent);
  });

  it('creates a missing record once, for all who need it', async () => {
    const store = new MemoryCacheStore();
    const missing = [['red', MISSING]] as const;
    const made = await Promise.all([1, 2].map(() => versions(store).marks.ensure(missing)));
    expect(made[0]).toEqual([['red', expect.any(String)]]);
    expect(made[1]).toEqual(made[0]);
    expect([['red', await versions(store).only('red')]]).toEqual(made[0]);
  });

  it('remembers the prefix and no more than 10 000 tags', async () => {
    const { store, calls } = watched(storeLike(new MemoryCacheStore(), { durable: true }));
    const { marks, only } = versions(store, { tag: 60_000, prefix: 60_000 });
    await only(null);
    await marks.current(Array.from({ length: 10_000 }, (_, i) => `${i}`));
    calls.length = 0;
    await only('0');
    expect(reads(calls)).toBe(0);
    await only('one more');
    await only('0');
    await only(null);
    expect(reads(calls)).toBe(2);
  });

  it('has another version after each change, and each mark its own', async () => {
    const { only, change } = versions(new MemoryCacheStore());
    const seen = new Set<unknown>();
    for (const name of ['red', 'red', null, 'blue']) {
      await change(name);
      seen.add(await only(name));
    }
    expect(seen.size).toBe(4);
    const before = await only('blue');
    await change(null);
    expect(await only('blue')).toBe(before);
  });

  it('keeps a record for longer than any entry may live', async () => {
    const { store, calls } = watched();
    const { marks, change } = versions(store);
    await marks.ensure([['red', MISSING]]);
    await change('blue');
    const writes = calls.filter(({ operation }) => operation === 'set' || operation === 'add');
    expect(writes.map(({ args }) => args[2])).toEqual([367 * 86_400, 367 * 86_400]);
  });

  it('reads every time when nothing may be trusted', async () => {
    const { store, calls } = watched();
    const { only, change } = versions(store, { prefix: 1_000 });
    await change('red');
    await only('red');
    await only('red');
    expect(reads(calls)).toBe(2);
  });

  it('remembers for its time, and not a millisecond longer', async () => {
    const { store, calls } = watched();
    const { only, change } = versions(store, { tag: 1_000 });
    await change('red');
    const version = await only('red');
    await advance(999);
    expect(await only('red')).toBe(version);
    expect(reads(calls)).toBe(1);
    await advance(1);
    await only('red');
    expect(reads(calls)).toBe(2);
  });

  it('reads only what it does not remember', async () => {
    const { store, calls } = watched();
    const { marks, change } = versions(store, { prefix: 1_000 });
    await change(null);
    await change('red');
    await marks.current([null, 'red']);
    calls.length = 0;
    const names = (await marks.current([null, 'red'])).map(([name]) => name);
    expect(names).toEqual([null, 'red']);
    expect(calls.map(({ args }) => args[0])).toEqual([RECORD]);
  });

  it.each([3_600_000, -1])('trusts nothing after the clock went %i ms', async (step) => {
    const { store, calls } = watched();
    const { only, change } = versions(store, { tag: 5_000 });
    await change('red');
    await only('red');
    vi.setSystemTime(Date.now() + step);
    await only('red');
    expect(reads(calls)).toBe(2);
  });

  it('does not remember a read that an own change overtook', async () => {
    const base = new MemoryCacheStore();
    let answer: () => void = () => {};
    const slow = storeLike(base, {
      getVersioned: async (key: string) => {
        const seen = await base.getVersioned(key);
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return seen;
      },
    });
    const { only, change } = versions(slow, { tag: 60_000 });
    await base.set(RECORD, 'before', 100);
    const reading = only('red');
    await advance(0);
    await change('red');
    answer();
    const before = await reading;
    const again = only('red');
    await advance(0);
    answer();
    expect(await again).not.toBe(before);
  });

  it('does not remember what could not be read, nor what is missing', async () => {
    const { store, state } = brokenStore();
    const { only } = versions(store, { tag: 60_000 });
    expect(await only('red')).toBe(FAILED);
    state.broken = false;
    expect(await only('red')).toBe(MISSING);
    await store.set(RECORD, 'now there', 100);
    expect(typeof (await only('red'))).toBe('string');
  });

  it('gives no versions where one of them can be neither read nor made', async () => {
    const { marks } = versions(brokenStore().store);
    expect(await marks.ensure([['red', MISSING]])).toBeUndefined();
    expect(
      await marks.ensure([
        [null, 'known'],
        ['red', FAILED],
      ]),
    ).toBeUndefined();
    expect(await marks.ensure([[null, 'known']])).toEqual([[null, 'known']]);
  });

  it('tries a change twice, and with an id of its own each time', async () => {
    const base = new MemoryCacheStore();
    const written: unknown[] = [];
    const store = storeLike(base, {
      set: async (key: string, value: unknown, ttl: number) => {
        written.push(value);
        await base.set(key, value, ttl);
        if (written.length === 1) throw new Error('the answer was lost');
      },
    });
    await versions(store).change('red');
    expect(written).toHaveLength(2);
    expect(written[0]).not.toBe(written[1]);
  });

  it('trusts no version after a change that was not confirmed, because it may have happened', async () => {
    const base = new MemoryCacheStore();
    let loses = false;
    const store = storeLike(base, {
      set: async (key: string, value: unknown, ttl: number) => {
        await base.set(key, value, ttl);
        if (loses) throw new Error('the answer was lost');
      },
    });
    const { only, change } = versions(store, { tag: 60_000 });
    await change('red');
    const before = await only('red');
    loses = true;
    await expect(change('red')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(await only('red')).not.toBe(before);
  });

  it('trusts a version no longer that a read has shown to be old, even if it cannot remember that read', async () => {
    const base = new MemoryCacheStore();
    let reply: Promise<void> | undefined;
    const store = storeLike(base, {
      getVersioned: async (key: string) => {
        const read = await base.getVersioned(key);
        await reply;
        return read;
      },
    });
    const { marks, only, change } = versions(store, { tag: 60_000 });
    await change('red');
    const before = await only('red');
    await versions(base).change('red');
    let answer: () => void = () => {};
    reply = new Promise((resolve) => (answer = resolve));
    const reading = marks.read([['red']]);
    await change('blue');
    answer();
    const [[, read] = []] = await reading;
    expect(read).not.toBe(before);
    expect(await only('red')).toBe(read);
  });

  it('trusts on a version that a read has confirmed, even if it cannot remember that read', async () => {
    const { store, calls } = watched();
    const { marks, only, change } = versions(store, { tag: 60_000 });
    await change('red');
    await only('red');
    const reading = marks.read([['red']]);
    await change('blue');
    await reading;
    calls.length = 0;
    await only('red');
    expect(calls).toEqual([]);
  });

  it('reads a record that it has made only once the store holds it', async () => {
    const bare = bareStore();
    let land: () => void = () => {};
    const store = storeLike(bare, {
      set: async (key: string, value: unknown, ttl: number) => {
        await new Promise<void>((resolve) => {
          land = resolve;
        });
        await bare.set(key, value, ttl);
      },
    });
    const making = versions(store).marks.ensure([['red', MISSING]]);
    await advance(0);
    land();
    expect(await making).toEqual([['red', expect.any(String)]]);
  });

  it('rejects when neither try was confirmed', async () => {
    const { store, state } = brokenStore();
    await expect(versions(store).change('red')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      subject: 'red',
    });
    expect(state.calls).toBe(2);
  });
});

describe('a full store', () => {
  it('takes the version that a tag’s record was added with, though it is evicted at once', async () => {
    const cache = new CacheService(new MemoryCacheStore({ maxEntries: 200 }), {
      onEvent: ({ type, ...more }) => {
        if (type === 'refused') refused.push(more);
      },
    });
    const refused: unknown[] = [];
    const wrap = (i: number) =>
      cache.wrap(`key:${i}`, { ttl: 60, tags: [`tag:${i}`] }, async () => i);
    let next = 0;
    const callers = Array.from({ length: 20 }, async () => {
      while (next < 1_000) await wrap(next++);
    });
    await Promise.all(callers);
    expect(refused.filter((event) => Object(event).reason === 'unread')).toEqual([]);
  });
});
