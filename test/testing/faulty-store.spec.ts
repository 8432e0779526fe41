import { CacheService, type CacheStore, MemoryCacheStore, NullCacheStore } from '@glasswork/cache';
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
    const inner = new MemoryCacheStore({ clock });
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
