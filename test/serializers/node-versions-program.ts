import assert from 'node:assert/strict';
import { compressed, jsonSerializer, structuredSerializer } from '@glasswork/cache';

/** Runs on another version of Node; see node-versions.spec.ts. Reads the text of Node 20, and writes its own. */

export const VALUE = (): unknown => {
  const error = new TypeError('text', { cause: new RangeError('cause') });
  error.stack = 'a stack of its own';
  Object(error.cause).stack = 'another';
  const self: { at: Date; parts: unknown[]; self?: unknown } = {
    at: new Date(5),
    parts: [
      new Map([[1n, new Set(['a', undefined])]]),
      Buffer.from('bytes'),
      new Float32Array([1.5, -0]),
      /a\/[b]/giu,
      new URL('https://example.com/ä?b#c'),
      [Number.NaN, -0, Infinity],
      error,
      'text \u2028 \ud800',
    ],
  };
  self.self = self;
  return self;
};

export function check(given: string): string {
  assert.deepEqual(structuredSerializer.deserialize(given, 'key'), VALUE());
  const written = structuredSerializer.serialize(VALUE(), 'key');
  assert.equal(written, given);
  if (!('zstdCompressSync' in process.getBuiltinModule('node:zlib'))) return 'no zstd';

  const zstd = compressed(jsonSerializer, { algorithm: 'zstd', maxBytes: 100_000 });
  const long = 'abc'.repeat(20_000);
  const raw = zstd.serialize(long, 'key');
  assert.ok(raw.length < 1_000, `${raw.length} bytes`);
  assert.equal(compressed(jsonSerializer).deserialize(raw, 'key'), long);
  const bomb = compressed(jsonSerializer, { algorithm: 'zstd' }).serialize(
    'x'.repeat(5_000_000),
    'key',
  );
  assert.throws(() => zstd.deserialize(bomb, 'key'), { code: 'CORRUPT' });
  // The same with a claim of few bytes.
  const lying = Buffer.from(bomb as Uint8Array);
  lying.writeUInt32BE(1_000, 2);
  assert.throws(() => zstd.deserialize(lying, 'key'), { code: 'CORRUPT' });
  assert.throws(() => zstd.deserialize(lying.subarray(0, 40), 'key'), { code: 'CORRUPT' });
  return 'zstd';
}

const [given] = process.argv.slice(2);
if (given?.startsWith('~')) console.log(check(given));
