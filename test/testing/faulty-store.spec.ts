import {
  CacheService,
  type CacheStore,
  jsonSerializer,
  MemoryCacheStore,
  NullCacheStore,
} from '@glasswork/cache';
import {
  casesFor,
  createVirtualClock,
  type Fault,
  faultyStore,
  StoreHistory,
  type StoreMethod,
  scriptedFaults,
  seededFaults,
} from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';

/** A memory store whose first calls of one method have these faults. */
function failing(method: StoreMethod, ...faults: Fault[]) {
  const inner = new MemoryCacheStore();
  return { inner, store: faultyStore(inner, { plan: scriptedFaults({ [method]: faults }) }) };
}

const functions = (store: object) => {
  const own = Object.entries(store).filter(([, member]) => typeof member === 'function');
  return own.map(([name]) => name).sort();
};

describe('a faulty store', () => {
  it('has the capabilities of the store inside, and no other', () => {
    const least: CacheStore = {
      name: 'least',
      get: async () => undefined,
      set: async () => {},
      del: async () => {},
    };
    expect(functions(faultyStore(least))).toEqual(['del', 'get', 'set']);
    expect(faultyStore(least)).not.toHaveProperty('durable');
    expect(faultyStore({ ...least, durable: true }).durable).toBe(true);
    const members = Object.getOwnPropertyNames(MemoryCacheStore.prototype);
    // A value in the process itself can neither be delayed nor fail.
    const methods = members
      .filter((name) => !['constructor', 'getIfPresent', 'check'].includes(name))
      .sort();
    expect(functions(faultyStore(new MemoryCacheStore()))).toEqual(methods);
  });

  it('says of itself what the store inside says, and nothing that it does not', () => {
    const inner = new MemoryCacheStore();
    const plain: CacheStore = {
      name: 'plain',
      get: (key) => inner.get(key),
      set: (key, value, ttl) => inner.set(key, value, ttl),
      del: (key) => inner.del(key),
    };
    const bare = faultyStore(plain);
    for (const member of ['durable', 'sharesFrozen', 'keepsLarge', 'serializer', 'warm', 'copy'])
      expect(bare).not.toHaveProperty(member);
    expect(faultyStore(new MemoryCacheStore({ frozen: true })).sharesFrozen).toBe(true);
    expect(faultyStore({ ...plain, sharesFrozen: false }).sharesFrozen).toBe(false);
    expect(faultyStore({ ...plain, keepsLarge: true }).keepsLarge).toBe(true);
    expect(faultyStore({ ...plain, keepsLarge: false }).keepsLarge).toBe(false);
    expect(faultyStore(Object.assign({ serializer: jsonSerializer }, plain))).toHaveProperty(
      'serializer',
      jsonSerializer,
    );
  });

  it('passes on what cannot fail: copies, the opening and the close', async () => {
    const calls: string[] = [];
    const inner: CacheStore = Object.assign(new MemoryCacheStore(), {
      warm: async () => void calls.push('warm'),
      close: async () => void calls.push('close'),
      copy: <T>(value: T, key: string): T => {
        calls.push(`copy of ${key}`);
        return value;
      },
      dropCopies: async (key: string) => void calls.push(`drop ${key}`),
    });
    const store = faultyStore(inner);
    expect(await store.copy?.('value', 'a')).toBe('value');
    await store.warm?.();
    await store.dropCopies?.('b');
    await store.close?.();
    expect(calls).toEqual(['copy of a', 'warm', 'drop b', 'close']);
  });

  it('fails to drop copies, like any write', async () => {
    const inner: CacheStore = Object.assign(new MemoryCacheStore(), { dropCopies: async () => {} });
    const plan = scriptedFaults({ dropCopies: [{ kind: 'error' }] });
    const store = faultyStore(inner, { plan });
    await expect(store.dropCopies?.('a')).rejects.toThrow(/dropCopies of \["a"\]/);
  });

  it('is the store itself as long as nothing goes wrong', async () => {
    const subject = () => {
      const clock = createVirtualClock();
      const store = faultyStore(new MemoryCacheStore({ clock }));
      return { store, advance: clock.advance, exactTime: true };
    };
    const { cases } = casesFor(subject());
    expect(cases.length).toBeGreaterThan(50);
    for (const each of cases) await each.run(subject());
  });

  it('fails without doing anything', async () => {
    const { inner, store } = failing('set', { kind: 'error' });
    await expect(store.set('a', 1, 60)).rejects.toThrow(/set of \["a"\].*not applied/);
    expect(await inner.get('a')).toBeUndefined();
    await store.set('a', 2, 60);
    expect(await store.get('a')).toBe(2);
  });

  it('loses the reply of what it has done', async () => {
    const { inner, store } = failing('add', { kind: 'lost-reply' });
    await expect(store.add?.('a', 1, 60)).rejects.toThrow(/: it was applied\.$/);
    expect(await inner.get('a')).toBe(1);
  });

  it.each([true, false])('hangs, with what it had to write applied: %s', async (applied) => {
    const { inner, store } = failing('set', { kind: 'hang', applied });
    const answered = await Promise.race([
      store.set('a', 1, 60).then(() => 'answered'),
      new Promise((resolve) => setImmediate(resolve, 'silent')),
    ]);
    expect(answered).toBe('silent');
    expect(await inner.get('a')).toBe(applied ? 1 : undefined);
  });

  it('says that it has written what it has not', async () => {
    const lost = { kind: 'lost-write' } as const;
    const { inner, store } = failing('setIfUnchanged', lost, lost);
    const version = (await store.getVersioned?.('a'))?.version ?? '';
    expect(await store.setIfUnchanged?.('a', 1, 60, version)).toBe(true);
    expect(await inner.get('a')).toBeUndefined();
    // The condition counts all the same.
    await inner.set('a', 'theirs', 60);
    expect(await store.setIfUnchanged?.('a', 2, 60, version)).toBe(false);
    expect(await inner.get('a')).toBe('theirs');
  });

  it('says that it has written or deleted, without a condition, what it has not', async () => {
    const lost = { kind: 'lost-write' } as const;
    const inner = new MemoryCacheStore();
    const plan = scriptedFaults({ set: [undefined, lost], del: [lost], add: [lost, lost] });
    const store = faultyStore(inner, { plan });
    await store.set('a', 'old', 60);
    await store.set('a', 'new', 60);
    await store.del('a');
    expect(await inner.get('a')).toBe('old');
    // An add still checks whether something is there.
    expect(await store.add?.('a', 'added', 60)).toBe(false);
    expect(await inner.get('a')).toBe('old');
    expect(await store.add?.('b', 'added', 60)).toBe(true);
    expect(await inner.get('b')).toBeUndefined();
  });

  it('writes the value as it was at the call, however late: also an entry of a service', async () => {
    const inner = new MemoryCacheStore();
    let arrive = () => {};
    const store = faultyStore(inner, {
      pause: (_operation, point) =>
        point === 'request'
          ? new Promise((resolve) => {
              arrive = resolve;
            })
          : undefined,
    });
    const cache = new CacheService(inner, { keyPrefix: 'app' });
    await cache.set('key', { list: [1] }, 60);
    const stored = 'app:key';
    const entry = await inner.get<{ value: { list: number[] } }>(stored);
    expect(entry?.value).toEqual({ list: [1] });
    const plain = { list: [1] };
    for (const [key, value, change] of [
      ['entry', entry, () => entry?.value.list.push(2)],
      ['plain', plain, () => plain.list.push(2)],
    ] as const) {
      const written = store.set(key, value, 60);
      change();
      arrive();
      await written;
    }
    expect(await inner.get('plain')).toEqual({ list: [1] });
    expect(await inner.get('entry')).toMatchObject({
      value: { list: [1] },
      expiresAt: expect.any(Number),
    });
    await cache.close();
  });

  it('never answers a read that hangs', async () => {
    const { store } = failing('get', { kind: 'hang' });
    const answered = await Promise.race([
      store.get('a').then(() => 'answered'),
      new Promise((resolve) => setImmediate(resolve, 'silent')),
    ]);
    expect(answered).toBe('silent');
    expect(await store.get('a')).toBeUndefined();
  });

  it.each<[Fault, RegExp]>([
    [{ kind: 'error' }, /getMany of \["a"\].*it was not applied/],
    [{ kind: 'lost-reply' }, /its answer was lost/],
    [{ kind: 'partial', applied: 1 }, /a part of its answer was lost/],
  ])('rejects a read that has the fault %o', async (fault, message) => {
    const { inner, store } = failing('getMany', fault);
    await inner.set('a', 1, 60);
    await expect(store.getMany?.(['a'])).rejects.toThrow(message);
    expect(await store.getMany?.(['a'])).toEqual([1]);
  });

  it.each([0, 2, 5])('never writes a whole batch in part: %s of 2', async (applied) => {
    const { inner, store } = failing('delMany', { kind: 'partial', applied });
    await inner.set('a', 1, 60);
    await inner.set('b', 2, 60);
    const count = Math.min(applied, 1);
    await expect(store.delMany?.(['a', 'b'])).rejects.toThrow(`${count} of 2 were applied`);
    expect(await inner.getMany(['a', 'b'])).toEqual([count ? undefined : 1, 2]);
  });

  it('applies nothing of a write of one key that fails in part', async () => {
    const { inner, store } = failing('clear', { kind: 'partial', applied: 1 });
    await inner.set('a', 1, 60);
    await expect(store.clear?.()).rejects.toThrow('0 of 0 were applied');
    expect(await inner.get('a')).toBe(1);
  });

  it('applies nothing of a write that is no batch and fails in part', async () => {
    const { inner, store } = failing('set', { kind: 'partial', applied: 1 });
    await expect(store.set('a', 1, 60)).rejects.toThrow('0 of 1 were applied');
    expect(await inner.get('a')).toBeUndefined();
  });

  it('writes a part of a batch', async () => {
    const { inner, store } = failing('setMany', { kind: 'partial', applied: 1 });
    const entries = ['a', 'b'].map((key) => ({ key, value: key, ttl: 60 }));
    await expect(store.setMany?.(entries)).rejects.toThrow(/1 of 2/);
    expect(await inner.getMany(['a', 'b'])).toEqual(['a', undefined]);
  });

  it('loses a record', async () => {
    const { store } = failing('get', { kind: 'evict' });
    await store.set('a', 1, 60);
    expect(await store.get('a')).toBeUndefined();
  });

  it('writes again after what was written since', async () => {
    const inner = new MemoryCacheStore();
    let again = () => {};
    const store = faultyStore(inner, {
      plan: scriptedFaults({ set: [{ kind: 'replay' }] }),
      pause: (_operation, point) =>
        point === 'replay'
          ? new Promise((resolve) => {
              again = resolve;
            })
          : undefined,
    });
    await store.set('a', 'old', 60);
    await store.set('a', 'new', 60);
    expect(await store.get('a')).toBe('new');
    again();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await store.get('a')).toBe('old');
  });

  it('waits at each point, and tells for what', async () => {
    const seen: string[] = [];
    const store = faultyStore(new MemoryCacheStore(), {
      pause: ({ method, keys, index }, point) => {
        seen.push(`${index} ${point} ${method} ${keys}`);
      },
    });
    await store.set('a', 1, 60);
    await store.getMany?.(['a', 'b']);
    const expected = ['0 request set a', '0 reply set a', '1 request getMany a,b'];
    expect(seen).toEqual([...expected, '1 reply getMany a,b']);
  });
});

describe('stale reads', () => {
  function twoProcesses(lagMs: number, ageMs: number) {
    const clock = createVirtualClock();
    const memory = new MemoryCacheStore({ clock });
    const inner: CacheStore = Object.assign(memory, {
      getNearest: <T>(key: string) => memory.getVersioned<T>(key),
    });
    const history = new StoreHistory(clock);
    const plan = () => ({ kind: 'stale', ageMs }) as const;
    const process = () => faultyStore(inner, { history, lagMs, plan });
    return { clock, writer: process(), reader: process() };
  }

  it('show earlier states, as far back as they are said to lag', async () => {
    const { clock, writer, reader } = twoProcesses(1_000, 700);
    await writer.set('a', 1, 60);
    clock.advance(5_000);
    await writer.set('a', 2, 60);
    expect(await reader.get('a')).toBe(1);
    expect(await reader.getMany?.(['a', 'b'])).toEqual([1, undefined]);
    clock.advance(699);
    expect(await reader.get('a')).toBe(1);
    clock.advance(1);
    expect(await reader.get('a')).toBe(2);
  });

  it('never lag more than the store does', async () => {
    const { clock, writer, reader } = twoProcesses(100, 700);
    await writer.set('a', 1, 60);
    clock.advance(100);
    expect(await reader.get('a')).toBe(1);
  });

  it('are of the same kind as the read: a presence, a version, a copy', async () => {
    const clock = createVirtualClock();
    const memory = new MemoryCacheStore({ clock });
    const inner: CacheStore = Object.assign(memory, {
      durable: true,
      getNearest: <T>(key: string) => memory.getVersioned<T>(key),
    });
    const history = new StoreHistory(clock);
    const plan = () => ({ kind: 'stale', ageMs: 700 }) as const;
    const [writer, reader] = [1, 2].map(() => faultyStore(inner, { history, plan }));
    await writer?.set('a', { n: 1 }, 60);
    const { version } = (await inner.getVersioned?.('a')) ?? {};
    const old = { value: { n: 1 }, version };
    clock.advance(5_000);
    await writer?.set('a', { n: 2 }, 60);
    const now = await inner.getVersioned?.('a');
    expect(now?.version).not.toBe(version);
    expect(await reader?.getVersioned?.('a')).toMatchObject(old);
    expect(await reader?.getNearest?.('a')).toMatchObject(old);
    expect(await reader?.getVersioned?.('a', { consistent: true })).toEqual(now);
    // A reader may do anything to its answer.
    const mine = await reader?.get<{ n: number }>('a');
    Object.assign(mine ?? {}, { n: 3 });
    expect(await reader?.get('a')).toEqual({ n: 1 });
    await writer?.del('a');
    expect(await reader?.has?.('a')).toBe(true);
    expect(await writer?.has?.('a')).toBe(false);
  });

  it('of a key that was absent show it absent', async () => {
    const { clock, writer, reader } = twoProcesses(1_000, 700);
    await writer.set('a', 1, 60);
    expect([await reader.has?.('a'), await reader.get('a')]).toEqual([false, undefined]);
    // A store without versions in its history answers with the present one.
    expect(await reader.getVersioned?.('a')).toMatchObject({ value: 1 });
    expect(await reader.getNearest?.('a')).toMatchObject({ value: 1 });
    clock.advance(700);
    expect([await reader.has?.('a'), await reader.get('a')]).toEqual([true, 1]);
  });

  it.each(['clear', 'delByPattern'] as const)('spare who swept the store by %s', async (sweep) => {
    const { clock, writer, reader } = twoProcesses(1_000, 700);
    await writer.set('a', 1, 60);
    clock.advance(5_000);
    // A write of another process, whose end this one must see after its own sweep.
    await reader.set('a', 2, 60);
    if (sweep === 'clear') await writer.clear?.();
    else await writer.delByPattern?.('*');
    expect(await writer.get('a')).toBeUndefined();
    clock.advance(1_001);
    await reader.set('a', 3, 60);
    // The sweep is over for longer than a read lags.
    expect(await writer.get('a')).toBeUndefined();
  });

  it('spare who wrote it as long ago as a read may lag', async () => {
    const { clock, writer, reader } = twoProcesses(1_000, 1_000);
    await writer.set('a', 1, 60);
    clock.advance(500);
    await reader.set('a', 2, 60);
    clock.advance(500);
    expect(await writer.get('a')).toBe(2);
  });

  it('spare who has written it and waits for the answer', async () => {
    const clock = createVirtualClock();
    const inner = new MemoryCacheStore({ clock });
    let isSlow = false;
    const slow: CacheStore = {
      name: 'slow',
      get: (key) => inner.get(key),
      async set(key, value, ttl) {
        await inner.set(key, value, ttl);
        if (isSlow) await new Promise(() => {});
      },
      del: (key) => inner.del(key),
    };
    const plan = () => ({ kind: 'stale', ageMs: 700 }) as const;
    const store = faultyStore(slow, { history: new StoreHistory(clock), plan });
    await store.set('a', 1, 60);
    clock.advance(5_000);
    isSlow = true;
    void store.set('a', 2, 60);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await store.get('a')).toBe(2);
  });

  it('spare who wrote it', async () => {
    const { clock, writer, reader } = twoProcesses(1_000, 700);
    await writer.set('a', 1, 60);
    clock.advance(5_000);
    await writer.del('a');
    expect(await writer.get('a')).toBeUndefined();
    expect(await reader.get('a')).toBe(1);
    await writer.delByPattern?.('*');
    expect(await writer.get('a')).toBeUndefined();
  });
});

describe('fault plans', () => {
  it('need a list of faults', () => {
    const options = { seed: 7, rate: 0.3, faults: { kind: 'error' } };
    expect(() => seededFaults(options as never)).toThrow(/^faults.*an array/);
  });

  it('are the same for the same seed', () => {
    const faults: Fault[] = [{ kind: 'error' }, { kind: 'lost-reply' }];
    const kinds = (seed: number) => {
      const plan = seededFaults({ seed, rate: 0.3, faults });
      return Array.from(
        { length: 500 },
        (_none, index) => plan({ method: 'get', keys: [], index })?.kind,
      );
    };
    expect(kinds(7)).toEqual(kinds(7));
    expect(kinds(7)).not.toEqual(kinds(8));
    const count = (kind: string | undefined) => kinds(7).filter((each) => each === kind).length;
    expect(count('error')).toBeGreaterThan(40);
    expect(count('lost-reply')).toBeGreaterThan(40);
    expect(count(undefined)).toBeGreaterThan(300);
  });

  it('let a service show what it does with a store that fails', async () => {
    const plan = scriptedFaults({ getVersioned: [{ kind: 'error' }] });
    const cache = new CacheService(faultyStore(new MemoryCacheStore(), { plan }), {
      onEvent: () => {},
    });
    expect(await cache.wrap('a', 60, () => 'loaded')).toBe('loaded');
    expect(cache.stats().storeErrors).toBe(1);
  });

  it('do nothing for a store that holds nothing', async () => {
    const store = faultyStore(new NullCacheStore(), { plan: () => ({ kind: 'stale', ageMs: 1 }) });
    await store.set('a', 1, 60);
    expect(await store.get('a')).toBeUndefined();
  });
});
