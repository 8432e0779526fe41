import { isObject } from '../../util/deep-freeze.js';

/** What a serializer writes. */
export type Raw = string | Uint8Array;

/*
 * What V8 needs for a value, bytes, as an estimate: with words of 8 bytes, as in Node.
 */
const WORD = 8;
/** Its map, its length and its hash. */
const TEXT_HEADER = 16;
/** A map, properties and elements. */
const OBJECT_HEADER = 3 * WORD;
/** A length, and the header of the elements. */
const LIST_HEADER = 3 * WORD;
/** A number that is no small integer, where it does not stand among numbers alone. */
const NUMBER = 16;
/** From so many fields on V8 keeps an object as a hash table, with three words in a row. */
const TABLE_FIELDS = 128;
const TABLE_ROW = 3 * WORD;
/** What V8 keeps for each field of objects of one shape, that is, with the same names in the same order. */
const SHAPE_FIELD = 112;
const FROZEN_SHAPE_FIELD = 140;
/** The most shapes to know. */
const MOST_SHAPES = 2_000;

/** Above the largest character of which V8 keeps one byte. */
const WIDE = /[^\0-\xff]/;

export function textBytes(text: string): number {
  const bytes = WIDE.test(text) ? 2 * text.length : text.length;
  return TEXT_HEADER + Math.ceil(bytes / WORD) * WORD;
}

/** Bytes lie outside of the heap, but they are kept as well. */
export const rawBytes = (raw: Raw): number =>
  typeof raw === 'string' ? textBytes(raw) : OBJECT_HEADER + raw.byteLength;

/**
 * Estimates what parsed values need. Names and shapes are shared by all objects that have them, so they count for the
 * first key alone under which they were seen: rows of a table cost little more than their values, and objects with
 * names of their own, such as ids, up to fourteen times their text.
 */
export class HeapSize {
  /** The key under which each shape was first seen. */
  readonly #owners = new Map<string, string>();

  /** Of what `JSON.parse` gave for the key. Not recursive: it may be nested more deeply than the stack is. */
  ofTree(tree: unknown, key: string, isFrozen: boolean): number {
    let bytes = leafBytes(tree);
    const known = new Set<string>();
    const open = isObject(tree) ? [tree] : [];
    for (let part = open.pop(); part; part = open.pop()) {
      const values: readonly unknown[] = Array.isArray(part) ? part : Object.values(part);
      bytes += Array.isArray(part)
        ? listBytes(part)
        : this.#objectBytes(part, key, known, isFrozen);
      // A list of numbers holds them without a header, until it is frozen.
      if (!isFrozen && Array.isArray(part) && values.every(isNumber)) continue;
      for (const value of values) {
        if (isObject(value)) open.push(value);
        else bytes += leafBytes(value);
      }
    }
    return bytes;
  }

  #objectBytes(part: object, key: string, known: Set<string>, isFrozen: boolean): number {
    const names = Object.keys(part);
    const fields = names.length;
    const isTable = fields >= TABLE_FIELDS;
    const bytes = OBJECT_HEADER + (isTable ? tableBytes(fields) : fields * WORD);
    const shape = [0, fields >> 1, fields - 1].map((i) => names[i]?.slice(0, 40)).join();
    if (known.has(shape) || !this.#isOwn(shape, key)) return bytes;
    known.add(shape);
    if (isTable) return bytes + sum(names.map(textBytes));
    return bytes + fields * (isFrozen ? FROZEN_SHAPE_FIELD : SHAPE_FIELD);
  }

  #isOwn(shape: string, key: string): boolean {
    const owner = this.#owners.get(shape);
    if (owner !== undefined) return owner === key;
    if (this.#owners.size >= MOST_SHAPES) this.#owners.clear();
    this.#owners.set(shape, key);
    return true;
  }
}

const listBytes = ({ length }: readonly unknown[]): number =>
  OBJECT_HEADER + (length === 0 ? WORD : LIST_HEADER + length * WORD);

/** A half more rows than fields, rounded up to a power of two. */
const tableBytes = (fields: number): number => TABLE_ROW * 2 ** Math.ceil(Math.log2(fields * 1.5));

function leafBytes(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  return typeof value === 'number' && (value | 0) !== value ? NUMBER : 0;
}

const isNumber = (value: unknown): boolean => typeof value === 'number';

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
