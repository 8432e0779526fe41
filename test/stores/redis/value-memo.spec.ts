import { describe, expect, it, vi } from 'vitest';
import { ValueMemo } from '../../../src/stores/redis/value-memo.js';

const value = () => ({ list: [{ n: 1 }] });

describe('What a Redis store knows of a key', () => {
  it('is that a value is there, until it was deleted', () => {
    const known = new ValueMemo();
    expect(known.has('key')).toBe(false);
    known.add('key');
    expect(known.has('key')).toBe(true);
    known.delete('key');
    expect(known.has('key')).toBe(false);
    known.read('key', 'v1', 100, value);
    expect(known.has('key')).toBe(true);
  });

  it('is parsed by the first two reads of a version, and copied for all others', () => {
    const known = new ValueMemo();
    const parse = vi.fn(value);
    for (let read = 0; read < 5; read++) {
      const got = known.read('key', 'v1', 100, parse);
      expect(got).toEqual(value());
      got.list.push({ n: 2 });
      Object.assign(got.list[0] ?? {}, { n: 3 });
    }
    expect(parse).toHaveBeenCalledTimes(2);
  });

  it('is nothing of another version', () => {
    const known = new ValueMemo();
    for (let read = 0; read < 3; read++) known.read('key', 'v1', 100, () => 'old');
    for (let read = 0; read < 3; read++) {
      expect(known.read('key', 'v2', 100, () => 'new')).toBe('new');
    }
    known.add('key');
    expect(known.read('key', 'v2', 100, () => 'parsed anew')).toBe('parsed anew');
  });

  it('is nothing of a record that cannot be parsed', () => {
    const known = new ValueMemo();
    const fail = () => {
      throw new Error('not JSON');
    };
    for (let read = 0; read < 3; read++) {
      expect(() => known.read('key', 'v1', 100, fail)).toThrow('not JSON');
    }
  });

  it('is forgotten, the oldest first, when there are too many bytes or keys', () => {
    const known = new ValueMemo();
    const parse = vi.fn(value);
    const twice = (key: string, bytes: number) => {
      for (let read = 0; read < 2; read++) known.read(key, 'v1', bytes, parse);
    };
    for (const key of ['a', 'b', 'c', 'd']) twice(key, 250_000);
    twice('e', 250_000);
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => known.has(key))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    for (let i = 0; i < 10_000; i++) known.add(`key ${i}`);
    expect(known.has('e')).toBe(false);
    expect(known.has('key 0')).toBe(true);
    // Its bytes went with it, so there is room again.
    for (const key of ['f', 'g', 'h', 'i']) twice(key, 250_000);
    expect(known.has('f')).toBe(true);
  });

  it('is not kept where it is large', () => {
    const known = new ValueMemo();
    const parse = vi.fn(value);
    for (let read = 0; read < 4; read++) known.read('key', 'v1', 300_000, parse);
    expect(parse).toHaveBeenCalledTimes(4);
    expect(known.has('key')).toBe(true);
  });
});
