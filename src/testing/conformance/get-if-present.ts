import assert from 'node:assert/strict';
import { type ConformanceCase, defineCase, freshPrefix, spoil } from './case.js';

/**
 * For stores that hold values in this process: `getIfPresent` must agree with `get`. Each value is read with `get`
 * first, because a store may hold it in this process only then.
 */
export const peekCases: readonly ConformanceCase[] = [
  defineCase('getIfPresent returns what get returns', ['getIfPresent'], async ({ store }) => {
    const prefix = freshPrefix();
    assert.equal(store.getIfPresent(`${prefix}absent`), undefined);
    for (const value of ['text', '', 0, false, null, { nested: [1] }]) {
      await store.set(`${prefix}value`, value, 60);
      assert.deepEqual(await store.get(`${prefix}value`), value);
      assert.deepEqual(store.getIfPresent(`${prefix}value`), value);
    }
    await store.del(`${prefix}value`);
    assert.equal(store.getIfPresent(`${prefix}value`), undefined);
  }),

  defineCase(
    'getIfPresent returns no expired value',
    ['getIfPresent', 'exactTime'],
    async ({ store, advance }) => {
      const key = `${freshPrefix()}value`;
      await store.set(key, 'held', 10);
      await advance(9_999);
      assert.equal(await store.get(key), 'held');
      assert.equal(store.getIfPresent(key), 'held');
      await advance(1);
      assert.equal(store.getIfPresent(key), undefined);
    },
  ),

  defineCase(
    'getIfPresent lets no caller change what others read',
    ['getIfPresent'],
    async ({ store }) => {
      const key = `${freshPrefix()}value`;
      await store.set(key, { list: [1] }, 60);
      await store.get(key);
      spoil(store, store.getIfPresent<{ list: number[] }>(key)?.list);
      assert.deepEqual(store.getIfPresent(key), { list: [1] });
      assert.deepEqual(await store.get(key), { list: [1] });
    },
  ),
];
