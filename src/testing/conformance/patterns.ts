import assert from 'node:assert/strict';
import { escapeGlob } from '../../util/glob.js';
import { type Able, type ConformanceCase, count, defineCase, freshPrefix } from './case.js';

const LONG = 'k'.repeat(10_000);

/** Patterns, with the keys that they delete and the keys that stay, all below the case's own prefix. */
const PATTERNS: readonly {
  readonly what: string;
  readonly pattern: string;
  readonly goes: readonly string[];
  readonly stays: readonly string[];
}[] = [
  {
    what: '* for any run of characters',
    pattern: 'user:*',
    goes: ['user:', 'user:1', 'user:1:posts', 'user:*', 'user:日本'],
    stays: ['user', 'users:1', 'USER:1', 'a:user:1'],
  },
  {
    what: 'a * in the middle',
    pattern: 'a*z',
    goes: ['az', 'abz', 'azz', 'azaz'],
    stays: ['a', 'azb', 'z'],
  },
  {
    what: 'several *',
    pattern: '*a*b*',
    goes: ['ab', 'xaxbx', 'aab', 'abab'],
    stays: ['ba', 'a', 'b', ''],
  },
  { what: '** as *', pattern: 'a**b', goes: ['ab', 'axb', 'a*b'], stays: ['a', 'b', 'abc'] },
  {
    what: '? for one character',
    pattern: 'a?c',
    goes: ['abc', 'a?c', 'a*c', 'a\nc'],
    stays: ['ac', 'abbc'],
  },
  {
    what: '? for one character of two code units',
    pattern: 'a?c',
    goes: ['a😀c', 'a日c'],
    stays: ['a😀😀c'],
  },
  {
    what: 'from the start to the end',
    pattern: 'b',
    goes: ['b'],
    stays: ['ab', 'bc', 'abc', 'B', 'b ', 'b\n'],
  },
  { what: 'line breaks', pattern: 'a*c', goes: ['a\nc', 'a\r\nb\u2028c'], stays: ['a\nb\n'] },
  { what: 'an escaped *', pattern: 'a\\*c', goes: ['a*c'], stays: ['abc', 'ac', 'a\\*c', 'a\\bc'] },
  { what: 'an escaped ?', pattern: 'a\\?c', goes: ['a?c'], stays: ['abc', 'a\\?c', 'ac'] },
  { what: 'an escaped \\', pattern: 'a\\\\*', goes: ['a\\', 'a\\b'], stays: ['a', 'a*', 'ab'] },
  {
    what: 'an escape without effect',
    pattern: '\\a\\-\\[',
    goes: ['a-['],
    stays: ['\\a\\-\\['],
  },
  { what: 'literal brackets', pattern: '[ab]', goes: ['[ab]'], stays: ['a', 'b', '[', 'ab'] },
  {
    what: 'literal braces',
    pattern: '{a,b}*',
    goes: ['{a,b}', '{a,b}c'],
    stays: ['a', 'b', 'ac'],
  },
  {
    what: 'literal characters of regular expressions',
    pattern: '^a.c+(d|e)$',
    goes: ['^a.c+(d|e)$'],
    stays: ['abcd', 'a.ccd', 'a.c+d', '^abc+(d|e)$'],
  },
  {
    what: 'literal characters of query languages',
    pattern: "%_'#:v*",
    goes: ["%_'#:v", "%_'#:v1"],
    stays: ["ab'#:v", "%_'#:w"],
  },
  {
    what: 'keys of any length',
    pattern: 'k*k:end',
    goes: [`${LONG}:end`, 'kk:end'],
    stays: [`${LONG}:End`, `${LONG}:end2`, 'k:end'],
  },
  {
    what: 'a long key by its full name',
    pattern: `${LONG}a`,
    goes: [`${LONG}a`],
    stays: [LONG, `${LONG}b`],
  },
  {
    what: 'a long prefix',
    pattern: `${'k'.repeat(1_500)}*`,
    goes: ['k'.repeat(1_500), 'k'.repeat(1_501), LONG],
    stays: ['k'.repeat(1_499), `a${LONG}`],
  },
  {
    what: 'keys with half a surrogate pair',
    pattern: 'a*',
    goes: ['a\ud800', 'a\ud801', 'a\ufffd'],
    stays: ['\ud800', '\ufffd'],
  },
  {
    what: 'a literal half of a surrogate pair',
    pattern: '\ud800*',
    goes: ['\ud800', '\ud800b'],
    stays: ['\ud801', '\ufffd', '\ufffdb'],
  },
  { what: 'nothing', pattern: 'none*', goes: [], stays: ['non', 'one'] },
];

async function check(
  store: Able<'delByPattern'>,
  pattern: string,
  goes: readonly string[],
  stays: readonly string[],
): Promise<void> {
  const keys = [...goes, ...stays];
  await Promise.all(keys.map((key) => store.set(key, key, 60)));
  const deleted = await store.delByPattern(pattern);
  const held = await Promise.all(keys.map((key) => store.get(key)));
  assert.deepEqual(
    held.slice(0, goes.length),
    goes.map(() => undefined),
    'the keys that should be gone',
  );
  assert.deepEqual(held.slice(goes.length), stays, 'the keys that should have stayed');
  assert.equal(deleted, goes.length, 'the number deleted');
}

export const patternCases: readonly ConformanceCase[] = [
  ...PATTERNS.map(({ what, pattern, goes, stays }) =>
    defineCase(`deletes by a pattern: ${what}`, ['delByPattern'], async ({ store }) => {
      const prefix = freshPrefix();
      const below = (names: readonly string[]) => names.map((name) => prefix + name);
      await check(store, prefix + pattern, below(goes), below(stays));
    }),
  ),

  defineCase(
    'deletes by a pattern that begins with a wildcard',
    ['delByPattern'],
    async ({ store }) => {
      const end = freshPrefix();
      await check(store, `*${end}`, [end, `a${end}`, `a:b#${end}`], [`a${end}b`]);
      await check(store, `?${end}`, [`b${end}`], [end, `bb${end}`]);
    },
  ),

  defineCase(
    'deletes keys that begin with # only by a pattern that begins with #',
    ['delByPattern'],
    async ({ store }) => {
      const end = freshPrefix();
      await check(store, `*${end}`, [`a${end}`], [`#tag:${end}`, `#${end}`]);
      await check(store, `?${end}`, [`b${end}`], [`#${end}`]);
      await check(store, `#*${end}`, [`#tag:${end}`, `#${end}`], [`a${end}`]);
      await check(store, `\\#tag:${escapeGlob(end)}`, [`#tag:${end}`], [`#${end}`, `tag:${end}`]);
    },
  ),

  defineCase('deletes many keys by a pattern', ['delByPattern'], async ({ store }) => {
    const prefix = freshPrefix();
    const keys = count(130).map((i) => `${prefix}${i}`);
    await check(store, `${prefix}*`, keys, []);
  }),

  defineCase('deletes large values by a pattern', ['delByPattern'], async ({ store }) => {
    // Several pages: DynamoDB, for example, returns 1 MB of a table at a time.
    const prefix = freshPrefix();
    const keys = count(6).map((i) => `${prefix}${i}`);
    await Promise.all(keys.map((key) => store.set(key, 'large'.repeat(50_000), 60)));
    assert.equal(await store.delByPattern(`${prefix}*`), keys.length);
    const left = await Promise.all(keys.map((key) => store.get(key)));
    assert.deepEqual(
      left,
      keys.map(() => undefined),
    );
  }),

  defineCase('does not count deleted keys', ['delByPattern'], async ({ store }) => {
    const prefix = freshPrefix();
    await store.set(`${prefix}deleted`, 1, 60);
    await store.set(`${prefix}held`, 1, 60);
    await store.del(`${prefix}deleted`);
    await store.del(`${prefix}absent`);
    assert.equal(await store.delByPattern(`${prefix}*`), 1);
    assert.equal(await store.delByPattern(`${prefix}*`), 0);
  }),

  defineCase(
    'does not count expired keys',
    ['delByPattern', 'exactTime'],
    async ({ store, advance }) => {
      const prefix = freshPrefix();
      await store.set(`${prefix}expired`, 1, 1);
      await store.set(`${prefix}held`, 1, 60);
      await advance(1_000);
      assert.equal(await store.delByPattern(`${prefix}*`), 1);
    },
  ),

  defineCase(
    'accepts new values after a deletion by a pattern',
    ['delByPattern'],
    async ({ store }) => {
      const key = `${freshPrefix()}value`;
      await store.set(key, 1, 60);
      assert.equal(await store.delByPattern(`${key}*`), 1);
      assert.equal(await store.get(key), undefined);
      await store.set(key, 2, 60);
      assert.equal(await store.get(key), 2);
      assert.equal(await store.delByPattern(`${key}*`), 1);
      assert.equal(await store.get(key), undefined);
    },
  ),

  defineCase(
    'deletes values of another instance by a pattern',
    ['delByPattern', 'another'],
    async ({ store, another }) => {
      const key = `${freshPrefix()}value`;
      await another.set(key, 1, 60);
      assert.equal(await store.delByPattern(`${key}*`), 1);
      assert.equal(await another.get(key), undefined);
    },
  ),
];
