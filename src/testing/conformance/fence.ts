import assert from 'node:assert/strict';
import { type ConformanceCase, count, defineCase, freshPrefix, spoil } from './case.js';
import { EVERY_STATE, FENCE, refusalCases, STATES } from './refusals.js';

const fills = EVERY_STATE.flatMap((state) => [
  defineCase(`fills a key read as ${state}`, FENCE, async ({ store, advance }) => {
    const key = `${freshPrefix()}value`;
    await STATES[state](store, key, advance);
    const { value, version } = await store.getVersioned(key);
    assert.equal(value, state === 'held' ? 'first' : undefined);
    assert.equal(await store.setIfUnchanged(key, { filled: [state] }, 60, version), true);
    assert.deepEqual(await store.get(key), { filled: [state] });
    assert.deepEqual((await store.getVersioned(key)).value, { filled: [state] });
  }),

  defineCase(
    `returns one version for all reads of a key that is ${state}`,
    FENCE,
    async ({ store, advance }) => {
      const key = `${freshPrefix()}value`;
      await STATES[state](store, key, advance);
      const first = await store.getVersioned(key);
      const reads = await Promise.all(count(5).map(() => store.getVersioned(key)));
      await store.get(key);
      reads.push(await store.getVersioned(key));
      assert.deepEqual(
        reads,
        reads.map(() => first),
      );
    },
  ),
]);

export const fenceCases: readonly ConformanceCase[] = [
  ...fills,
  ...refusalCases,

  defineCase('fills repeatedly, each time from a new read', FENCE, async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const versions = new Set<string>();
    for (const i of count(5)) {
      const { value, version } = await store.getVersioned(key);
      assert.equal(value, i === 0 ? undefined : i - 1);
      versions.add(version);
      assert.equal(await store.setIfUnchanged(key, i, 60, version), true);
    }
    assert.equal(await store.get(key), 4);
    assert.equal(versions.size, 5, 'every fill makes a new version');
  }),

  defineCase('accepts exactly one of twenty fills from one read', FENCE, async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const { version } = await store.getVersioned(key);
    const won = await Promise.all(count(20).map((i) => store.setIfUnchanged(key, i, 60, version)));
    assert.deepEqual(won.filter(Boolean), [true]);
    assert.equal(await store.get(key), won.indexOf(true));
  }),

  defineCase('lets del win over a concurrent fill', FENCE, async ({ store }) => {
    const prefix = freshPrefix();
    for (const i of count(6)) {
      const key = `${prefix}${i}`;
      if (i % 2) await store.set(key, 'first', 60);
      const { version } = await store.getVersioned(key);
      const fill = () => store.setIfUnchanged(key, 'late', 60, version);
      const both = i % 3 ? [fill(), store.del(key)] : [store.del(key), fill()];
      await Promise.all(both);
      assert.equal(await store.get(key), undefined);
    }
  }),

  defineCase('lets set win over a concurrent fill', FENCE, async ({ store }) => {
    const prefix = freshPrefix();
    for (const i of count(6)) {
      const key = `${prefix}${i}`;
      if (i % 2) await store.set(key, 'first', 60);
      const { version } = await store.getVersioned(key);
      const fill = () => store.setIfUnchanged(key, 'late', 60, version);
      const set = () => store.set(key, 'second', 60);
      await Promise.all(i % 3 ? [fill(), set()] : [set(), fill()]);
      assert.equal(await store.get(key), 'second');
    }
  }),

  defineCase('changes nothing when it refuses a fill', FENCE, async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const { version } = await store.getVersioned(key);
    await store.set(key, 'second', 60);
    const before = await store.getVersioned(key);
    assert.equal(await store.setIfUnchanged(key, 'late', 60, version), false);
    assert.deepEqual(await store.getVersioned(key), before);
    assert.equal(await store.setIfUnchanged(key, 'third', 60, before.version), true);
    assert.equal(await store.get(key), 'third');
  }),

  defineCase('accepts a fill after a refused add', [...FENCE, 'add'], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    await store.set(key, 'first', 60);
    const { version } = await store.getVersioned(key);
    assert.equal(await store.add(key, 'added', 60), false);
    assert.equal(await store.setIfUnchanged(key, 'filled', 60, version), true);
    assert.equal(await store.get(key), 'filled');
  }),

  defineCase(
    'accepts a fill after reads of every kind',
    [...FENCE, 'has', 'getMany'],
    async ({ store }) => {
      const key = `${freshPrefix()}value`;
      const { version } = await store.getVersioned(key);
      await store.get(key);
      await store.has(key);
      await store.getMany([key, key]);
      assert.equal(await store.setIfUnchanged(key, 'filled', 60, version), true);
      assert.equal(await store.get(key), 'filled');
    },
  ),

  defineCase('fences each key by itself', FENCE, async ({ store }) => {
    const prefix = freshPrefix();
    const [a, b] = [`${prefix}a`, `${prefix}b`];
    const ofA = await store.getVersioned(a);
    const ofB = await store.getVersioned(b);
    await store.del(a);
    assert.equal(await store.setIfUnchanged(b, 'filled', 60, ofB.version), true);
    assert.equal(await store.get(b), 'filled');
    assert.equal(await store.setIfUnchanged(a, 'late', 60, ofA.version), false);
  }),

  defineCase('fences keys of any length and kind', FENCE, async ({ store }) => {
    const prefix = freshPrefix();
    const keys = ['k'.repeat(3_000), '😀'.repeat(1_000), '\ud800', '#a', '*', '\n'];
    for (const key of keys.map((name) => prefix + name)) {
      const first = await store.getVersioned(key);
      await store.del(key);
      assert.equal(await store.setIfUnchanged(key, 'late', 60, first.version), false);
      const second = await store.getVersioned(key);
      assert.equal(await store.setIfUnchanged(key, 'filled', 60, second.version), true);
      assert.equal(await store.get(key), 'filled');
    }
  }),

  defineCase('isolates filled and versioned values from their copies', FENCE, async ({ store }) => {
    const key = `${freshPrefix()}value`;
    const value = { list: [1] };
    const { version } = await store.getVersioned(key);
    assert.equal(await store.setIfUnchanged(key, value, 60, version), true);
    value.list.push(2);
    const [first, second] = await Promise.all([
      store.getVersioned<typeof value>(key),
      store.getVersioned<typeof value>(key),
    ]);
    spoil(store, first.value?.list);
    assert.deepEqual(second.value, { list: [1] });
    assert.deepEqual((await store.getVersioned(key)).value, { list: [1] });
  }),

  defineCase(
    'returns the same version to other instances',
    [...FENCE, 'another'],
    async ({ store, another }) => {
      const key = `${freshPrefix()}value`;
      const absent = await store.getVersioned(key);
      assert.deepEqual(await another.getVersioned(key), absent);
      assert.equal(await another.setIfUnchanged(key, 'theirs', 60, absent.version), true);
      assert.equal(await store.setIfUnchanged(key, 'late', 60, absent.version), false);
      const held = await store.getVersioned(key);
      assert.equal(held.value, 'theirs');
      assert.deepEqual(await another.getVersioned(key), held);
    },
  ),

  defineCase(
    'refuses a fill after another instance deleted the key',
    [...FENCE, 'another'],
    async ({ store, another }) => {
      const prefix = freshPrefix();
      for (const state of ['absent', 'held', 'deleted'] as const) {
        const key = `${prefix}${state}`;
        await STATES[state](store, key, () => {});
        const { version } = await store.getVersioned(key);
        await another.del(key);
        assert.equal(await store.setIfUnchanged(key, 'late', 60, version), false, state);
        assert.equal(await store.get(key), undefined, state);
      }
    },
  ),

  defineCase(
    'refuses a fill after another instance set the key',
    [...FENCE, 'another'],
    async ({ store, another }) => {
      const prefix = freshPrefix();
      for (const state of ['absent', 'held', 'deleted'] as const) {
        const key = `${prefix}${state}`;
        await STATES[state](store, key, () => {});
        const { version } = await store.getVersioned(key);
        await another.set(key, 'theirs', 60);
        assert.equal(await store.setIfUnchanged(key, 'late', 60, version), false, state);
        assert.equal(await store.get(key), 'theirs', state);
      }
    },
  ),
];
