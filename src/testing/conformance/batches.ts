import assert from 'node:assert/strict';
import { type ConformanceCase, count, defineCase, freshPrefix, spoil } from './case.js';

/** More than any service accepts in one request: DynamoDB reads 100 keys at a time and writes 25. */
const MANY_READS = 150;
const MANY_WRITES = 60;

export const batchCases: readonly ConformanceCase[] = [
  defineCase('reads a batch in the order of its keys', ['getMany'], async ({ store }) => {
    const prefix = freshPrefix();
    for (const name of ['a', 'b', 'c']) await store.set(prefix + name, name, 60);
    const keys = ['c', 'absent', 'a', 'b'].map((name) => prefix + name);
    assert.deepEqual(await store.getMany(keys), ['c', undefined, 'a', 'b']);
  }),

  defineCase('reads an empty batch', ['getMany'], async ({ store }) => {
    assert.deepEqual(await store.getMany([]), []);
  }),

  defineCase(
    'reads a batch with a repeated key, as separate copies',
    ['getMany'],
    async ({ store }) => {
      const prefix = freshPrefix();
      const [a, b, absent] = [`${prefix}a`, `${prefix}b`, `${prefix}absent`];
      await store.set(a, { list: [1] }, 60);
      await store.set(b, null, 60);
      const found = await store.getMany<{ list: number[] }>([a, b, a, absent, a, absent]);
      spoil(store, found[0]?.list);
      const held = { list: [1] };
      assert.deepEqual(found.slice(1), [null, held, undefined, held, undefined]);
    },
  ),

  defineCase(`reads a batch of ${MANY_READS}`, ['getMany'], async ({ store }) => {
    const prefix = freshPrefix();
    const keys = count(MANY_READS).map((i) => `${prefix}${i}`);
    await Promise.all(keys.map((key, i) => (i % 2 === 0 ? store.set(key, { i }, 60) : undefined)));
    const expected = count(MANY_READS).map((i) => (i % 2 === 0 ? { i } : undefined));
    assert.deepEqual(await store.getMany(keys), expected);
    assert.deepEqual(await store.getMany(keys.toReversed()), expected.toReversed());
  }),

  defineCase('reads falsy values in a batch', ['getMany'], async ({ store }) => {
    const prefix = freshPrefix();
    const values = [0, '', false, null, 'absent'];
    const keys = values.map((_, i) => `${prefix}${i}`);
    await Promise.all(values.slice(0, 4).map((value, i) => store.set(`${prefix}${i}`, value, 60)));
    assert.deepEqual(await store.getMany(keys), [0, '', false, null, undefined]);
  }),

  defineCase('reads concurrent batches', ['getMany'], async ({ store }) => {
    const prefix = freshPrefix();
    const keys = count(40).map((i) => `${prefix}${i}`);
    await Promise.all(keys.map((key, i) => store.set(key, i, 60)));
    const batches = count(5).map((n) => keys.slice(n * 5, n * 5 + 15));
    const found = await Promise.all(batches.map((batch) => store.getMany(batch)));
    assert.deepEqual(
      found,
      count(5).map((n) => count(15).map((i) => n * 5 + i)),
    );
  }),

  defineCase(`writes a batch of ${MANY_WRITES}`, ['setMany'], async ({ store }) => {
    const prefix = freshPrefix();
    const keys = count(MANY_WRITES).map((i) => `${prefix}${i}`);
    // MANY_WRITES is more than one.
    const [overwritten] = keys as [string];
    await store.set(overwritten, 'before', 60);
    await store.setMany(keys.map((key, i) => ({ key, value: i % 7 ? { i } : null, ttl: 60 })));
    const found = await Promise.all(keys.map((key) => store.get(key)));
    assert.deepEqual(
      found,
      count(MANY_WRITES).map((i) => (i % 7 ? { i } : null)),
    );
  }),

  defineCase('writes an empty batch', ['setMany'], async ({ store }) => {
    await store.setMany([]);
  }),

  defineCase('writes a batch as copies', ['setMany'], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const value = { list: [1] };
    await store.setMany([{ key, value, ttl: 60 }]);
    value.list.push(2);
    assert.deepEqual(await store.get(key), { list: [1] });
  }),

  defineCase(`deletes a batch of ${MANY_WRITES}`, ['delMany'], async ({ store }) => {
    const prefix = freshPrefix();
    const keys = count(MANY_WRITES).map((i) => `${prefix}${i}`);
    await Promise.all([...keys, `${prefix}other`].map((key) => store.set(key, 1, 60)));
    await store.delMany(keys);
    const found = await Promise.all(keys.map((key) => store.get(key)));
    assert.deepEqual(
      found,
      keys.map(() => undefined),
    );
    assert.equal(await store.get(`${prefix}other`), 1);
  }),

  defineCase('deletes a batch with repeated and absent keys', ['delMany'], async ({ store }) => {
    const prefix = freshPrefix();
    await store.set(`${prefix}a`, 1, 60);
    await store.set(`${prefix}b`, 2, 60);
    await store.delMany([`${prefix}a`, `${prefix}absent`, `${prefix}a`, `${prefix}absent`]);
    assert.equal(await store.get(`${prefix}a`), undefined);
    assert.equal(await store.get(`${prefix}b`), 2);
  }),

  defineCase('deletes an empty batch', ['delMany'], async ({ store }) => {
    await store.delMany([]);
  }),
];
