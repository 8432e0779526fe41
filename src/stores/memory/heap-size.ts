import type { Raw } from '../../serializers/serializer.js';
import { isObject } from '../../util/deep-freeze.js';

/*
 * Estimates of V8's memory for a value, bytes. Node's words have 8 bytes.
 */
const WORD = 8;
/** A string's map, length and hash. */
const TEXT_HEADER = 16;
/** The map, properties and elements. */
const OBJECT_HEADER = 3 * WORD;
/** The length, and the header of the elements. */
const LIST_HEADER = 3 * WORD;
/** A number that is not a small integer, outside of a list of numbers only. */
const NUMBER = 16;
/** With this many fields or more, V8 keeps an object as a hash table with three words per row. */
const TABLE_FIELDS = 128;
const TABLE_ROW = 3 * WORD;
/** V8's bytes per field of a shape. Objects with the same names in the same order share a shape. */
const SHAPE_FIELD = 112;
const FROZEN_SHAPE_FIELD = 140;
/** The most shapes to remember. */
const MOST_SHAPES = 2_000;

/** Characters that V8 cannot keep in one byte. */
const WIDE = /[^\0-\xff]/;

export function textBytes(text: string): number {
  const bytes = WIDE.test(text) ? 2 * text.length : text.length;
  return TEXT_HEADER + Math.ceil(bytes / WORD) * WORD;
}

/** Counts byte arrays, too, although they lie outside the heap. */
export const rawBytes = (raw: Raw): number =>
  typeof raw === 'string' ? textBytes(raw) : OBJECT_HEADER + raw.byteLength;

/**
 * Estimates the memory of parsed values. Objects share names and shapes, so these count only for the key under which
 * they were first seen: rows of a table cost little more than their values, while objects whose names are ids cost up
 * to fourteen times their text.
 */
export class HeapSize {
  /** The key under which each shape was first seen. */
  readonly #owners = new Map<string, string>();

  /**
   * The bytes of a parsed value. Iterative, because nesting may be deeper than the stack. Each part counts once, because
   * a serializer may keep cycles and repeated references.
   */
  ofTree(tree: unknown, key: string, isFrozen: boolean): number {
    let bytes = leafBytes(tree);
    const known = new Set<string>();
    // The set grows during the loop.
    const parts = new Set(isObject(tree) ? [tree] : []);
    for (const part of parts) {
      const values: readonly unknown[] = Array.isArray(part) ? part : Object.values(part);
      bytes += Array.isArray(part)
        ? listBytes(part)
        : this.#objectBytes(part, key, known, isFrozen);
      // A list of numbers has no header per number until it is frozen.
      if (!isFrozen && Array.isArray(part) && values.every(isNumber)) continue;
      for (const value of values) {
        if (isObject(value)) parts.add(value);
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

/** Rows for one and a half times the fields, rounded up to a power of two. */
const tableBytes = (fields: number): number => TABLE_ROW * 2 ** Math.ceil(Math.log2(fields * 1.5));

function leafBytes(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  return typeof value === 'number' && (value | 0) !== value ? NUMBER : 0;
}

const isNumber = (value: unknown): boolean => typeof value === 'number';

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
