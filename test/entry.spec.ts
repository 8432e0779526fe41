import { CacheError } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { createEntry, Entry, freshness, readEntry } from '../src/entry.js';

const times = { createdAt: 1_000, staleAt: 2_000, expiresAt: 3_000, loadMs: 40 };
const marks = { prefix: 'p1', tags: [['red', 'r1']] as [string, string][] };

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
    const written = createEntry('k', { n: [1] }, times, marks);
    const read = readEntry(JSON.parse(JSON.stringify(written)));
    expect(read).toBeInstanceOf(Entry);
    expect(read).toMatchObject({
      value: { n: [1] },
      createdAt: 1_000,
      staleAt: 2_000,
      expiresAt: 3_000,
      loadMs: 40,
      prefix: 'p1',
      tags: [['red', 'r1']],
    });
  });

  it('takes no room for what it does not have', () => {
    const entry = createEntry(
      'k',
      1,
      { createdAt: 1, staleAt: undefined, expiresAt: 2, loadMs: 0 },
      { prefix: '', tags: [] },
    );
    expect(JSON.parse(JSON.stringify(entry))).toEqual({ c: 1, e: 2, v: 1 });
    const read = readEntry(JSON.parse(JSON.stringify(entry)));
    expect(read).toMatchObject({ staleAt: undefined, loadMs: 0, prefix: '', tags: [] });
  });

  it.each([0, '', false, null, [], {}])('holds %j', (value) => {
    const read = readEntry(JSON.parse(JSON.stringify(createEntry('k', value, times, marks))));
    expect(read?.value).toEqual(value);
  });

  it('holds a tag named __proto__', () => {
    const entry = createEntry('k', 1, times, { prefix: '', tags: [['__proto__', 'v']] });
    expect(readEntry(JSON.parse(JSON.stringify(entry)))?.tags).toEqual([['__proto__', 'v']]);
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
  ])('is not made of %s', (_name, value) => {
    expect.assertions(2);
    try {
      createEntry('the key', value, times, marks);
    } catch (error) {
      expect(error).toBeInstanceOf(CacheError);
      expect(error).toMatchObject({ code: 'UNSERIALIZABLE', subject: 'the key' });
    }
  });
});

describe('what is not an entry', () => {
  it.each([
    null,
    undefined,
    0,
    'text',
    true,
    [],
    {},
    { v: 1 },
    { c: 1, v: 1 },
    { e: 1, v: 1 },
    { c: 1, e: 2 },
    { c: '1', e: 2, v: 1 },
    { c: 1, e: null, v: 1 },
    { c: 1, e: 2, s: '3', v: 1 },
    { c: 1, e: 2, d: {}, v: 1 },
    { c: 1, e: 2, p: 5, v: 1 },
    { c: 1, e: 2, t: 'red', v: 1 },
    { c: 1, e: 2, t: ['red'], v: 1 },
    { c: 1, e: 2, t: [['red']], v: 1 },
    { c: 1, e: 2, t: [['red', 1]], v: 1 },
    { c: 1, e: 2, t: [['red', 'v', 'x']], v: 1 },
  ])('%j is none', (record) => {
    expect(readEntry(record)).toBeUndefined();
  });
});
