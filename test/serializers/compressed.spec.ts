import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CompressionAlgorithm,
  compressed,
  jsonSerializer,
  type Serializer,
  structuredSerializer,
} from '../../src/index.js';
import { errorOf } from '../errors.js';
import { jsonData } from './arbitrary.js';
import { v8Serializer } from './foreign.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
/** Node 20 has no zstd; test/serializers/node-versions.spec.ts tries it on later versions. */
const ALGORITHMS: CompressionAlgorithm[] = ['gzip', 'brotli'];
const LONG = { rows: Array.from({ length: 500 }, (_, id) => ({ id, name: `user ${id % 7}` })) };

/** The output, which is bytes if it is compressed. */
const written = (serializer: Serializer, value: unknown) =>
  serializer.serialize(value, 'key') as string | Uint8Array;
const read = (serializer: Serializer, raw: string | Uint8Array) =>
  serializer.deserialize(raw, 'key');

describe.each(ALGORITHMS)('compressed with %s', (algorithm) => {
  const serializer = compressed(jsonSerializer, { algorithm });

  it('is at least five times shorter than repetitive JSON, and comes back equal', () => {
    const raw = written(serializer, LONG);
    expect(raw).toBeInstanceOf(Uint8Array);
    expect(raw.length).toBeLessThan(JSON.stringify(LONG).length / 5);
    expect(read(serializer, raw)).toEqual(LONG);
  });

  it('leaves values below the threshold as they are', () => {
    const exact = 'x'.repeat(98);
    const atThreshold = (threshold: number) => compressed(jsonSerializer, { algorithm, threshold });
    expect(written(atThreshold(101), exact)).toBe(JSON.stringify(exact));
    expect(written(atThreshold(100), exact)).toBeInstanceOf(Uint8Array);
  });

  it('leaves a value as it is that would not get shorter', () => {
    const random = compressed(v8Serializer, { algorithm, threshold: 0 });
    const value = crypto.getRandomValues(new Uint8Array(5_000));
    const raw = written(random, value);
    expect(raw).toEqual(v8Serializer.serialize(value, 'key'));
    expect(read(random, raw)).toEqual(value);
  });

  it(`gives back anything (seed ${SEED})`, () => {
    const property = fc.property(
      jsonData(),
      fc.nat(64),
      fc.boolean(),
      (value, threshold, asBytes) => {
        const own = compressed(asBytes ? v8Serializer : structuredSerializer, {
          algorithm,
          threshold,
        });
        expect(read(own, written(own, value))).toStrictEqual(value);
      },
    );
    fc.assert(property, { seed: SEED, numRuns: 300 });
  });

  it('reads what any other algorithm wrote', () => {
    for (const other of ALGORITHMS) {
      const raw = written(compressed(jsonSerializer, { algorithm: other }), LONG);
      expect(read(serializer, raw)).toEqual(LONG);
    }
  });

  it('reads what was written before there was compression', () => {
    expect(read(serializer, written(jsonSerializer, LONG))).toEqual(LONG);
  });

  it('finds a payload unreadable that is cut anywhere', () => {
    const raw = written(serializer, LONG);
    for (let end = 1; end < raw.length; end += 7)
      expect(errorOf(() => read(serializer, raw.slice(0, end))).code).toBe('CORRUPT');
  });

  it('gives the wrapped serializer the type that it wrote', () => {
    const seen: unknown[] = [];
    const noting = (inner: Serializer): Serializer => ({
      ...inner,
      deserialize(raw, key) {
        seen.push(typeof raw === 'string' ? 'text' : 'bytes');
        return inner.deserialize(raw, key);
      },
    });
    for (const inner of [jsonSerializer, v8Serializer]) {
      const own = compressed(noting(inner), { algorithm });
      expect(read(own, written(own, LONG))).toEqual(LONG);
    }
    expect(seen).toEqual(['text', 'bytes']);
  });
});

/** A payload in the layout of the serializer, with any claim about its size. */
function payload(letter: string, claimed: number, data: Uint8Array): Uint8Array {
  const header = Buffer.from([0xc1, letter.charCodeAt(0), 0, 0, 0, 0]);
  header.writeUInt32BE(claimed, 2);
  return Buffer.concat([header, data]);
}

describe('a decompression bomb', () => {
  const zeros = Buffer.alloc(50_000_000);
  const bombs = { g: gzipSync(zeros), b: brotliCompressSync(zeros) };
  const serializer = compressed(jsonSerializer, { maxBytes: 100_000 });

  it.each(Object.entries(bombs))('is made of few bytes (%s)', (_, bomb) => {
    expect(bomb.length).toBeLessThan(100_000);
  });

  it.each(Object.entries(bombs))('that claims its size is not unpacked (%s)', (letter, bomb) => {
    const error = errorOf(() => read(serializer, payload(letter, zeros.length, bomb)));
    expect(error.code).toBe('CORRUPT');
    expect(error.message).toContain('100000');
    expect(error.cause).toBeUndefined();
  });

  it.each(Object.entries(bombs))('that claims less is unpacked no further (%s)', (letter, bomb) => {
    const before = process.memoryUsage().arrayBuffers;
    const error = errorOf(() => read(serializer, payload(letter, 2_000, bomb)));
    expect(error.code).toBe('CORRUPT');
    expect(error.message).toContain('cannot be unpacked');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
  });

  it('cannot be written: more than maxBytes is refused', () => {
    const fits = 'x'.repeat(99_998);
    expect(read(serializer, written(serializer, fits))).toBe(fits);
    const error = errorOf(() => written(serializer, `${fits}x`));
    expect(error.code).toBe('UNSERIALIZABLE');
    expect(error.message).toMatch(/100001 bytes.*maxBytes 100000/);
  });

  it('of more layers is none: each layer is bounded', () => {
    const twice = compressed(serializer, { maxBytes: 1_000, threshold: 0 });
    const inner = payload('g', zeros.length, bombs.g);
    expect(errorOf(() => read(twice, payload('n', inner.length, inner))).code).toBe('CORRUPT');
  });
});

describe('compressed', () => {
  it('does not take the bytes of another serializer for its own', () => {
    const own = payload('g', 3, gzipSync('abc'));
    const bytes: Serializer = {
      name: 'bytes',
      serialize: (value) => value as Uint8Array,
      deserialize: (raw) => Uint8Array.from(raw as Uint8Array),
    };
    const serializer = compressed(bytes);
    const raw = written(serializer, own);
    expect(read(serializer, raw)).toEqual(new Uint8Array(own));
    for (const other of [
      [1, 'g'.charCodeAt(0), 0, 0, 0, 1, 7],
      [0, 'g'.charCodeAt(0), 0, 0, 0, 1, ...gzipSync('a')],
      [0xc1, 0xc1],
    ])
      expect(read(serializer, written(serializer, Uint8Array.from(other)))).toEqual(
        Uint8Array.from(other),
      );
  });

  it('takes elements of any size for bytes', () => {
    const numbers: Serializer = {
      name: 'numbers',
      serialize: (value) => Uint16Array.from(value as number[]) as unknown as Uint8Array,
      deserialize: (raw) => [...new Uint16Array(Uint8Array.from(raw as Uint8Array).buffer)],
    };
    const many = Array.from({ length: 2_000 }, (_, i) => 300 + (i % 3));
    const serializer = compressed(numbers);
    expect(written(serializer, many).length).toBeLessThan(1_000);
    expect(read(serializer, written(serializer, many))).toEqual(many);
  });

  it('says that a payload is cut short if its header is not complete', () => {
    const text: Serializer = { ...jsonSerializer, deserialize: String };
    const whole = Buffer.from([0xc1, 'n'.charCodeAt(0), 0, 0, 0, 0]);
    expect(read(compressed(text), whole)).toBe('');
    for (let bytes = 2; bytes < whole.length; bytes++)
      expect(() => read(compressed(text), whole.subarray(0, bytes))).toThrow(/is cut short/);
  });

  it.each([
    ['that claims too little', payload('g', 2, gzipSync('"a"'))],
    ['that claims too much', payload('g', 4, gzipSync('"a"'))],
    ['that claims nothing', payload('g', 0, gzipSync('"a"'))],
    ['that is not compressed', payload('b', 3, Buffer.from('"a"'))],
    ['of the magic byte alone', Uint8Array.of(0xc1)],
    ['of another format', payload('q', 3, Buffer.from('"a"'))],
    ['of zstd, on a Node version without it, or not of zstd', payload('z', 3, Buffer.from('"a"'))],
  ])('refuses a payload %s', (_, raw) => {
    expect(errorOf(() => read(compressed(jsonSerializer), raw)).code).toBe('CORRUPT');
  });

  it('is unreadable without it: JSON does not take it for text', () => {
    const raw = written(compressed(jsonSerializer), LONG);
    expect(errorOf(() => read(jsonSerializer, raw)).code).toBe('CORRUPT');
    expect(errorOf(() => read(structuredSerializer, raw)).code).toBe('CORRUPT');
  });

  it.each<[string, object]>([
    ['algorithm', { algorithm: 'lz4' }],
    ['algorithm', { algorithm: 'toString' }],
    ['threshold', { threshold: -1 }],
    ['threshold', { threshold: Number.NaN }],
    ['maxBytes', { maxBytes: 0 }],
    ['maxBytes', { maxBytes: 2 ** 32 }],
    ['maxBytes', { maxBytes: Number.NaN }],
  ])('refuses the option %s: %o', (subject, options) => {
    const error = errorOf(() => compressed(jsonSerializer, options));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject });
  });

  it.runIf(!('zstdCompressSync' in process.getBuiltinModule('node:zlib')))(
    'refuses zstd on a Node version without it',
    () => {
      const error = errorOf(() => compressed(jsonSerializer, { algorithm: 'zstd' }));
      expect(error).toMatchObject({ code: 'INVALID_OPTION', subject: 'algorithm' });
      expect(error.message).toContain('22.15');
    },
  );

  it('waits for an asynchronous serializer', async () => {
    const inner: Serializer = {
      name: 'slow',
      serialize: async (value, key) => jsonSerializer.serialize(value, key),
      deserialize: async (raw, key) => jsonSerializer.deserialize(raw, key),
    };
    const serializer = compressed(inner);
    const raw = await serializer.serialize(LONG, 'key');
    expect(raw).toBeInstanceOf(Uint8Array);
    expect(await serializer.deserialize(raw, 'key')).toEqual(LONG);
  });
});
