import assert from 'node:assert/strict';
import { type ConformanceCase, defineCase, freshPrefix } from './case.js';
import { EVERY_STATE, FENCE, STATES } from './refusals.js';

const CONSISTENT = { consistent: true } as const;

/** The needs of `expire`: a consistent read, the expiry it returns, and a write under the version just read. */
export const writeBackCases: readonly ConformanceCase[] = [
  ...EVERY_STATE.map((state) =>
    defineCase(
      `reads a key that is ${state} consistently, as it was written last`,
      FENCE,
      async ({ store, advance }) => {
        const key = `${freshPrefix()}value`;
        await store.getVersioned(key, CONSISTENT);
        await STATES[state](store, key, advance);
        const { value, version } = await store.getVersioned(key, CONSISTENT);
        assert.equal(value, state === 'held' ? 'first' : undefined);
        assert.equal(await store.setIfUnchanged(key, 'second', 60, version), true);
        assert.equal((await store.getVersioned(key, CONSISTENT)).value, 'second');
      },
    ),
  ),

  defineCase(
    'shows writes of another instance to a consistent read immediately',
    [...FENCE, 'another'],
    async ({ store, another }) => {
      const key = `${freshPrefix()}value`;
      const absent = await store.getVersioned(key, CONSISTENT);
      await another.set(key, 'theirs', 60);
      const held = await store.getVersioned(key, CONSISTENT);
      assert.equal(held.value, 'theirs');
      assert.notEqual(held.version, absent.version);
      await another.del(key);
      const deleted = await store.getVersioned(key, CONSISTENT);
      assert.equal(deleted.value, undefined);
      assert.notEqual(deleted.version, held.version);
    },
  ),

  defineCase(
    'returns the expiry of a value, if it returns any',
    [...FENCE, 'exactTime'],
    async ({ store, advance }) => {
      const prefix = freshPrefix();
      const endOf = async (name: string) => (await store.getVersioned(prefix + name)).expiresAt;
      await store.set(`${prefix}short`, 1, 60);
      await store.set(`${prefix}long`, 1, 90);
      const short = await endOf('short');
      if (short === undefined) return;
      assert.equal(Number(await endOf('long')) - short, 30_000);
      await advance(10_000);
      assert.equal(await endOf('short'), short);
      await store.set(`${prefix}later`, 1, 60);
      assert.equal(Number(await endOf('later')) - short, 10_000);
    },
  ),

  defineCase(
    'takes a value back under the version just read, with a ttl of its own',
    [...FENCE, 'exactTime'],
    async ({ store, advance }) => {
      const key = `${freshPrefix()}value`;
      await store.set(key, 'first', 60);
      await advance(20_000);
      const { version } = await store.getVersioned(key, CONSISTENT);
      assert.equal(await store.setIfUnchanged(key, 'marked', 40, version), true);
      assert.equal(await store.setIfUnchanged(key, 'late', 60, version), false);
      await advance(39_999);
      assert.equal(await store.get(key), 'marked');
      await advance(1);
      assert.equal(await store.get(key), undefined);
    },
  ),
];
