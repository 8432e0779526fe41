import assert from 'node:assert/strict';
import type { VersionedStore } from '../../model/cache-store.js';
import type { SyncSerializer } from '../../serializers/serializer.js';
import { type ConformanceCase, count, defineCase, freshPrefix, spoil } from './case.js';

const VALUES: readonly (readonly [what: string, value: unknown])[] = [
  ['text', 'held'],
  ['an empty string', ''],
  ['text that looks like another value', 'null'],
  ['text that looks like JSON', '{"a":[1]}'],
  ['zero', 0],
  ['false', false],
  ['null', null],
  ['true', true],
  ['a fraction', 0.1],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER],
  ['the smallest number', Number.MIN_VALUE],
  ['a number in exponent notation', 1e21],
  ['an empty array', []],
  ['an empty object', {}],
  ['nested data', { list: [1, [2, { three: null }], ''], map: { a: { b: { c: false } } } }],
  ['only nulls', [null, null, { a: null }]],
  ['text of every kind', 'ß 日本語 \u0000 \u2028 "quoted" \\ \r\n 👨‍👩‍👧 \u{1f600}'],
  ['text with half a surrogate pair', 'a\ud800b'],
  ['names of every kind', { '': 1, ' ': 2, ключ: 3, '😀': 4, 'a.b': 5, $set: 6, '#n': 7, ':v': 8 }],
  ['fields that are special in JavaScript', JSON.parse('{"__proto__":{"a":1},"constructor":2}')],
  [
    "the field names of this package's own entries",
    { c: 1, s: 2, e: 3, d: 4, p: 'p', t: [], v: 5 },
  ],
  ['a long text', 'long 日本 '.repeat(5_000)],
  ['deep data', count(200).reduce<unknown>((inner) => [inner], 'bottom')],
];

const roundTrips = VALUES.map(([what, value]) =>
  defineCase(`stores and returns ${what}`, [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    await store.set(key, value, 60);
    assert.deepEqual(await store.get(key), value);
  }),
);

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes that are not valid text, in the middle of a larger buffer, like pooled ones. */
function pooledBytes(value: unknown): Bytes {
  const json = new TextEncoder().encode(JSON.stringify(value));
  const pool = new Uint8Array(json.length + 7).fill(0x7b);
  pool.set([0xff, 0x00, 0xc3], 2);
  pool.set(json, 5);
  return pool.subarray(2, 5 + json.length);
}

/** Adds the keys that it receives to `seen`. */
const bytesSerializer = (seen: string[], as: (bytes: Bytes) => Uint8Array): SyncSerializer => ({
  name: 'bytes',
  serialize(value, key) {
    seen.push(key);
    return as(pooledBytes(value));
  },
  deserialize(raw, key) {
    seen.push(key);
    assert.ok(raw instanceof Uint8Array, `bytes came back as ${typeof raw}`);
    assert.deepEqual([...raw.subarray(0, 3)], [0xff, 0x00, 0xc3], 'other bytes came back');
    return JSON.parse(new TextDecoder().decode(raw.subarray(3)));
  },
});

const BYTES: readonly (readonly [kind: string, as: (bytes: Bytes) => Uint8Array])[] = [
  ['bytes', (bytes) => bytes],
  ['a Buffer', (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)],
];

const serializerCases = BYTES.map(([kind, as]) =>
  defineCase(`keeps ${kind} of a serializer`, ['withSerializer'], async ({ withSerializer }) => {
    const keys: string[] = [];
    const store = withSerializer(bytesSerializer(keys, as));
    const key = `${freshPrefix()}value`;
    const value = { a: ['ß', null] };
    await store.set(key, value, 60);
    assert.deepEqual(await store.get(key), value);
    assert.deepEqual((await store.getMany?.([key])) ?? [value], [value]);
    assert.deepEqual(new Set(keys), new Set([key]), 'the keys that the serializer is given');
    await store.close?.();
  }),
);

/** Writes text unchanged, and cannot read one of them. */
const textSerializer: SyncSerializer = {
  name: 'text',
  serialize: (value) => String(value),
  deserialize(raw) {
    if (raw === 'unreadable') throw new Error('This text cannot be read.');
    return typeof raw === 'string' ? raw : new TextDecoder().decode(raw);
  },
};

export const valueCases: readonly ConformanceCase[] = [
  ...roundTrips,

  defineCase('returns undefined, not null, for an absent key', [], async ({ store }) => {
    assert.equal(await store.get(`${freshPrefix()}absent`), undefined);
  }),

  defineCase('returns undefined for keys named like built-in members', [], async ({ store }) => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      await store.del(key);
      assert.equal(await store.get(key), undefined, key);
    }
  }),

  defineCase('overwrites with a value of another type', [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    for (const value of [{ a: 1 }, null, 'text', 0, [1]]) {
      await store.set(key, value, 60);
      assert.deepEqual(await store.get(key), value);
    }
  }),

  defineCase('isolates the value from the object that was set', [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const value = { list: [1] };
    const written = store.set(key, value, 60);
    await written;
    value.list.push(2);
    assert.deepEqual(await store.get(key), { list: [1] });
  }),

  defineCase('writes the value as it is at the call', [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const value = { list: [1] };
    const written = store.set(key, value, 60);
    value.list.push(2);
    await written;
    assert.deepEqual(await store.get(key), { list: [1] });
  }),

  defineCase('isolates the value from the object that a read returned', [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    await store.set(key, { list: [1] }, 60);
    const first = await store.get<{ list: number[] }>(key);
    spoil(store, first?.list);
    assert.deepEqual(await store.get(key), { list: [1] });
  }),

  defineCase('lets no reader change what another reads', [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    await store.set(key, { list: [1] }, 60);
    const reads = await Promise.all(count(5).map(() => store.get<{ list: number[] }>(key)));
    spoil(store, reads[0]?.list);
    assert.deepEqual(
      reads.slice(1),
      count(4).map(() => ({ list: [1] })),
    );
  }),

  defineCase('returns the right value to each of many concurrent reads', [], async ({ store }) => {
    const prefix = freshPrefix();
    const keys = count(120).map((i) => `${prefix}${i}`);
    await Promise.all(keys.map((key, i) => (i % 3 === 0 ? undefined : store.set(key, i, 60))));
    const found = await Promise.all(keys.map((key) => store.get(key)));
    assert.deepEqual(
      found,
      count(120).map((i) => (i % 3 === 0 ? undefined : i)),
    );
  }),

  ...serializerCases,

  defineCase('keeps the text of a serializer', ['withSerializer'], async ({ withSerializer }) => {
    const store = withSerializer(textSerializer);
    const key = `${freshPrefix()}value`;
    for (const text of ['ß "quoted"', '', '\u0000', 'null', '\n', 'two\nlines\r\n']) {
      await store.set(key, text, 60);
      assert.equal(await store.get(key), text);
    }
    await store.close?.();
  }),

  defineCase(
    'rejects the read of a value that its serializer cannot read',
    ['withSerializer'],
    async ({ withSerializer }) => {
      const store = withSerializer(textSerializer);
      const key = `${freshPrefix()}value`;
      await store.set(key, 'unreadable', 60);
      await assert.rejects(store.get(key), /This text cannot be read/);
      await store.set(key, 'readable', 60);
      assert.equal(await store.get(key), 'readable');
      await store.set(key, 'unreadable', 60);
      await store.del(key);
      assert.equal(await store.get(key), undefined);
      await store.close?.();
    },
  ),

  defineCase(
    'returns a version for a value that its serializer cannot read, so that a load can replace it',
    ['withSerializer', 'getVersioned', 'setIfUnchanged'],
    async ({ withSerializer }) => {
      // The needs of the case hold for a store with another serializer, too.
      const store = withSerializer(textSerializer) as VersionedStore;
      const key = `${freshPrefix()}value`;
      await store.set(key, 'unreadable', 60);
      const { value, version, error } = await store.getVersioned(key);
      assert.equal(value, undefined);
      assert.match(String(error), /This text cannot be read/);
      assert.equal(await store.setIfUnchanged(key, 'readable', 60, version), true);
      assert.equal(await store.get(key), 'readable');
      assert.equal(await store.setIfUnchanged(key, 'late', 60, version), false);
      await store.close?.();
    },
  ),
];
