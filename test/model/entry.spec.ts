import { CacheError } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import type { DependencyVersions } from '../../src/model/dependency.js';
import { createEntry, freshness, readEntry } from '../../src/model/entry.js';

const times = { createdAt: 1_000, staleAt: 2_000, expiresAt: 3_000 };
const versions: DependencyVersions = [
  [null, 'p1'],
  ['red', 'r1'],
];
const fields = { ...times, loadMs: 40, versions };
/** As a store that writes JSON gives it back. */
const stored = (value: unknown, changes: object = {}): unknown =>
  JSON.parse(JSON.stringify({ ...createEntry('k', fields, value), ...changes }));

describe('freshness', () => {
  it.each([
    [999, 'fresh'],
    [1_999, 'fresh'],
    [2_000, 'stale'],
    [2_999, 'stale'],
    [3_000, 'expired'],
    [9_999, 'expired'],
  ])('at %i is %s', (now, expected) => {
    expect(freshness(times, now)).toBe(expected);
  });

  it('never is stale without a stale time', () => {
    expect(freshness({ staleAt: undefined, expiresAt: 3_000 }, 2_999)).toBe('fresh');
    expect(freshness({ staleAt: undefined, expiresAt: 3_000 }, 3_000)).toBe('expired');
  });
});

describe('an entry as it is written', () => {
  it('comes back the same from JSON', () => {
    expect(readEntry(stored({ n: [1] }))).toMatchObject({ ...fields, value: { n: [1] } });
  });

  it('comes back without what it does not have', () => {
    const read = readEntry(stored(1, { staleAt: undefined }));
    expect(read).toMatchObject({ createdAt: 1_000, expiresAt: 3_000, value: 1 });
    expect(read?.staleAt).toBeUndefined();
  });

  it('is taken as it is from a store in this process', () => {
    const entry = createEntry('k', fields, 1);
    expect(readEntry(entry)).toBe(entry);
  });

  it.each([0, '', false, null, [], {}])('holds %j', (value) => {
    expect(readEntry(stored(value))?.value).toEqual(value);
  });

  it('holds a tag named __proto__', () => {
    const odd = [
      [null, 'p'],
      ['__proto__', 'v'],
    ];
    expect(readEntry(stored(1, { versions: odd }))?.versions).toEqual(odd);
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
  ])('is not made of %s', (_name, value) => {
    expect.assertions(2);
    try {
      createEntry('the key', fields, value);
    } catch (error) {
      expect(error).toBeInstanceOf(CacheError);
      expect(error).toMatchObject({ code: 'UNSERIALIZABLE', subject: 'the key' });
    }
  });
});

describe('what is not an entry', () => {
  it.each([null, undefined, 0, 'text', true, [], {}, { value: 1 }, { createdAt: 1, value: 1 }])(
    '%j is none',
    (record) => {
      expect(readEntry(record)).toBeUndefined();
    },
  );

  it.each([
    [{ createdAt: '1' }],
    [{ createdAt: null }],
    [{ expiresAt: null }],
    [{ expiresAt: undefined }],
    [{ value: undefined }],
    [{ staleAt: '3' }],
    [{ versions: undefined }],
    [{ versions: null }],
    [{ versions: 'red' }],
    [{ versions: [] }],
    [{ versions: ['red'] }],
    [{ versions: [5] }],
    [{ versions: { 0: [null, 'p'] } }],
    [{ versions: [['red', 'v']] }],
    [{ versions: [[null]] }],
    [{ versions: [[null, 'p'], 5] }],
    [{ versions: [[null, 'p'], null] }],
    [{ versions: [[null, 'p'], ['red']] }],
    [
      {
        versions: [
          [null, 'p'],
          [5, 'v'],
        ],
      },
    ],
    [
      {
        versions: [
          [null, 'p'],
          ['red', 1],
        ],
      },
    ],
  ])('one with %j is none', (changes) => {
    expect(readEntry(stored(1, changes))).toBeUndefined();
  });
});
