import { describe, expect, it } from 'vitest';
import type { CacheStore } from '../../src/model/cache-store.js';
import { Entry, isEntry } from '../../src/model/entry.js';
import { jsonSerializer } from '../../src/serializers/json.js';
import type { Serializer, SyncSerializer } from '../../src/serializers/serializer.js';
import { MemoryCacheStore } from '../../src/stores/memory/memory-cache-store.js';
import {
  type ConformanceCase,
  type ConformanceSubject,
  casesFor,
  createVirtualClock,
  serializerCases,
  storeConformance,
} from '../../src/testing/index.js';
import { batches } from './broken/batches.js';
import { type BrokenStore, overlay } from './broken/broken-store.js';
import { expiry } from './broken/expiry.js';
import { fence } from './broken/fence.js';
import { getIfPresent } from './broken/get-if-present.js';
import { instances } from './broken/instances.js';
import { keys } from './broken/keys.js';
import { patterns } from './broken/patterns.js';
import { serializing } from './broken/serializing.js';
import { values } from './broken/values.js';
import { writeBack } from './broken/write-back.js';
import { writes } from './broken/writes.js';

const brokenStores = [
  ...values,
  ...serializing,
  ...keys,
  ...expiry,
  ...writes,
  ...batches,
  ...fence,
  ...writeBack,
  ...patterns,
  ...getIfPresent,
  ...instances,
];

function subjectOf(broken: BrokenStore) {
  const clock = createVirtualClock();
  return { ...broken.create(clock), advance: clock.advance, exactTime: true };
}

/** True if the case finds fault with the store's behaviour, not with the test. */
async function fails({ run }: ConformanceCase, broken: BrokenStore): Promise<boolean> {
  return run(subjectOf(broken)).then(
    () => false,
    () => true,
  );
}

const caseOf = (start: string): ConformanceCase =>
  storeConformance.find(({ name }) => name.startsWith(start)) as ConformanceCase;

/** A subject that changes each store that a case makes with a serializer. */
function subjectWith(change: (store: MemoryCacheStore) => CacheStore) {
  const counts = { made: 0, closed: 0 };
  const subject: ConformanceSubject = {
    store: new MemoryCacheStore(),
    advance: () => {},
    withSerializer(serializer) {
      counts.made++;
      return change(new MemoryCacheStore({ serializer: serializer as SyncSerializer }));
    },
  };
  return { subject, counts };
}

describe('the conformance suite', () => {
  it.each(brokenStores)('catches a store that $what', async (broken) => {
    const { cases } = casesFor(subjectOf(broken));
    const failed = [];
    for (const one of cases) if (await fails(one, broken)) failed.push(one.name);
    expect(failed).toEqual(expect.arrayContaining([...broken.caughtBy]));
    // One mistake is no reason to fail everything: the names of the failed cases say what it was.
    expect(failed.length).toBeLessThan(cases.length / 2);
  });

  it('has no case that nothing here makes fail', () => {
    const caught = new Set(brokenStores.flatMap(({ caughtBy }) => caughtBy));
    // Cases that differ from a caught one only in their data.
    const alike =
      /^(stores and returns|rejects .* and stores nothing|separates keys|refuses a fill of a key|deletes by a pattern:)/;
    const never = storeConformance.filter(({ name }) => !caught.has(name) && !alike.test(name));
    expect(never.map(({ name }) => name)).toEqual([]);
  });

  it('accepts a store that holds in the process only what get has read', async () => {
    const clock = createVirtualClock();
    const inner = new MemoryCacheStore({ clock });
    const read = new Set<string>();
    const store = overlay(inner, {
      async get<T>(key: string) {
        read.add(key);
        return inner.get<T>(key);
      },
      getIfPresent: <T>(key: string) => (read.has(key) ? inner.getIfPresent<T>(key) : undefined),
      async set(key, value, ttl) {
        read.delete(key);
        await inner.set(key, value, ttl);
      },
    });
    const peeks = storeConformance.filter(({ needs }) => needs.includes('getIfPresent'));
    expect(peeks).toHaveLength(3);
    for (const one of peeks) await one.run({ store, advance: clock.advance, exactTime: true });
  });

  it('accepts a store whose slower instance loses every add', async () => {
    const shared = new MemoryCacheStore();
    const store = overlay(shared, {
      async add(key, value, ttl) {
        await Promise.resolve();
        return shared.add(key, value, ttl);
      },
    });
    await caseOf('accepts an add from only one').run({ store, another: shared, advance() {} });
  });

  it('accepts a store that gives text back as bytes', async () => {
    const withSerializer = ({ name, serialize, deserialize }: Serializer) =>
      new MemoryCacheStore({
        serializer: {
          name,
          serialize: (value, key) => new TextEncoder().encode(String(serialize(value, key))),
          deserialize,
        } as SyncSerializer,
      });
    const store = new MemoryCacheStore();
    await caseOf('keeps the text').run({ store, withSerializer, advance() {} });
  });

  it('accepts a store without has that rejects what it cannot write', async () => {
    const { subject } = subjectWith((store) => overlay(store, { has: undefined }));
    await caseOf('rejects with UNSERIALIZABLE').run(subject);
  });

  it('closes every store that it has made for a case', async () => {
    const all = [...storeConformance, ...serializerCases(jsonSerializer, [['a number', () => 1]])];
    for (const one of all.filter(({ needs }) => needs.includes('withSerializer'))) {
      const { subject, counts } = subjectWith((store) =>
        overlay(store, {
          async close() {
            counts.closed++;
          },
        }),
      );
      await one.run(subject);
      expect([one.name, counts]).toEqual([one.name, { made: counts.made, closed: counts.made }]);
      expect(counts.made).toBeGreaterThan(0);
    }
  });

  it('calls every case by a name of its own', () => {
    const names = storeConformance.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('the choice of cases', () => {
  const { get, set, del } = new MemoryCacheStore();
  const least = { store: { name: 'least', get, set, del }, advance: () => {} };

  it('runs or skips every case', () => {
    const { cases, skipped } = casesFor(least);
    const names = [...cases, ...skipped].map(({ name }) => name);
    expect(names.toSorted()).toEqual(storeConformance.map(({ name }) => name).toSorted());
  });

  it('says what is missing', () => {
    const { skipped } = casesFor(least);
    expect(skipped).toContainEqual({
      name: 'reads a batch in the order of its keys',
      reason: 'the store has no getMany',
    });
    expect(skipped).toContainEqual({
      name: 'accepts an add from only one of two instances',
      reason: 'the subject has no another, the store has no add',
    });
    expect(skipped).toContainEqual({
      name: 'holds a value for 30 days, and no longer',
      reason: 'the subject has no exactTime',
    });
  });

  it('runs on the least store what needs no more', () => {
    const { cases } = casesFor(least);
    expect(cases.flatMap(({ needs }) => needs)).toEqual([]);
    expect(cases.length).toBeGreaterThan(30);
  });

  it('refuses what is no subject', () => {
    expect(() => casesFor(undefined as never)).toThrow(/^subject.*an object/);
    expect(() => casesFor({} as never)).toThrow(/^subject\.store.*an object/);
    expect(() => casesFor({ store: 'memory' } as never)).toThrow(/^subject\.store.*an object/);
  });

  it('rejects a case that is run without what it needs', async () => {
    const one = storeConformance.find(({ needs }) => needs.includes('add')) as ConformanceCase;
    await expect(one.run(least)).rejects.toThrow('the store has no add');
  });

  it('waits on a store whose time cannot be moved', async () => {
    const waits: number[] = [];
    const clock = createVirtualClock();
    const advance = async (ms: number) => {
      waits.push(ms);
      clock.advance(ms);
    };
    const { cases } = casesFor({ store: new MemoryCacheStore({ clock }), advance });
    for (const { run } of cases) await run({ store: new MemoryCacheStore({ clock }), advance });
    // Real time passes for such a store: what all the cases wait for together is bearable.
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(5_000);
  });
});

describe('the cases for a serializer', () => {
  const values = [['a list', () => [1, 2]]] as const;
  const [toStore, toCallers] = serializerCases(jsonSerializer, values) as [
    ConformanceCase,
    ConformanceCase,
  ];

  it('refuse what is no serializer, and values that are no list', () => {
    expect(() => serializerCases(undefined as never, [])).toThrow(/^serializer.*an object/);
    expect(() => serializerCases(jsonSerializer, 'text' as never)).toThrow(/^values.*an array/);
  });

  it.each<[string, (inner: MemoryCacheStore) => Partial<CacheStore>, string]>([
    [
      'misses at the first read',
      (inner) => {
        let reads = 0;
        return { get: async <T>(key: string) => (++reads === 1 ? undefined : inner.get<T>(key)) };
      },
      'strictly deep-equal',
    ],
    [
      'misses at the second read',
      (inner) => {
        let reads = 0;
        return { get: async <T>(key: string) => (++reads === 2 ? undefined : inner.get<T>(key)) };
      },
      'the second read',
    ],
    ['copies a list without its first item', () => ({ copy: (value) => tail(value) }), 'the copy'],
  ])('notice a store that %s', async (_, change, message) => {
    const { subject } = subjectWith((inner) => overlay(inner, change(inner)));
    await expect(toStore.run(subject)).rejects.toThrow(message);
  });

  it.each<[string, (inner: MemoryCacheStore) => Partial<CacheStore>, RegExp]>([
    [
      'gives whoever hits another value',
      (inner) => ({
        get: async <T>(key: string) => tail(await inner.get<T>(key)),
        getIfPresent: () => undefined,
        async getVersioned<T>(key: string) {
          const read = await inner.getVersioned<T>(key);
          return { ...read, value: tail(read.value) };
        },
      }),
      /strictly deep-equal/,
    ],
    [
      'lets a value be read once only',
      (inner) => {
        let found = 0;
        return {
          getIfPresent: () => undefined,
          async getVersioned<T>(key: string) {
            const read = await inner.getVersioned<T>(key);
            const isGone = read.value !== undefined && ++found > 1;
            return isGone ? { value: undefined, version: read.version } : read;
          },
        };
      },
      /loads in all/,
    ],
    [
      'gives a wrong copy to who joins, however late that one has read',
      (inner) => {
        let reads = 0;
        return {
          copy: (value) => tail(value),
          async getVersioned<T>(key: string) {
            if (++reads === 2) await new Promise((resolve) => setImmediate(resolve));
            return inner.getVersioned<T>(key);
          },
        };
      },
      /strictly deep-equal/,
    ],
  ])('notice a store that %s', async (_, change, message) => {
    const { subject } = subjectWith((inner) => overlay(inner, change(inner)));
    await expect(toCallers.run(subject)).rejects.toThrow(message);
  });
});

/** A list of the service or of a caller, without its first item. */
function tail<T>(value: T): T {
  if (isEntry(value)) return new Entry(value, tail(value.value)) as T;
  return Array.isArray(value) ? (value.slice(1) as T) : value;
}
