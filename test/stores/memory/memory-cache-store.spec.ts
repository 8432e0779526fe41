import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Entry } from '../../../src/model/entry.js';
import { CacheError } from '../../../src/model/errors.js';
import { jsonSerializer } from '../../../src/serializers/json.js';
import type { SyncSerializer } from '../../../src/serializers/serializer.js';
import { structuredSerializer } from '../../../src/serializers/structured.js';
import { HeapSize, rawBytes } from '../../../src/stores/memory/heap-size.js';
import {
  MemoryCacheStore,
  type MemoryCacheStoreOptions,
} from '../../../src/stores/memory/index.js';
import { frameBytes } from '../../../src/stores/memory/record.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { describeConformance } from '../conformance.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** Bytes that `maxBytes` counts for a store's own record, not a service's. */
const sizeOf = (key: string, value: unknown): number =>
  frameBytes(key, undefined) + rawBytes(JSON.stringify(value));

function create(options?: MemoryCacheStoreOptions) {
  const clock = createVirtualClock();
  return { clock, store: new MemoryCacheStore({ clock, ...options }) };
}

describeConformance(
  'a memory store',
  () => {
    const { clock, store } = create();
    return {
      store,
      advance: clock.advance,
      exactTime: true,
      withSerializer: (serializer: SyncSerializer) => new MemoryCacheStore({ clock, serializer }),
    };
  },
  { lacks: ['the subject has no another'] },
);

describeConformance(
  'a memory store that shares frozen values',
  () => {
    const { clock, store } = create({ frozen: true });
    return {
      store,
      advance: clock.advance,
      exactTime: true,
      withSerializer: (serializer: SyncSerializer) =>
        new MemoryCacheStore({ clock, serializer, frozen: true }),
    };
  },
  { lacks: ['the subject has no another'] },
);

describe('a memory store that shares frozen values', () => {
  const fields = { createdAt: 1, staleAt: undefined, expiresAt: 9, loadMs: 3, versions: [] };

  it('takes a value that contains itself', async () => {
    const { store } = create({ frozen: true, serializer: structuredSerializer });
    const value: Record<string, unknown> = {};
    value.self = value;
    await store.set('k', value, 60);
    const read = await store.get<typeof value>('k');
    expect(read?.self).toBe(read);
  });

  it('gives every reader the same one, and parses it once', async () => {
    let parsed = 0;
    const serializer: SyncSerializer = {
      ...jsonSerializer,
      deserialize(raw, key) {
        parsed++;
        return jsonSerializer.deserialize(raw, key);
      },
    };
    const { store } = create({ frozen: true, serializer });
    await store.set('key', { list: [1] }, 60);
    expect(parsed).toBe(0);
    const first = await store.get('key');
    expect(await store.get('key')).toBe(first);
    expect(store.getIfPresent('key')).toBe(first);
    expect((await store.getVersioned('key')).value).toBe(first);
    expect(await store.getMany(['key', 'key'])).toEqual([first, first]);
    expect(parsed).toBe(1);
    await store.set('key', { list: [2] }, 60);
    expect(await store.get('key')).toEqual({ list: [2] });
  });

  it('leaves the object that was set alone', async () => {
    const { store } = create({ frozen: true });
    const value = { list: [1] };
    await store.set('key', value, 60);
    await store.get('key');
    value.list.push(2);
    expect(await store.get('key')).toEqual({ list: [1] });
  });

  it('shares an entry of the service as a whole', async () => {
    const { store } = create({ frozen: true });
    await store.set('key', new Entry(fields, { list: [1] }), 60);
    const entry = await store.get<Entry>('key');
    expect(entry).toBeInstanceOf(Entry);
    expect({ ...entry }).toEqual({ ...fields, value: { list: [1] } });
    expect(store.getIfPresent('key')).toBe(entry);
    expect(Object.isFrozen(entry?.value)).toBe(true);
  });

  it.each([
    ['bytes', () => new Uint8Array([1, 2])],
    ['a Date', () => new Date(0)],
    ['a Map', () => new Map([['a', 1]])],
  ])('gives each reader a copy of a value with %s in it', async (_, make) => {
    const deserialize = () => ({ made: make(), list: [1] });
    const { store } = create({ frozen: true, serializer: { ...jsonSerializer, deserialize } });
    await store.set('key', 'anything', 60);
    const [first, second] = await store.getMany<ReturnType<typeof deserialize>>(['key', 'key']);
    expect(first).toEqual(deserialize());
    expect(second).toEqual(first);
    expect(second?.made).not.toBe(first?.made);
    expect(second?.list).not.toBe(first?.list);
  });

  it('counts the bytes of shared values', async () => {
    const { store } = create({ frozen: true, maxBytes: 10 * sizeOf('k-00', 'text') });
    const keys = Array.from({ length: 20 }, (_, i) => `k-${String(i).padStart(2, '0')}`);
    for (const key of keys) {
      await store.set(key, 'text', 60);
      await store.get(key);
    }
    const found = await store.getMany(keys);
    expect(found.filter((value) => value !== undefined)).toHaveLength(10);
  });

  it('lets go of a value whose time is over', async () => {
    const { store, clock } = create({ frozen: true });
    await store.set('key', { list: [1] }, 1);
    await store.get('key');
    clock.advance(1_000);
    expect(await store.get('key')).toBeUndefined();
    expect(store.getIfPresent('key')).toBeUndefined();
    const { version } = await store.getVersioned('key');
    expect(await store.setIfUnchanged('key', 'new', 60, version)).toBe(true);
    expect(await store.get('key')).toBe('new');
  });
});

describe('a memory store within its bounds', () => {
  const KEYS = Array.from({ length: 30 }, (_, i) => `key-${i}-${'k'.repeat(i)}`);
  const key = fc.constantFrom(...KEYS);
  const value = fc.string({ maxLength: 40, unit: 'binary' });
  const ttl = fc.constantFrom(0.5, 5, 50);
  const operation = fc.oneof(
    fc.record({ op: fc.constantFrom('set', 'add', 'fill'), key, value, ttl }),
    fc.record({ op: fc.constantFrom('get', 'read', 'del'), key }),
    fc.record({ op: fc.constant('advance'), ms: fc.nat(2_000) }),
  );

  it(`holds no more than it may, and nothing but what was written last (seed ${SEED})`, async () => {
    const bounds = {
      maxEntries: fc.integer({ min: 1, max: 12 }),
      maxBytes: fc.integer({ min: 1_000, max: 6_000 }),
    };
    const operations = fc.array(operation, { minLength: 100, maxLength: 300 });
    await fc.assert(fc.asyncProperty(fc.record(bounds), operations, check), {
      seed: SEED,
      numRuns: 40,
    });
  });

  async function check(
    bounds: { maxEntries: number; maxBytes: number },
    operations: readonly (typeof operation extends fc.Arbitrary<infer O> ? O : never)[],
  ): Promise<void> {
    const { clock, store } = create(bounds);
    const written = new Map<string, { value: string; until: number }>();
    const versions = new Map<string, string>();
    for (const one of operations) {
      if ('ms' in one) {
        clock.advance(one.ms);
      } else if ('value' in one) {
        const version = versions.get(one.key) ?? 'none';
        const wrote = {
          set: () => store.set(one.key, one.value, one.ttl).then(() => true),
          add: () => store.add(one.key, one.value, one.ttl),
          fill: () => store.setIfUnchanged(one.key, one.value, one.ttl, version),
        }[one.op as 'set' | 'add' | 'fill'];
        const until = clock.now() + one.ttl * 1000;
        if (await wrote()) written.set(one.key, { value: one.value, until });
      } else if (one.op === 'read') {
        versions.set(one.key, (await store.getVersioned(one.key)).version);
      } else if (one.op === 'del') {
        await store.del(one.key);
        written.delete(one.key);
      } else {
        await store.get(one.key);
      }
      await checkBounds(store, bounds, written, clock.now());
    }
  }

  async function checkBounds(
    store: MemoryCacheStore,
    bounds: { maxEntries: number; maxBytes: number },
    written: ReadonlyMap<string, { value: string; until: number }>,
    now: number,
  ): Promise<void> {
    const found = await store.getMany<string>(KEYS);
    const held = KEYS.flatMap((key, i) =>
      found[i] === undefined ? [] : [{ key, value: found[i] }],
    );
    for (const { key, value } of held) {
      const last = written.get(key);
      expect(last?.value).toBe(value);
      expect(last?.until).toBeGreaterThan(now);
    }
    expect(held.length).toBeLessThanOrEqual(bounds.maxEntries);
    const bytes = held.map(({ key, value }) => frameBytes(key, undefined) + rawBytes(value));
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(bounds.maxBytes);
  }

  it('uses the room that it has', async () => {
    const { store } = create({ maxEntries: 100 });
    for (let i = 0; i < 1_000; i++) await store.set(`key-${i}`, i, 60);
    const found = await store.getMany(Array.from({ length: 1_000 }, (_, i) => `key-${i}`));
    expect(found.filter((value) => value !== undefined)).toHaveLength(100);
  });

  it('counts the bytes of keys, values and records', async () => {
    const { store } = create({ maxBytes: 10 * sizeOf('k-00', 'text') });
    const keys = Array.from({ length: 20 }, (_, i) => `k-${String(i).padStart(2, '0')}`);
    for (const key of keys) await store.set(key, 'text', 60);
    const found = await store.getMany(keys);
    expect(found.filter((value) => value !== undefined)).toHaveLength(10);
  });

  it.each([false, true])('counts a value anew once it is parsed (frozen: %s)', async (frozen) => {
    const keys = ['a', 'b', 'c'];
    const objectOf = (key: string) =>
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${key}${i}`, i]));
    const parsed = (key: string) =>
      frameBytes(key, undefined) + new HeapSize().ofTree(objectOf(key), key, frozen);
    const maxBytes = keys.reduce((sum, key) => sum + parsed(key), 0);
    for (const [most, expected] of [
      [maxBytes, keys],
      [maxBytes - 1, ['b', 'c']],
    ] as const) {
      const { store } = create({ frozen, maxBytes: most });
      for (const key of keys) await store.set(key, objectOf(key), 60);
      for (const key of keys) await store.get(key);
      const found = await store.getMany(keys);
      expect(keys.filter((_, i) => found[i] !== undefined)).toEqual(expected);
    }
  });

  it("counts the times and the tags of a service's entry", () => {
    const fields = { createdAt: 1, staleAt: undefined, expiresAt: 9, loadMs: 3 };
    const entryWith = (...tags: string[]) =>
      new Entry(
        { ...fields, versions: [[null, 'p'], ...tags.map((tag) => [tag, 'v'] as const)] },
        undefined,
      );
    const [none, plain, one, two] = [
      undefined,
      entryWith(),
      entryWith('a'),
      entryWith('a', 'b'),
    ].map((entry) => frameBytes('key', entry)) as [number, number, number, number];
    expect(plain).toBeGreaterThan(none);
    expect(one).toBeGreaterThan(plain);
    expect(two - one).toBe(one - plain);
  });

  it('counts characters of several bytes as several', async () => {
    const { store } = create({ maxBytes: sizeOf('key', 'a'.repeat(40)) });
    await expect(store.set('key', '日'.repeat(40), 60)).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
      subject: 'key',
    });
    await store.set('key', 'a'.repeat(40), 60);
    expect(await store.get('key')).toBe('a'.repeat(40));
  });

  it('frees the room of what was deleted, overwritten or has expired', async () => {
    const large = 'x'.repeat(1_000);
    const maxBytes = sizeOf('kept', 'small') + sizeOf('large', large) + 50;
    const { clock, store } = create({ maxBytes });
    for (let i = 0; i < 5; i++) {
      await store.set('kept', 'small', 60);
      await store.set('large', large, 1);
      await store.set('large', large, 1);
      expect(await store.get('kept'), `round ${i}`).toBe('small');
      if (i % 2) await store.del('large');
      else clock.advance(1_000);
      expect(await store.has('large')).toBe(false);
    }
  });

  it('gives the room of an expired value to others', async () => {
    const large = 'x'.repeat(1_000);
    const maxBytes = sizeOf('kept', 'small') + sizeOf('large', large) + 50;
    const { clock, store } = create({ maxBytes });
    await store.set('kept', 'small', 60);
    await store.set('large', large, 1);
    clock.advance(1_000);
    expect(await store.has('large')).toBe(false);
    await store.set('other', 'x'.repeat(700), 60);
    expect(await store.get('kept')).toBe('small');
  });

  it('keeps what it holds when a value is larger than everything it may hold', async () => {
    const { store } = create({ maxBytes: sizeOf('other', 1) + sizeOf('key', 'small') });
    await store.set('other', 1, 60);
    await store.set('key', 'small', 60);
    const error: unknown = await store.set('key', 'x'.repeat(1_000), 60).catch((reason) => reason);
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toMatchObject({
      code: 'VALUE_TOO_LARGE',
      message: expect.stringMatching(/: cache less, or raise maxBytes\.$/),
    });
    expect(await store.getMany(['other', 'key'])).toEqual([1, 'small']);
  });

  it.each([
    ['maxEntries', 0],
    ['maxEntries', -1],
    ['maxEntries', Number.NaN],
    ['maxBytes', 0],
    ['maxBytes', Number.NaN],
  ])('refuses a %s of %d', (option, bound) => {
    const build = () => new MemoryCacheStore({ [option]: bound });
    expect(build).toThrow(CacheError);
    expect(build).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject: option }));
  });
});

it('a getIfPresent takes the time from who gives it', async () => {
  const { clock, store } = create();
  await store.set('key', 'held', 10);
  expect(store.getIfPresent('key', clock.now() + 9_999)).toBe('held');
  expect(store.getIfPresent('key', clock.now() + 10_000)).toBeUndefined();
});

it('a value that was found expired stays gone when the clock is set back', async () => {
  const { clock, store } = create();
  await store.set('key', 'old', 1);
  clock.advance(1_000);
  expect(await store.get('key')).toBeUndefined();
  clock.advance(-500);
  expect(await store.get('key')).toBeUndefined();
});

describe('the tokens of a memory store', () => {
  it('are none for a key that is too long for any record', async () => {
    const { store } = create({ maxBytes: frameBytes('long', undefined) });
    const tooLong = await store.getVersioned('longer than the others');
    expect(tooLong).toEqual({ value: undefined, version: 'none' });
    expect(await store.setIfUnchanged('longer than the others', 1, 60, 'none')).toBe(false);
    expect((await store.getVersioned('long')).version).not.toBe('none');
  });

  it('are not spared by eviction, however often they are read', async () => {
    const { store } = create({ maxEntries: 2 });
    await store.getVersioned('absent');
    for (let read = 0; read < 2; read++) expect(await store.get('absent')).toBeUndefined();
    await store.set('first', 1, 60);
    await store.set('second', 2, 60);
    expect(await store.getMany(['first', 'second'])).toEqual([1, 2]);
  });

  it('are no more than the records that it may hold', async () => {
    const { store } = create({ maxEntries: 100 });
    const reads = [];
    for (let i = 0; i < 5_000; i++) {
      reads.push({ key: `key-${i}`, ...(await store.getVersioned(`key-${i}`)) });
    }
    let filled = 0;
    for (const { key, version } of reads) {
      if (await store.setIfUnchanged(key, 1, 60, version)) filled++;
    }
    expect(filled).toBe(100);
  });

  it('count their keys as bytes', async () => {
    const keys = Array.from({ length: 50 }, (_, i) => String(i).padStart(100, '0'));
    const { store } = create({ maxBytes: 10 * frameBytes(String(keys[0]), undefined) });
    const reads = [];
    for (const key of keys) reads.push({ key, ...(await store.getVersioned(key)) });
    const known = [];
    // The last ones first: to look for one that is gone leaves a token in the place of another.
    for (const { key, version } of reads.reverse()) {
      if ((await store.getVersioned(key)).version === version) known.push(key);
    }
    expect(known).toHaveLength(10);
  });

  it('refuse a fill once they were evicted', async () => {
    const { store } = create({ maxEntries: 2 });
    const { version } = await store.getVersioned('key');
    await store.set('a', 1, 60);
    await store.set('b', 1, 60);
    expect(await store.setIfUnchanged('key', 'late', 60, version)).toBe(false);
    // A new token is another one, though nothing was ever written there.
    await store.getVersioned('key');
    expect(await store.setIfUnchanged('key', 'late', 60, version)).toBe(false);
  });

  it('are no values', async () => {
    const { store } = create();
    await store.getVersioned('key');
    expect(await store.get('key')).toBeUndefined();
    expect(await store.has('key')).toBe(false);
    expect(await store.delByPattern('key')).toBe(0);
    expect(await store.add('key', 1, 60)).toBe(true);
  });
});

describe('eviction from a memory store', () => {
  it('spares what is read while others pass through', async () => {
    const { store } = create({ maxEntries: 100 });
    const hot = Array.from({ length: 50 }, (_, i) => `hot-${i}`);
    await store.setMany(hot.map((key) => ({ key, value: key, ttl: 60 })));
    for (let i = 0; i < 2_000; i++) {
      await store.set(`once-${i}`, i, 60);
      await store.get(hot[i % hot.length] as string);
    }
    expect(await store.getMany(hot)).toEqual(hot);
  });

  it.each(['get', 'has', 'getVersioned'] as const)('counts %s as a read', async (read) => {
    const { store } = create({ maxEntries: 2 });
    await store.set('old', 1, 60);
    await store.set('new', 2, 60);
    await store[read]('old');
    await store.set('third', 3, 60);
    expect(await store.getMany(['old', 'new', 'third'])).toEqual([1, undefined, 3]);
  });
});

describe('overwriting in a memory store', () => {
  it('counts as a read of the value that was there', async () => {
    const { store } = create({ maxEntries: 2 });
    await store.set('old', 1, 60);
    await store.set('new', 2, 60);
    await store.set('old', 3, 60);
    await store.set('third', 4, 60);
    expect(await store.getMany(['old', 'new', 'third'])).toEqual([3, undefined, 4]);
  });

  it('does not count as one where there was but a token', async () => {
    const { store } = create({ maxEntries: 2 });
    const { version } = await store.getVersioned('old');
    await store.setIfUnchanged('old', 1, 60, version);
    await store.set('new', 2, 60);
    await store.set('third', 3, 60);
    expect(await store.getMany(['old', 'new', 'third'])).toEqual([undefined, 2, 3]);
  });

  it('counts as one where the time of the value was over when it was read', async () => {
    const { store, clock } = create({ maxEntries: 2 });
    await store.set('old', 1, 1);
    await store.set('new', 2, 60);
    clock.advance(1_000);
    const { version } = await store.getVersioned('old');
    await store.setIfUnchanged('old', 3, 60, version);
    await store.set('third', 4, 60);
    expect(await store.getMany(['old', 'new', 'third'])).toEqual([3, undefined, 4]);
  });

  it('evicts all others before what is being written', async () => {
    const fills = (key: string) => key.repeat(1_000);
    const { store } = create({ maxBytes: sizeOf('a', fills('a')) });
    const keys = ['a', 'b', 'c'];
    for (const key of keys) await store.set(key, key, 60);
    for (const key of keys) {
      await store.getMany(keys);
      await store.set(key, fills(key), 60);
      const held = await store.getMany(keys);
      expect(held).toEqual(keys.map((one) => (one === key ? fills(key) : undefined)));
    }
  });

  it('holds one record where it may hold less than one', async () => {
    const { store } = create({ maxEntries: 0.5 });
    await store.set('a', 1, 60);
    await store.set('b', 2, 60);
    expect(await store.getMany(['a', 'b'])).toEqual([undefined, 2]);
  });
});

describe('serialisation in a memory store', () => {
  it('writes with the serializer given, under the key given', async () => {
    const { store } = create({
      serializer: {
        name: 'reversing',
        serialize: (value, key) => `${key}|${[...JSON.stringify(value)].reverse().join('')}`,
        deserialize: (raw, key) => {
          const [name, text = ''] = String(raw).split('|');
          return name === key ? JSON.parse([...text].reverse().join('')) : 'another key';
        },
      },
    });
    await store.set('key', { a: 1 }, 60);
    expect(await store.get('key')).toEqual({ a: 1 });
  });

  it.each([
    ['a function', () => 1],
    ['a BigInt', 1n],
    ['undefined', undefined],
  ])('refuses %s, which JSON cannot write', async (_, value) => {
    const { store } = create();
    await store.set('key', 'before', 60);
    await expect(store.set('key', value, 60)).rejects.toMatchObject({ code: 'UNSERIALIZABLE' });
    expect(await store.get('key')).toBe('before');
  });

  it('loses what would be lost on the way to another machine', async () => {
    const { store } = create();
    await store.set('key', { when: new Date(0), gone: undefined }, 60);
    expect(await store.get('key')).toEqual({ when: '1970-01-01T00:00:00.000Z' });
  });

  it('gives back an entry of the service with a value of its own', async () => {
    const { store, clock } = create();
    const now = clock.now();
    const times = { createdAt: now, staleAt: now + 5, expiresAt: now + 9, loadMs: 3 };
    const fields = { ...times, versions: [[null, 'p'] as const, ['red', 'v'] as const] };
    const value = { list: [1] };
    await store.set('key', new Entry(fields, value), 60);
    value.list.push(2);
    const found = await store.get<Entry>('key');
    expect(found).toBeInstanceOf(Entry);
    expect({ ...found }).toEqual({ ...fields, value: { list: [1] } });
  });

  it.each([
    ['null', null],
    ['text', 'text'],
    ['zero', 0],
    ['nested data', { list: [{ n: 1 }], nothing: null }],
  ])('gives %s again and again, and each reader what nobody else has', async (_, value) => {
    const { store } = create();
    await store.set('key', value, 60);
    const texts: string[] = [];
    for (const read of [store.get, store.getVersioned, store.getIfPresent, store.get]) {
      const got: unknown = await read.call(store, 'key');
      const found = read === store.getVersioned ? Object(got).value : got;
      texts.push(JSON.stringify(found));
      if (found?.list) {
        found.list[0].n++;
        found.list.push('changed');
      }
    }
    expect(texts).toEqual(Array(4).fill(JSON.stringify(value)));
  });

  it.each<[string, SyncSerializer]>([
    [
      'as they are',
      { name: 'bytes', serialize: (v) => v as Uint8Array, deserialize: (raw) => raw },
    ],
    ['in parts', { name: 'v8', serialize, deserialize: (raw) => deserialize(raw as Uint8Array) }],
  ])(
    'gives bytes that a serializer passes on %s, and nobody has those of others',
    async (_, serializer) => {
      for (const frozen of [false, true]) {
        const { store } = create({ serializer, frozen });
        const bytes = new Uint8Array([1, 2]);
        await store.set('key', bytes, 60);
        bytes[0] = 9;
        for (let read = 0; read < 2; read++) {
          const found = await store.get<Uint8Array>('key');
          expect([...(found ?? [])]).toEqual([1, 2]);
          found?.fill(9);
        }
      }
    },
  );

  it('parses JSON once, and asks a serializer of the user for each reader', async () => {
    const parse = vi.spyOn(JSON, 'parse');
    const { store } = create();
    await store.set('key', { a: 1 }, 60);
    for (let read = 0; read < 3; read++) await store.get('key');
    expect(parse).toHaveBeenCalledTimes(1);

    const deserialize = vi.fn(jsonSerializer.deserialize);
    const own = create({ serializer: { ...jsonSerializer, deserialize } }).store;
    await own.set('key', { a: 1 }, 60);
    for (let read = 0; read < 3; read++) await own.get('key');
    expect(deserialize).toHaveBeenCalledTimes(3);
  });
});
