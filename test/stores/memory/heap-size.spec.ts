import { describe, expect, it } from 'vitest';
import { HeapSize, rawBytes, textBytes } from '../../../src/stores/memory/heap-size.js';

// The layout of V8 with words of 8 bytes. `heap.spec.ts` measures that the sums come near the heap.
const WORD = 8;
const OBJECT = 3 * WORD;
const LIST = OBJECT + 3 * WORD;
const TEXT = 16;
const NUMBER = 16;
const SHAPE_FIELD = 112;
const FROZEN_FIELD = 140;

const sizeOf = (value: unknown, frozen = false): number =>
  new HeapSize().ofTree(value, 'key', frozen);
const fields = (count: number, value: unknown = 1): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, value]));

describe('the estimated memory of', () => {
  it('text is rounded up to words, with two bytes for a character where one is wide', () => {
    expect(textBytes('')).toBe(TEXT);
    expect(textBytes('12345678')).toBe(TEXT + WORD);
    expect(textBytes('éééééééé')).toBe(TEXT + WORD);
    expect(textBytes('1234567日')).toBe(TEXT + 2 * WORD);
    expect(sizeOf('123456789')).toBe(TEXT + 2 * WORD);
  });

  it('bytes that a serializer returned is their length, and that of text its text', () => {
    expect(rawBytes(new Uint8Array(100))).toBe(OBJECT + 100);
    expect(rawBytes('12345678')).toBe(TEXT + WORD);
  });

  it('a number is none while it fits a small integer', () => {
    expect([0, -1, 2 ** 31 - 1, true, null].map((value) => sizeOf(value))).toEqual([0, 0, 0, 0, 0]);
    expect([1.5, 2 ** 31].map((value) => sizeOf(value))).toEqual([NUMBER, NUMBER]);
  });

  it('a list is a word for each element, and of an empty one less', () => {
    expect(sizeOf([])).toBe(OBJECT + WORD);
    expect(sizeOf([1, 2, 3])).toBe(LIST + 3 * WORD);
    expect(sizeOf([[], [1]])).toBe(LIST + 2 * WORD + (OBJECT + WORD) + (LIST + WORD));
  });

  it('numbers in a list is that of the list alone, unless it is frozen or holds anything else', () => {
    expect(sizeOf([1.5, 2.5])).toBe(LIST + 2 * WORD);
    expect(sizeOf([1.5, 2.5], true)).toBe(LIST + 2 * WORD + 2 * NUMBER);
    expect(sizeOf([1.5, 'text'])).toBe(LIST + 2 * WORD + NUMBER + TEXT + WORD);
    expect(sizeOf({ a: 1.5 })).toBe(OBJECT + WORD + SHAPE_FIELD + NUMBER);
  });

  it('an object counts its fields and its shape, which is larger when frozen', () => {
    expect(sizeOf(fields(3))).toBe(OBJECT + 3 * (WORD + SHAPE_FIELD));
    expect(sizeOf(fields(3), true)).toBe(OBJECT + 3 * (WORD + FROZEN_FIELD));
    const inner = OBJECT + WORD + SHAPE_FIELD;
    expect(sizeOf({ outer: { inner: 'text' } })).toBe(2 * inner + TEXT + WORD);
  });

  it('an object of 128 fields or more is a hash table of three words a row, and its names', () => {
    expect(sizeOf(fields(127))).toBe(OBJECT + 127 * (WORD + SHAPE_FIELD));
    const names = Object.keys(fields(128)).reduce((sum, name) => sum + textBytes(name), 0);
    expect(sizeOf(fields(128))).toBe(OBJECT + 256 * 3 * WORD + names);
  });
});

describe('a shape that several objects share', () => {
  const plain = OBJECT + 3 * WORD;
  const withShape = plain + 3 * SHAPE_FIELD;

  it('counts once in a value', () => {
    const rows = [fields(3), fields(3, 2), fields(3, 3)];
    expect(sizeOf(rows)).toBe(LIST + 3 * WORD + withShape + 2 * plain);
  });

  it('counts only for the key under which it was first seen, each time', () => {
    const sizes = new HeapSize();
    expect(sizes.ofTree(fields(3), 'first', false)).toBe(withShape);
    expect(sizes.ofTree(fields(3), 'second', false)).toBe(plain);
    expect(sizes.ofTree(fields(3), 'first', false)).toBe(withShape);
    expect(sizes.ofTree({ other: 1 }, 'second', false)).toBe(OBJECT + WORD + SHAPE_FIELD);
  });

  it('is forgotten when more than 2,000 are known', () => {
    const sizes = new HeapSize();
    const see = (name: string, key: string) => sizes.ofTree({ [name]: 1 }, key, false);
    for (let i = 0; i < 2_000; i++) see(`name${i}`, 'first');
    expect(see('name0', 'second')).toBe(OBJECT + WORD);
    see('one more', 'first');
    expect(see('name0', 'second')).toBe(OBJECT + WORD + SHAPE_FIELD);
  });
});

describe('a part in several places', () => {
  it('counts once', () => {
    const part = { a: 1.5 };
    expect(sizeOf([part, part])).toBe(sizeOf([part]) + WORD);
  });

  it('may contain itself', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(sizeOf(cycle)).toBe(LIST + WORD);
  });

  it('is not walked anew in each place, of which there may be 2 to the power of 100', () => {
    let value: object = [];
    for (let i = 0; i < 100; i++) value = [value, value];
    expect(sizeOf(value)).toBe(100 * (LIST + 2 * WORD) + OBJECT + WORD);
  });
});
