import assert from 'node:assert/strict';
import type { CacheStore } from '../../model/cache-store.js';
import { type ConformanceCase, count, defineCase, freshPrefix } from './case.js';

const KEYS: readonly (readonly [what: string, keys: readonly string[]])[] = [
  ['case', ['key', 'Key', 'KEY']],
  ['spaces', ['key', 'key ', ' key', 'key  ', 'key\t', '']],
  ['their last characters', ['a', 'aa', 'a/', 'a:', 'a.', 'a\u0000', 'a\u0000b']],
  ['accents as one character or two', ['\u00e9', 'e\u0301', 'e']],
  ['glob characters', ['*', '?', '\\', '\\*', '**', '[ab]', 'a', '{a}', '!a', '^a', 'a*', '?a']],
  ['control characters', ['', '\n', '\r', '\r\n', '\t', '\u0000', '\u007f', '\u0085', '\u2028']],
  [
    'characters that stores use',
    ['#', '#a', 'a#b', '/', '//', '../a', '.', '..', '%2F', '%', '+', '&'],
  ],
  ['paths', ['a/b', 'a//b', 'a/./b', 'a/../b', 'b', '/b', 'a/b/', 'a%2Fb', 'a b', 'a+b', 'a%20b']],
  ['quotes', ['"', "'", '`', '$', '$' + '{a}', '{{a}}', '<a>', ';', '--', '(', ')', '=', '|']],
  [
    'alphabets',
    ['日本語', 'ключ', 'مفتاح', 'Ключ', '😀', '😁', '👨‍👩‍👧', '👨‍👩', '\ufeff', '\u200b'],
  ],
  ['a part like a hash', ['a', `a~${'0'.repeat(64)}`, `a~${'1'.repeat(64)}`, '0'.repeat(64)]],
  ['half a character', ['\ud800', '\ud801', '\udc00', '\ufffd', 'a\ud83d', 'a\ud83e']],
  [
    'the part after 10,000 equal characters',
    ['a', 'b', 'A', ''].map((end) => 'k'.repeat(10_000) + end),
  ],
  [
    'the part before 10,000 equal characters',
    ['a', 'b', 'A'].map((start) => start + 'k'.repeat(10_000)),
  ],
  [
    'one more character',
    [255, 256, 257, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049].map((n) => 'k'.repeat(n)),
  ],
  [
    'one more character of four bytes',
    [255, 256, 257, 511, 512, 513, 1_023, 1_024, 1_025].map((n) => '😀'.repeat(n)),
  ],
];

/** Checks that every key holds its own value, and that a deletion affects no other key. */
async function checkApart(store: CacheStore, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key, i) => store.set(key, i, 60)));
  const all = await Promise.all(keys.map((key) => store.get(key)));
  assert.deepEqual(all, count(keys.length), 'each key has the value that was set under it');
  // Every caller gives at least one key.
  const [first, ...others] = keys as [string, ...string[]];
  await store.del(first);
  assert.equal(await store.get(first), undefined, 'the deleted key');
  const left = await Promise.all(others.map((key) => store.get(key)));
  assert.deepEqual(
    left,
    count(others.length).map((i) => i + 1),
    'the other keys',
  );
  await Promise.all(others.map((key) => store.del(key)));
  const gone = await Promise.all(others.map((key) => store.get(key)));
  assert.deepEqual(
    gone,
    others.map(() => undefined),
    'all keys deleted',
  );
}

export const keyCases: readonly ConformanceCase[] = [
  ...KEYS.map(([what, keys]) =>
    defineCase(`separates keys that differ in ${what}`, [], async ({ store }) => {
      const prefix = freshPrefix();
      await checkApart(
        store,
        keys.map((key) => prefix + key),
      );
    }),
  ),

  defineCase('accepts any text as a key', [], async ({ store }) => {
    const keys = [
      '',
      ' ',
      '#',
      '*',
      '.',
      '..',
      '/',
      '\n',
      '\ud800',
      '__proto__',
      'constructor',
      'length',
    ];
    await checkApart(store, keys);
  }),
];
