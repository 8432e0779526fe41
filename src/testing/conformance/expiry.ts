import assert from 'node:assert/strict';
import { type ConformanceCase, defineCase, freshPrefix } from './case.js';

const DAY = 86_400;

/** TTLs in seconds, and their starts within a second. A store that counts in whole seconds fails most of them. */
const LIVES: readonly (readonly [what: string, ttl: number, beginMs: number])[] = [
  ['10 s', 10, 0],
  ['10 s from the middle of a second', 10, 333],
  ['a quarter of a second', 0.25, 0],
  ['1.5 s across a second', 1.5, 700],
  ['one millisecond', 0.001, 1],
  ['30 days', 30 * DAY, 999],
];

const exactly = LIVES.map(([what, ttl, beginMs]) =>
  defineCase(
    `holds a value for ${what}, and no longer`,
    ['exactTime'],
    async ({ store, advance }) => {
      const key = `${freshPrefix()}value`;
      await advance(beginMs);
      await store.set(key, 'held', ttl);
      await advance(ttl * 1000 - 1);
      assert.equal(await store.get(key), 'held', 'one millisecond before its expiry');
      await advance(1);
      assert.equal(await store.get(key), undefined, 'at its expiry');
      await advance(1000);
      assert.equal(await store.get(key), undefined, 'after its expiry');
    },
  ),
);

export const expiryCases: readonly ConformanceCase[] = [
  defineCase('expires a value', [], async ({ store, advance }) => {
    const prefix = freshPrefix();
    await store.set(`${prefix}short`, 'held', 0.05);
    await store.set(`${prefix}long`, 'held', 3_600);
    await advance(100);
    assert.equal(await store.get(`${prefix}short`), undefined);
    assert.equal(await store.get(`${prefix}long`), 'held');
  }),

  ...exactly,

  defineCase('restarts the ttl when it overwrites', ['exactTime'], async ({ store, advance }) => {
    const prefix = freshPrefix();
    await store.set(`${prefix}longer`, 1, 10);
    await store.set(`${prefix}shorter`, 1, 100);
    await advance(9_000);
    await store.set(`${prefix}longer`, 2, 10);
    await store.set(`${prefix}shorter`, 2, 2);
    await advance(1_999);
    assert.equal(await store.get(`${prefix}shorter`), 2);
    await advance(1);
    assert.equal(await store.get(`${prefix}shorter`), undefined);
    await advance(7_999);
    assert.equal(await store.get(`${prefix}longer`), 2);
    await advance(1);
    assert.equal(await store.get(`${prefix}longer`), undefined);
  }),

  defineCase('does not extend the ttl on a read', ['exactTime'], async ({ store, advance }) => {
    const key = `${freshPrefix()}value`;
    await store.set(key, 'held', 10);
    for (let i = 0; i < 4; i++) {
      await advance(2_500);
      await store.get(key);
    }
    assert.equal(await store.get(key), undefined);
  }),

  defineCase(
    'accepts a new value after one has expired',
    ['exactTime'],
    async ({ store, advance }) => {
      const key = `${freshPrefix()}value`;
      await store.set(key, 1, 1);
      await advance(5_000);
      assert.equal(await store.get(key), undefined);
      await store.set(key, 2, 1);
      assert.equal(await store.get(key), 2);
    },
  ),

  defineCase('has a value until it expires', ['exactTime', 'has'], async ({ store, advance }) => {
    const key = `${freshPrefix()}value`;
    await store.set(key, null, 0.25);
    await advance(249);
    assert.equal(await store.has(key), true);
    await advance(1);
    assert.equal(await store.has(key), false);
  }),

  defineCase(
    'reads each value of a batch until it expires',
    ['exactTime', 'getMany'],
    async ({ store, advance }) => {
      const prefix = freshPrefix();
      const keys = [`${prefix}a`, `${prefix}b`];
      await store.set(`${prefix}a`, 'a', 0.25);
      await store.set(`${prefix}b`, 'b', 0.251);
      await advance(249);
      assert.deepEqual(await store.getMany(keys), ['a', 'b']);
      await advance(1);
      assert.deepEqual(await store.getMany(keys), [undefined, 'b']);
      await advance(1);
      assert.deepEqual(await store.getMany(keys), [undefined, undefined]);
    },
  ),

  defineCase(
    'writes each value of a batch with its own ttl',
    ['exactTime', 'setMany'],
    async ({ store, advance }) => {
      const prefix = freshPrefix();
      await store.setMany([
        { key: `${prefix}a`, value: 'a', ttl: 0.25 },
        { key: `${prefix}b`, value: 'b', ttl: 30 * DAY },
      ]);
      await advance(249);
      assert.equal(await store.get(`${prefix}a`), 'a');
      await advance(1);
      assert.equal(await store.get(`${prefix}a`), undefined);
      await advance(30 * DAY * 1000 - 251);
      assert.equal(await store.get(`${prefix}b`), 'b');
      await advance(1);
      assert.equal(await store.get(`${prefix}b`), undefined);
    },
  ),

  defineCase('adds with the given ttl', ['exactTime', 'add'], async ({ store, advance }) => {
    const key = `${freshPrefix()}value`;
    assert.equal(await store.add(key, 1, 1.5), true);
    await advance(1_499);
    assert.equal(await store.get(key), 1);
    assert.equal(await store.add(key, 2, 10), false);
    await advance(1);
    assert.equal(await store.get(key), undefined, 'the refused add did not extend the ttl');
    assert.equal(await store.add(key, 3, 10), true, 'the key is free');
    assert.equal(await store.get(key), 3);
  }),

  defineCase(
    'fills with the given ttl',
    ['exactTime', 'getVersioned', 'setIfUnchanged'],
    async ({ store, advance }) => {
      const key = `${freshPrefix()}value`;
      const absent = await store.getVersioned(key);
      assert.equal(await store.setIfUnchanged(key, 1, 1.5, absent.version), true);
      await advance(1_499);
      assert.equal((await store.getVersioned(key)).value, 1);
      await advance(1);
      const expired = await store.getVersioned(key);
      assert.equal(expired.value, undefined);
      assert.equal(await store.setIfUnchanged(key, 2, 1.5, expired.version), true);
      assert.equal(await store.get(key), 2);
      await advance(1_500);
      assert.equal(await store.get(key), undefined);
    },
  ),
];
