import { describe, expect, it, vi } from 'vitest';
import { Entry } from '../../../src/model/entry.js';
import { type RecordFacts, recall, ValueMemo } from '../../../src/stores/redis/value-memo.js';

const value = () => ({ list: [{ n: 1 }] });

/** The facts of a record of which the header is the version. */
const record = (version: string, bytes = 100): RecordFacts => ({
  version,
  bytes,
  header: Buffer.from(version),
  expiresAt: 4711,
});

/** The record itself. */
const raw = (version: string, bytes = 100): Buffer => Buffer.from(version.padEnd(bytes, '.'));

/** A memo that has read the record twice. */
function readTwice(facts: RecordFacts): ValueMemo {
  const known = new ValueMemo();
  for (let read = 0; read < 2; read++) known.read('key', facts, value);
  return known;
}

describe('What a Redis store knows of a key', () => {
  it('is that a value is there, until it was deleted', () => {
    const known = new ValueMemo();
    expect(known.find('key')).toBeUndefined();
    known.add('key');
    expect(known.find('key')).toBeDefined();
    known.delete('key');
    expect(known.find('key')).toBeUndefined();
    known.read('key', record('v1'), value);
    expect(known.find('key')).toBeDefined();
  });

  it('is parsed by the first two reads of a version, and copied for all others', () => {
    const known = new ValueMemo();
    const parse = vi.fn(value);
    for (let read = 0; read < 5; read++) {
      const got = known.read('key', record('v1'), parse);
      expect(got).toEqual(value());
      got.list.push({ n: 2 });
      Object.assign(got.list[0] ?? {}, { n: 3 });
    }
    expect(parse).toHaveBeenCalledTimes(2);
  });

  it('is nothing of another version', () => {
    const known = new ValueMemo();
    for (let read = 0; read < 3; read++) known.read('key', record('v1'), () => 'old');
    for (let read = 0; read < 3; read++) {
      expect(known.read('key', record('v2'), () => 'new')).toBe('new');
    }
    known.add('key');
    expect(known.read('key', record('v2'), () => 'parsed anew')).toBe('parsed anew');
  });

  it('is nothing of a record that cannot be parsed', () => {
    const known = new ValueMemo();
    const fail = () => {
      throw new Error('not JSON');
    };
    for (let read = 0; read < 3; read++) {
      expect(() => known.read('key', record('v1'), fail)).toThrow('not JSON');
    }
  });

  it('is forgotten, the oldest first, when there are too many bytes or keys', () => {
    const known = new ValueMemo();
    const parse = vi.fn(value);
    const twice = (key: string, bytes: number) => {
      for (let read = 0; read < 2; read++) known.read(key, record('v1', bytes), parse);
    };
    for (const key of ['a', 'b', 'c', 'd']) twice(key, 250_000);
    twice('e', 250_000);
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => known.find(key) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    for (let i = 0; i < 10_000; i++) known.add(`key ${i}`);
    expect(known.find('e')).toBeUndefined();
    expect(known.find('key 0')).toBeDefined();
    // Its bytes went with it, so there is room again.
    for (const key of ['f', 'g', 'h', 'i']) twice(key, 250_000);
    expect(known.find('f')).toBeDefined();
  });

  it('is kept up to a quarter of a megabyte, and one megabyte in all', () => {
    const known = new ValueMemo();
    const parse = vi.fn(value);
    const thrice = (key: string, bytes: number) => {
      for (let read = 0; read < 3; read++) known.read(key, record('v1', bytes), parse);
    };
    for (const key of ['a', 'b', 'c', 'd']) thrice(key, 2 ** 18);
    expect(parse).toHaveBeenCalledTimes(8);
    expect(['a', 'b', 'c', 'd'].filter((key) => !known.find(key))).toEqual([]);
    thrice('e', 1);
    expect(known.find('a')).toBeUndefined();
    // A key that is written again takes the last place, and no room.
    known.add('b');
    thrice('f', 2 ** 18 - 1);
    expect(['b', 'c', 'd', 'e', 'f'].filter((key) => !known.find(key))).toEqual([]);
  });

  it('is copied with the entry of the service around it', () => {
    const known = new ValueMemo();
    const entry = () => new Entry(new Entry({ versions: [] } as never, undefined), value());
    for (let read = 0; read < 3; read++) {
      const got = known.read('key', record('v1'), entry);
      expect(got).toEqual(entry());
      expect(got).toBeInstanceOf(Entry);
      (got.value as ReturnType<typeof value>).list.push({ n: 2 });
    }
    expect(recall(known.find('key'), raw('v1'))?.value).toBeInstanceOf(Entry);
  });

  it('is recalled from the header and the size of a record, with its version and expiry', () => {
    const known = readTwice(record('v1')).find('key');
    const found = recall(known, raw('v1'));
    expect(found).toEqual({ value: value(), version: 'v1', expiresAt: 4711 });
    Object.assign(found?.value ?? {}, { list: [] });
    expect(recall(known, raw('v1'))?.value).toEqual(value());
  });

  it.each([
    ['another version', raw('v2')],
    ['a version that begins alike', raw('v')],
    ['another size', raw('v1', 101)],
    ['no bytes', Buffer.alloc(0)],
  ])('is not recalled for %s', (_, other) => {
    expect(recall(readTwice(record('v1')).find('key'), other)).toBeUndefined();
  });

  it('is not recalled before the second read, nor for a key that is not known', () => {
    const known = new ValueMemo();
    known.read('key', record('v1'), value);
    expect(recall(known.find('key'), raw('v1'))).toBeUndefined();
    expect(recall(known.find('another'), raw('v1'))).toBeUndefined();
  });

  it('is kept apart from the packet that the record came in', () => {
    const packet = raw('v1');
    const known = readTwice({ ...record('v1'), header: packet.subarray(0, 2) });
    packet.fill('x');
    expect(recall(known.find('key'), raw('v1'))?.value).toEqual(value());
    expect(recall(known.find('key'), packet)).toBeUndefined();
  });

  it('is not kept where it is large', () => {
    const known = new ValueMemo();
    const parse = vi.fn(value);
    for (let read = 0; read < 4; read++) known.read('key', record('v1', 300_000), parse);
    expect(parse).toHaveBeenCalledTimes(4);
    expect(known.find('key')).toBeDefined();
  });
});
