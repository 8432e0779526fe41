import assert from 'node:assert/strict';
import { type ConformanceCase, count, defineCase, freshPrefix } from './case.js';

/** Cases for `del`, `has`, `add`, `clear` and `close`, and for their effect on another instance. */
export const writeCases: readonly ConformanceCase[] = [
  defineCase('deletes a value', [], async ({ store }) => {
    const prefix = freshPrefix();
    await store.set(`${prefix}a`, 1, 60);
    await store.set(`${prefix}b`, 2, 60);
    await store.del(`${prefix}a`);
    assert.equal(await store.get(`${prefix}a`), undefined);
    assert.equal(await store.get(`${prefix}b`), 2);
  }),

  defineCase('deletes absent and deleted keys without an error', [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    await store.del(key);
    await store.set(key, 1, 60);
    await store.del(key);
    await store.del(key);
    assert.equal(await store.get(key), undefined);
  }),

  defineCase('accepts a new value after a deletion', [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    await store.set(key, 1, 60);
    await store.del(key);
    assert.equal(await store.get(key), undefined);
    await store.set(key, 2, 60);
    assert.equal(await store.get(key), 2);
  }),

  defineCase('has any value that is held', ['has'], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    assert.equal(await store.has(key), false, 'absent');
    for (const value of [null, 0, '', false, { a: 1 }]) {
      await store.set(key, value, 60);
      assert.equal(await store.has(key), true, JSON.stringify(value));
    }
    await store.del(key);
    assert.equal(await store.has(key), false, 'deleted');
  }),

  defineCase('adds only if there is no value', ['add'], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    assert.equal(await store.add(key, 1, 60), true, 'absent');
    assert.equal(await store.add(key, 2, 60), false, 'present');
    assert.equal(await store.get(key), 1);
    await store.del(key);
    assert.equal(await store.add(key, 3, 60), true, 'deleted');
    assert.equal(await store.get(key), 3);
  }),

  defineCase('does not add over a falsy value', ['add'], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    for (const value of [null, 0, '', false]) {
      await store.set(key, value, 60);
      assert.equal(await store.add(key, 'added', 60), false, JSON.stringify(value));
      assert.equal(await store.get(key), value);
    }
  }),

  defineCase('accepts exactly one of twenty concurrent adds', ['add'], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const won = await Promise.all(count(20).map((i) => store.add(key, i, 60)));
    assert.deepEqual(won.filter(Boolean), [true]);
    assert.equal(await store.get(key), won.indexOf(true));
  }),

  defineCase(
    'accepts exactly one of twenty concurrent adds after a deletion',
    ['add'],
    async ({ store }) => {
      const key = `${freshPrefix()}value`;
      await store.set(key, 'before', 60);
      await store.del(key);
      const won = await Promise.all(count(20).map((i) => store.add(key, i, 60)));
      assert.deepEqual(won.filter(Boolean), [true]);
      assert.equal(await store.get(key), won.indexOf(true));
    },
  ),

  defineCase('adds a copy', ['add'], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const value = { list: [1] };
    assert.equal(await store.add(key, value, 60), true);
    value.list.push(2);
    assert.deepEqual(await store.get(key), { list: [1] });
  }),

  defineCase('clears all keys', ['clear'], async ({ store }) => {
    const prefix = freshPrefix();
    const keys = [`${prefix}a`, `${prefix}*`, prefix + 'k'.repeat(3_000), `#${prefix}`, ''];
    await Promise.all(keys.map((key) => store.set(key, 1, 60)));
    await store.clear();
    const left = await Promise.all(keys.map((key) => store.get(key)));
    assert.deepEqual(
      left,
      keys.map(() => undefined),
    );
    await store.clear();
    await store.set(`${prefix}a`, 2, 60);
    assert.equal(await store.get(`${prefix}a`), 2, 'a value set afterwards');
    await store.del(`${prefix}a`);
  }),

  defineCase('shows writes to another instance', ['another'], async (subject) => {
    const { store, another, advance, lagMs = 0 } = subject;
    const key = `${freshPrefix()}value`;
    await store.set(key, { a: [1] }, 600);
    assert.deepEqual(await another.get(key), { a: [1] });
    await another.set(key, 'theirs', 600);
    await advance(lagMs);
    assert.equal(await store.get(key), 'theirs');
    await another.del(key);
    await advance(lagMs);
    assert.equal(await store.get(key), undefined);
  }),

  defineCase(
    'accepts an add from only one of two instances',
    ['another', 'add'],
    async ({ store, another }) => {
      const prefix = freshPrefix();
      for (const i of count(5)) {
        const key = `${prefix}${i}`;
        const won = await Promise.all([store.add(key, 'ours', 60), another.add(key, 'theirs', 60)]);
        assert.deepEqual(won.filter(Boolean), [true]);
        assert.equal(await store.get(key), won[0] ? 'ours' : 'theirs');
      }
    },
  ),

  defineCase('closes twice without an error', ['close'], async ({ store }) => {
    await store.set(`${freshPrefix()}value`, 1, 60);
    await store.close();
    await store.close();
  }),
];
