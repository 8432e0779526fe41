import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CacheStore } from '../../../src/model/cache-store.js';
import { createEntry, Entry } from '../../../src/model/entry.js';
import { CacheError } from '../../../src/model/errors.js';
import { jsonSerializer } from '../../../src/serializers/json.js';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { NullCacheStore } from '../../../src/stores/null.js';
import { TieredCacheStore } from '../../../src/stores/tiered/index.js';
import { createVirtualClock, type VirtualClock } from '../../../src/testing/index.js';
import { deferred, storeLike } from '../../cache-service/helpers.js';

let clock: VirtualClock;
let calls: string[];
beforeEach(() => {
  clock = createVirtualClock();
  calls = [];
});

type Overrides = Parameters<typeof storeLike>[1];

/** Notes its invalidations; `overrides` make it slow or broken. */
function tier(name: string, overrides: (inner: MemoryCacheStore) => Overrides = () => ({})) {
  const inner = new MemoryCacheStore({ clock });
  const own = overrides(inner);
  const noted = Object.fromEntries(
    (['del', 'delMany', 'delByPattern', 'clear', 'set', 'setMany'] as const).map((method) => [
      method,
      async (...args: unknown[]) => {
        calls.push(`${name} ${method}`);
        const call = (own[method] ?? inner[method]) as (...args: unknown[]) => Promise<unknown>;
        return call.apply(inner, args);
      },
    ]),
  );
  return { inner, store: storeLike(inner, { ...own, ...noted }) };
}

const tiers = (first: CacheStore, ...rest: CacheStore[]) =>
  new TieredCacheStore([first, ...rest], { clock, upperTTL: '5s' });

const rejects = async () => {
  throw new Error('broken');
};

describe('a copy in an upper tier', () => {
  it('lives as long as the value, or as long as it may', async () => {
    const [upper, last] = [tier('upper'), tier('last')];
    const store = tiers(upper.store, last.store);
    await last.inner.set('short', 1, 2);
    await last.inner.set('long', 1, 60);
    clock.advance(500);
    expect(await store.getMany(['short', 'long'])).toEqual([1, 1]);
    const end = async (key: string) => (await upper.inner.getVersioned(key)).expiresAt;
    expect(await end('short')).toBe(clock.now() + 1_500);
    expect(await end('long')).toBe(clock.now() + 5_000);
  });

  it('counts its time from before the read below, which may have been old when it came', async () => {
    const gate = deferred();
    const upper = tier('upper');
    const last = tier('last', (inner) => ({
      async getVersioned(key: string) {
        const read = await inner.getVersioned(key);
        await gate.promise;
        return read;
      },
    }));
    await last.inner.set('k', 1, 60);
    const reading = tiers(upper.store, last.store).get('k');
    clock.advance(4_000);
    gate.resolve(undefined);
    expect(await reading).toBe(1);
    expect((await upper.inner.getVersioned('k')).expiresAt).toBe(clock.now() + 1_000);
  });

  it('ends before the window in which an entry only stands in for a failed load', async () => {
    const [upper, last] = [tier('upper'), tier('last')];
    const now = clock.now();
    const times = { createdAt: now, staleAt: undefined, expiresAt: now + 1_000, loadMs: 0 };
    const entry = createEntry('k', { ...times, versions: [[null, 'p']] }, 'value');
    await last.inner.set('k', entry, 60);
    const store = tiers(upper.store, last.store);
    await store.get('k');
    expect((await upper.inner.getVersioned('k')).expiresAt).toBe(now + 1_000);
    clock.advance(1_000);
    const copy = vi.spyOn(upper.inner, 'setIfUnchanged');
    expect(await store.get('k')).toMatchObject({ value: 'value' });
    expect(await upper.inner.get('k')).toBeUndefined();
    // A tier may refuse a ttl that is not above zero.
    expect(copy).not.toHaveBeenCalled();
  });

  it('is not made while the tier cannot be read, because a newer one may be there', async () => {
    const upper = tier('upper', () => ({ getVersioned: rejects }));
    const last = tier('last');
    await last.inner.set('k', 1, 60);
    expect(await tiers(upper.store, last.store).get('k')).toBe(1);
    expect(await upper.inner.get('k')).toBeUndefined();
  });

  it('goes when a versioned read finds nothing below, and nothing goes where there was none', async () => {
    const [upper, last] = [tier('upper'), tier('last')];
    const store = tiers(upper.store, last.store);
    await upper.inner.set('k', 'old', 60);
    expect((await store.getVersioned('k')).value).toBeUndefined();
    expect(await upper.inner.get('k')).toBeUndefined();
    calls.length = 0;
    await store.getVersioned('never there');
    expect(calls).toEqual([]);
  });

  it('goes when the newer value below is too large for the tier', async () => {
    const upper = tier('upper', () => ({
      setIfUnchanged: async () => {
        throw new CacheError('VALUE_TOO_LARGE', 'Too large.');
      },
    }));
    const last = tier('last');
    const store = tiers(upper.store, last.store);
    await upper.inner.set('k', 'old', 60);
    await last.inner.set('k', 'large', 60);
    expect((await store.getVersioned('k')).value).toBe('large');
    expect(await store.get('k')).toBe('large');
  });

  it('of an entry is one, by a fill at once, and where the tier below returned a plain object', async () => {
    const upper = tier('upper');
    const last = tier('last', (inner) => ({
      async getVersioned(key: string) {
        const { value, ...read } = await inner.getVersioned<object>(key);
        return { ...read, value: value && { ...value } };
      },
    }));
    const store = tiers(upper.store, last.store);
    const times = { createdAt: 1, staleAt: undefined, expiresAt: clock.now() + 9_000, loadMs: 0 };
    const entry = createEntry('k', { ...times, versions: [[null, 'p']] }, { list: [1] });
    await store.setIfUnchanged('k', entry, 60, (await store.getVersioned('k')).version);
    for (let copy = 0; copy < 2; copy++) {
      const held = await upper.inner.get<Entry>('k');
      expect(held).toBeInstanceOf(Entry);
      expect(held?.value).toEqual({ list: [1] });
      await upper.inner.del('k');
      await store.get('k');
    }
  });

  it('goes by dropCopies, and the value below stays', async () => {
    const [first, second, last] = [tier('first'), tier('second'), tier('last')];
    const store = tiers(first.store, second.store, last.store);
    await store.set('k', 'value', 60);
    await store.get('k');
    expect(await second.inner.get('k')).toBe('value');
    await store.dropCopies('k');
    const held = [first, second, last].map(({ inner }) => inner.get('k'));
    expect(await Promise.all(held)).toEqual([undefined, undefined, 'value']);
  });

  it('goes by an add that adds, and stays by one that does not', async () => {
    const [upper, last] = [tier('upper'), tier('last')];
    const store = tiers(upper.store, last.store);
    await upper.inner.set('k', 'old', 60);
    expect(await store.add('k', 'new', 60)).toBe(true);
    expect(await store.get('k')).toBe('new');
    calls.length = 0;
    expect(await store.add('k', 'newer', 60)).toBe(false);
    expect(calls).toEqual([]);
    // Records have no copies that could go.
    expect(await store.add('#tag:app:red', 'v1', 60)).toBe(true);
    expect(calls).toEqual([]);
  });

  it("is frozen within a service's entry, too", async () => {
    const last = tier('last');
    const store = tiers(new MemoryCacheStore({ clock, frozen: true }), last.store);
    const times = { createdAt: 1, staleAt: undefined, expiresAt: clock.now() + 9_000, loadMs: 0 };
    const entry = createEntry('k', { ...times, versions: [[null, 'p']] }, { list: [1] });
    await last.inner.set('k', entry, 60);
    const read = await store.get<Entry>('k');
    expect(Object.isFrozen(read?.value)).toBe(true);
  });

  it('is not made of a value whose end nobody knows', async () => {
    const upper = tier('upper');
    const last = tier('last', (inner) => ({
      async getVersioned(key: string) {
        const { value, version } = await inner.getVersioned(key);
        return { value, version };
      },
    }));
    await last.inner.set('k', 1, 60);
    expect(await tiers(upper.store, last.store).get('k')).toBe(1);
    expect(await upper.inner.get('k')).toBeUndefined();
  });

  it('is never made of the records that say what is invalidated', async () => {
    const [upper, last] = [tier('upper'), tier('last')];
    const store = tiers(upper.store, last.store);
    const records = ['#tag:app:red', '#prefix:app:', '#lease:app:1'];
    for (const key of records) {
      await store.set(key, 'v1', 60);
      await last.inner.set(key, 'v2', 60);
      expect(await store.get(key)).toBe('v2');
      expect((await store.getVersioned(key)).value).toBe('v2');
      expect((await store.getNearest(key)).version).toBe((await store.getVersioned(key)).version);
      expect(await store.add(key, 'v3', 60)).toBe(false);
      const { version } = await store.getVersioned(key);
      expect(await store.setIfUnchanged(key, 'v4', 60, version)).toBe(true);
      expect(await last.inner.get(key)).toBe('v4');
      expect(await upper.inner.get(key)).toBeUndefined();
    }
    await last.inner.set('#key:#mine', 1, 60);
    await store.get('#key:#mine');
    expect(await upper.inner.get('#key:#mine')).toBe(1);
  });

  it('takes the value as it was when the fill was called', async () => {
    const written = deferred();
    const upper = tier('upper');
    const last = tier('last', (inner) => ({
      async setIfUnchanged(...args: Parameters<MemoryCacheStore['setIfUnchanged']>) {
        const done = await inner.setIfUnchanged(...args);
        await written.promise;
        return done;
      },
    }));
    const store = tiers(upper.store, last.store);
    const { version } = await store.getVersioned('k');
    const value = { list: [1] };
    const filling = store.setIfUnchanged('k', value, 60, version);
    value.list.push(2);
    written.resolve(undefined);
    expect(await filling).toBe(true);
    expect(await upper.inner.get('k')).toEqual({ list: [1] });
    expect(await last.inner.get('k')).toEqual({ list: [1] });
  });

  it('is made by a fill, also of a value with a date in it', async () => {
    const upper = tier('upper');
    const store = tiers(upper.store, tier('last').store);
    const { version } = await store.getVersioned('k');
    await store.setIfUnchanged('k', { at: new Date(0) }, 60, version);
    expect(await upper.inner.get('k')).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  it('is of what the last tier holds, where the value has a JSON form of its own', async () => {
    class Money {
      #cents = 5;
      change() {
        this.#cents++;
      }
      toJSON() {
        return { cents: this.#cents };
      }
    }
    const upper = tier('upper');
    const last = tier('last');
    const store = tiers(upper.store, last.store);
    const fields = { createdAt: clock.now(), staleAt: undefined, loadMs: 0 };
    const times = { ...fields, expiresAt: clock.now() + 60_000, versions: [[null, 'p']] as const };
    const money = new Money();
    for (const wrapped of [money, { list: [{ money }] }, createEntry('k', times, { money })]) {
      const expected = JSON.parse(JSON.stringify(wrapped));
      const { version } = await store.getVersioned('k');
      const filling = store.setIfUnchanged('k', wrapped, 60, version);
      money.change();
      expect(await filling).toBe(true);
      expect(await upper.inner.get('k')).toBeUndefined();
      expect(await last.inner.get('k')).toEqual(expected);
      expect(await store.get('k')).toEqual(expected);
      expect(await upper.inner.get('k')).toEqual(expected);
    }
  });

  it.each(['get', 'getVersioned'] as const)(
    'is frozen like what %s gives from below, where the first tier shares',
    async (how) => {
      const first = new MemoryCacheStore({ clock, frozen: true });
      const last = tier('last');
      const store = tiers(first, last.store);
      await last.inner.set('k', { list: [1] }, 60);
      const read = await store[how]<{ list: number[] }>('k');
      expect(Object.isFrozen(read)).toBe(how === 'get');
      expect(store.getIfPresent?.('k')).toEqual({ list: [1] });
      expect(Object.isFrozen(store.getIfPresent?.('k'))).toBe(true);
    },
  );
});

/** A value that was read or written below before an invalidation, and is copied after it. */
describe('an invalidation above a read or a fill that is on its way', () => {
  type Invalidate = (store: TieredCacheStore) => Promise<unknown>;
  const INVALIDATIONS: [string, Invalidate][] = [
    ['del', (store) => store.del('k')],
    ['delMany', (store) => store.delMany(['other', 'k'])],
    ['set', (store) => store.set('k', 'set', 60)],
    ['setMany', (store) => store.setMany([{ key: 'k', value: 'set', ttl: 60 }])],
    ['delByPattern', (store) => store.delByPattern('?')],
    ['clear', (store) => store.clear()],
  ];

  it.each(INVALIDATIONS)('%s refuses the copy of a read', async (_, invalidate) => {
    const [hasRead, gate] = [deferred(), deferred()];
    const upper = tier('upper');
    const last = tier('last', (inner) => ({
      async getVersioned(key: string) {
        const read = await inner.getVersioned(key);
        hasRead.resolve(undefined);
        await gate.promise;
        return read;
      },
    }));
    const store = tiers(upper.store, last.store);
    await last.inner.set('k', 'old', 60);
    const reading = store.get('k');
    await hasRead.promise;
    await invalidate(store);
    gate.resolve(undefined);
    expect(await reading).toBe('old');
    expect(await upper.inner.get('k')).toBeUndefined();
    expect(await store.get('k')).not.toBe('old');
  });

  it.each(INVALIDATIONS)('%s refuses the copy of a fill', async (_, invalidate) => {
    const gate = deferred();
    const upper = tier('upper');
    const last = tier('last', (inner) => ({
      async setIfUnchanged(...args: Parameters<MemoryCacheStore['setIfUnchanged']>) {
        const done = await inner.setIfUnchanged(...args);
        await gate.promise;
        return done;
      },
    }));
    const store = tiers(upper.store, last.store);
    const { version } = await store.getVersioned('k');
    const filling = store.setIfUnchanged('k', 'old', 60, version);
    await expect.poll(() => last.inner.get('k')).toBe('old');
    await invalidate(store);
    gate.resolve(undefined);
    expect(await filling).toBe(true);
    expect(await upper.inner.get('k')).toBeUndefined();
    expect(await store.get('k')).not.toBe('old');
  });

  it.each(INVALIDATIONS)('%s goes to the last tier first, then up', async (_, invalidate) => {
    const [first, second, last] = [tier('first'), tier('second'), tier('last')];
    await invalidate(tiers(first.store, second.store, last.store));
    const order = calls
      .map((call) => call.split(' ')[0])
      .filter((name, i, all) => name !== all[i - 1]);
    expect(order).toEqual(['last', 'second', 'first']);
  });

  it.each(INVALIDATIONS)(
    '%s rejects when any tier has failed, and tries all',
    async (_, invalidate) => {
      const broken = () =>
        Object.fromEntries(
          ['del', 'delMany', 'set', 'setMany', 'delByPattern', 'clear'].map((m) => [m, rejects]),
        );
      for (const where of ['first', 'last']) {
        const first = tier('first', where === 'first' ? broken : undefined);
        const last = tier('last', where === 'last' ? broken : undefined);
        calls.length = 0;
        await expect(invalidate(tiers(first.store, last.store))).rejects.toThrow('broken');
        expect(new Set(calls.map((call) => call.split(' ')[0]))).toEqual(
          new Set(['last', 'first']),
        );
      }
    },
  );

  it('goes down as one batch, or one by one where a tier has none', async () => {
    const entries = [
      { key: 'a', value: 1, ttl: 60 },
      { key: 'b', value: 2, ttl: 60 },
    ];
    for (const hasBatches of [true, false]) {
      const [upper, last] = [tier('upper'), tier('last')];
      const none = { setMany: undefined, delMany: undefined, has: undefined };
      const store = tiers(upper.store, storeLike(last.store, hasBatches ? {} : none));
      calls.length = 0;
      await store.setMany(entries);
      expect(await last.inner.getMany(['a', 'b'])).toEqual([1, 2]);
      expect([await store.has('a'), await store.has('c')]).toEqual([true, false]);
      await store.delMany(['a', 'b']);
      expect(await last.inner.getMany(['a', 'b'])).toEqual([undefined, undefined]);
      const below = calls.filter((call) => call.startsWith('last'));
      expect(below).toEqual(
        hasBatches
          ? ['last setMany', 'last delMany']
          : ['last set', 'last set', 'last del', 'last del'],
      );
    }
  });

  it('counts what the last tier has deleted', async () => {
    const [upper, last] = [tier('upper'), tier('last')];
    const store = tiers(upper.store, last.store);
    for (const key of ['a1', 'a2', 'b1']) await store.set(key, 1, 60);
    await store.get('a1');
    expect(await store.delByPattern('a*')).toBe(2);
  });
});

describe('an upper tier that fails', () => {
  const BROKEN: [string, Overrides][] = [
    ['reads', { getVersioned: rejects }],
    ['copies', { setIfUnchanged: rejects }],
    ['copies, and cannot drop', { setIfUnchanged: rejects, del: rejects }],
  ];

  it.each(BROKEN)('at %s breaks neither a read nor a fill', async (_, overrides) => {
    const upper = tier('upper', () => overrides);
    const last = tier('last');
    const store = tiers(upper.store, last.store);
    await last.inner.set('k', 'value', 60);
    expect(await store.get('k')).toBe('value');
    const { value, version } = await store.getVersioned('k');
    expect(value).toBe('value');
    expect(await store.setIfUnchanged('k', 'new', 60, version)).toBe(true);
    expect(await last.inner.get('k')).toBe('new');
  });

  it('is waited for three times, and then looked at now and then', async () => {
    let looks = 0;
    const hangs = { getVersioned: () => new Promise<never>(() => void looks++) };
    const upper = tier('upper', (inner) => ({
      getVersioned: (key: string) => (looks < 4 ? hangs : inner).getVersioned(key),
    }));
    const last = tier('last');
    const store = tiers(upper.store, last.store);
    await last.inner.set('k', 'value', 60);
    for (let read = 0; read < 5; read++) expect(await store.get('k')).toBe('value');
    expect(looks).toBe(3);
    clock.advance(5_000);
    for (let read = 0; read < 2; read++) expect(await store.get('k')).toBe('value');
    expect(looks).toBe(4);
    clock.advance(5_000);
    await store.get('k');
    expect(await upper.inner.get('k')).toBe('value');
    await last.inner.del('k');
    expect(await store.get('k')).toBe('value');
  });

  it('is looked at for other keys while one of them cannot be read back', async () => {
    const upper = tier('upper', (inner) => ({
      getVersioned: async (key: string) => {
        if (key === 'bad') throw new CacheError('CORRUPT', 'Of another type.');
        return inner.getVersioned(key);
      },
    }));
    const last = tier('last');
    const store = tiers(upper.store, last.store);
    await last.inner.set('bad', 'value', 60);
    for (let read = 0; read < 3; read++) expect(await store.get('bad')).toBe('value');
    await upper.inner.set('k', 'copy', 60);
    expect(await store.get('k')).toBe('copy');
  });

  it('does not hold up a read or a fill by a copy that hangs', async () => {
    const hang = () => new Promise<never>(() => {});
    const upper = tier('upper', () => ({ setIfUnchanged: hang, del: hang }));
    const last = tier('last');
    const store = tiers(upper.store, last.store);
    await last.inner.set('k', 'value', 60);
    const { value, version } = await store.getVersioned('k');
    expect(value).toBe('value');
    expect(await store.setIfUnchanged('k', 'new', 60, version)).toBe(true);
  });

  it('does not hold up a read of what is gone below by a copy that does not go', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const upper = tier('upper', () => ({ del: () => new Promise<never>(() => {}) }));
    const read = vi.fn();
    await upper.inner.set('k', 'old', 60);
    void tiers(upper.store, tier('last').store).getVersioned('k').then(read);
    await vi.advanceTimersByTimeAsync(2_200);
    expect(read).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ value: undefined }));
  });

  it('does not keep an older copy than it could be given', async () => {
    const upper = tier('upper', (inner) => ({
      setIfUnchanged: async (...args: Parameters<MemoryCacheStore['setIfUnchanged']>) => {
        if (args[1] === 'large') throw new CacheError('VALUE_TOO_LARGE', 'Too large.');
        return inner.setIfUnchanged(...args);
      },
    }));
    const last = tier('last');
    const store = tiers(upper.store, last.store);
    await store.set('k', 'small', 60);
    await store.get('k');
    const { version } = await store.getVersioned('k');
    expect(await store.setIfUnchanged('k', 'large', 60, version)).toBe(true);
    expect(await store.get('k')).toBe('large');
  });
});

describe('a fill that the last tier', () => {
  it('refuses takes the copy with it', async () => {
    const [upper, last] = [tier('upper'), tier('last')];
    const store = tiers(upper.store, last.store);
    await store.set('k', 'old', 60);
    const { version } = await store.getVersioned('k');
    expect(await upper.inner.get('k')).toBe('old');
    await last.inner.set('k', 'theirs', 60);
    expect(await store.setIfUnchanged('k', 'late', 60, version)).toBe(false);
    expect(await store.get('k')).toBe('theirs');
  });

  it('does not answer rejects, and takes the copy with it', async () => {
    const upper = tier('upper');
    const last = tier('last', () => ({ setIfUnchanged: rejects }));
    const store = tiers(upper.store, last.store);
    await last.inner.set('k', 'old', 60);
    const { version } = await store.getVersioned('k');
    await expect(store.setIfUnchanged('k', 'new', 60, version)).rejects.toThrow('broken');
    expect(await upper.inner.get('k')).toBeUndefined();
  });
});

describe('three tiers', () => {
  it('fill each from the one below, with what is left', async () => {
    const [first, second, last] = [tier('first'), tier('second'), tier('last')];
    const below = new TieredCacheStore([second.store, last.store], { clock, upperTTL: '1m' });
    const store = new TieredCacheStore([first.store, below], { clock, upperTTL: '5s' });
    await last.inner.set('k', 'value', 600);
    expect(await store.get('k')).toBe('value');
    clock.advance(58_000);
    expect(await store.get('k')).toBe('value');
    // No longer than the copy that it was made of.
    expect((await first.inner.getVersioned('k')).expiresAt).toBe(clock.now() + 2_000);
  });

  it('read the last one where a version is asked for', async () => {
    const [first, second, last] = [tier('first'), tier('second'), tier('last')];
    const store = tiers(first.store, second.store, last.store);
    await store.set('k', 'old', 60);
    await store.get('k');
    await last.inner.set('k', 'new', 60);
    expect(await store.get('k')).toBe('old');
    const { version } = await last.inner.getVersioned('k');
    expect(await store.getVersioned('k')).toMatchObject({ value: 'new', version });
    expect(await first.inner.get('k')).toBe('new');
    expect(await second.inner.get('k')).toBe('new');
  });
});

describe('tiers', () => {
  it.each([
    ['none', []],
    ['one', [new MemoryCacheStore()]],
    ['one that compares no versions', [new MemoryCacheStore(), new NullCacheStore()]],
  ])('are refused when there is %s', (_, given) => {
    const build = () => new TieredCacheStore(given);
    expect(build).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject: 'tiers' }));
  });

  it('are refused with serializers of two names, and take one name for one', () => {
    const serializer = (name: string) => ({ ...jsonSerializer, name });
    const of = (...names: string[]) =>
      names.map((name) => new MemoryCacheStore({ serializer: serializer(name) }));
    const refused = expect.objectContaining({ code: 'INVALID_OPTION', subject: 'tiers' });
    expect(() => new TieredCacheStore(of('a', 'b'))).toThrow(refused);
    expect(() => new TieredCacheStore(of('a', 'b', 'b'))).toThrow(refused);
    expect(() => new TieredCacheStore(of('a', 'b', 'a'))).toThrow(refused);
    expect(() => new TieredCacheStore([...of('a'), new MemoryCacheStore()])).toThrow('"json"');
    const inner = new TieredCacheStore(of('b', 'b'));
    expect(() => new TieredCacheStore([...of('a'), inner])).toThrow(refused);
    expect(new TieredCacheStore([...of('b'), inner])).toMatchObject({ serializer: { name: 'b' } });
    expect(new TieredCacheStore(of('a', 'a', 'a')).name).toBe('tiered');
  });

  it.each([undefined, null, new MemoryCacheStore()])('are refused when they are %o', (given) => {
    const build = () => new TieredCacheStore(given as unknown as CacheStore[]);
    expect(build).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject: 'tiers' }));
  });

  it.each([null, 5, 'options'])('are refused with the options %j', (options) => {
    const stores = [new MemoryCacheStore(), new MemoryCacheStore()];
    const build = () => new TieredCacheStore(stores, options as unknown as object);
    expect(build).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject: 'options' }));
  });

  it('may have a store that names no serializer, in any place', () => {
    const silent = () => Object.assign(new MemoryCacheStore(), { serializer: undefined });
    for (const stores of [
      [silent(), new MemoryCacheStore()],
      [new MemoryCacheStore(), silent()],
    ])
      expect(new TieredCacheStore(stores).name).toBe('tiered');
  });

  it('are checked one by one, then the channel, and then all of them together', async () => {
    const works = {
      ...{ publish: async () => {}, listen: () => {}, close: async () => {} },
      sync: async () => 1,
    };
    const check = (...faults: ('first' | 'last' | 'sync' | 'publish')[]) => {
      const checked = (name: 'first' | 'last') =>
        storeLike(new MemoryCacheStore({ clock }), {
          check: async () => {
            if (faults.includes(name)) throw new Error(`${name} is broken`);
          },
        });
      const channel = {
        ...works,
        ...(faults.includes('sync') && { sync: rejects }),
        ...(faults.includes('publish') && { publish: rejects }),
      };
      const stores = [checked('first'), checked('last')];
      return new TieredCacheStore(stores, { clock, channel }).check('app');
    };
    await check();
    await expect(check('first')).rejects.toThrow('first is broken');
    await expect(check('first', 'last')).rejects.toThrow('last is broken');
    await expect(check('sync')).rejects.toThrow('broken');
    await expect(check('publish')).rejects.toThrow('broken');
  });

  it('copy as the last one does', async () => {
    const copy = async () => 'copied';
    const last = storeLike(new MemoryCacheStore(), { copy });
    expect(await new TieredCacheStore([new MemoryCacheStore(), last]).copy?.('given', 'k')).toBe(
      'copied',
    );
    const silent = storeLike(new MemoryCacheStore(), { copy: undefined });
    const store = new TieredCacheStore([new MemoryCacheStore(), silent]);
    expect(await store.copy?.({ at: new Date(0) }, 'k')).toEqual({
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it('refuse an invalid lifetime', () => {
    const stores = [new MemoryCacheStore(), new MemoryCacheStore()];
    const build = () => new TieredCacheStore(stores, { upperTTL: 0 });
    expect(build).toThrow(
      expect.objectContaining({ code: 'INVALID_DURATION', subject: 'upperTTL' }),
    );
  });

  it('close and warm all of them, and reject with what failed', async () => {
    const done: string[] = [];
    const open = (name: string, fails = false) =>
      tier(name, () => ({
        close: async () => {
          done.push(`close ${name}`);
          if (fails) throw new Error(`${name} failed`);
        },
        warm: async () => void done.push(`warm ${name}`),
      })).store;
    const store = tiers(open('a', true), open('b'), open('c'));
    await store.warm();
    await expect(store.close()).rejects.toThrow('a failed');
    expect(done).toEqual(['warm a', 'warm b', 'warm c', 'close a', 'close b', 'close c']);
    const channel = { publish: rejects, listen() {}, sync: rejects, close: rejects };
    const told = new TieredCacheStore([open('d'), open('e')], { clock, channel });
    await expect(told.close()).rejects.toThrow('broken');
    expect(done.slice(6)).toEqual(['close d', 'close e']);
  });

  it('are as durable as the last one, and getIfPresent where the first one can', () => {
    const durable = storeLike(new MemoryCacheStore(), { durable: true });
    const remote = storeLike(new MemoryCacheStore(), { getIfPresent: undefined });
    const memory = new MemoryCacheStore();
    expect(new TieredCacheStore([memory, durable])).toMatchObject({ durable: true });
    expect(new TieredCacheStore([durable, memory])).toMatchObject({ durable: false });
    expect(new TieredCacheStore([memory, remote]).getIfPresent).toBeTypeOf('function');
    expect(new TieredCacheStore([remote, memory]).getIfPresent).toBeUndefined();
  });
});
