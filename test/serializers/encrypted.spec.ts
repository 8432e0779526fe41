import { createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compressed,
  encrypted,
  jsonSerializer,
  type Serializer,
  structuredSerializer,
} from '../../src/index.js';
import { errorOf } from '../errors.js';
import { jsonData } from './arbitrary.js';
import { v8Serializer } from './foreign.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const [march, april] = [randomBytes(32), randomBytes(32)];
const VALUE = { card: '4111 1111 1111 1111' };
const serializer = encrypted(jsonSerializer, { keys: { march } });

const written = (by: Serializer, value: unknown, key = 'key') =>
  by.serialize(value, key) as Uint8Array;
const refusal = (by: Serializer, raw: string | Uint8Array, key = 'key') => {
  const error = errorOf(() => by.deserialize(raw, key));
  expect(error).toMatchObject({ code: 'CORRUPT', subject: key });
  return error.message;
};

describe('encrypted', () => {
  it.each([jsonSerializer, structuredSerializer, v8Serializer, compressed(jsonSerializer)])(
    `gives back what $name can write (seed ${SEED})`,
    (inner) => {
      const own = encrypted(inner, { keys: { march } });
      const property = fc.property(jsonData(), fc.string({ unit: 'binary' }), (value, key) => {
        // JSON has no negative zero.
        const plain = JSON.parse(JSON.stringify(value));
        expect(own.deserialize(written(own, plain, key), key)).toStrictEqual(plain);
      });
      fc.assert(property, { seed: SEED, numRuns: 100 });
    },
  );

  it('writes bytes in which nothing of the value can be read', () => {
    const raw = Buffer.from(written(serializer, VALUE));
    expect(raw.toString('latin1')).not.toContain('4111');
    expect(raw.length).toBeLessThan(JSON.stringify(VALUE).length + 50);
  });

  it('writes AES-256-GCM, with the key in the store as associated data', () => {
    const raw = Buffer.from(written(serializer, VALUE));
    const head = raw.subarray(0, 3 + 'march'.length);
    expect(head.toString('latin1')).toBe('\u00c1e\u0005march');
    const nonce = raw.subarray(head.length, head.length + 12);
    const decipher = createDecipheriv('aes-256-gcm', march, nonce);
    decipher.setAAD(Buffer.concat([head, Buffer.from('key', 'utf16le')]));
    decipher.setAuthTag(raw.subarray(head.length + 12, head.length + 28));
    const text = decipher.update(raw.subarray(head.length + 28), undefined, 'utf8');
    expect(JSON.parse(text + decipher.final('utf8'))).toEqual(VALUE);
  });

  it('never uses a nonce twice, so equal values look different', () => {
    const nonces = Array.from({ length: 1_000 }, () =>
      Buffer.from(written(serializer, 1).slice(8, 20)).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  it('refuses a value that was moved to another key', () => {
    const raw = written(serializer, VALUE, 'user:1');
    expect(serializer.deserialize(raw, 'user:1')).toEqual(VALUE);
    expect(refusal(serializer, raw, 'user:2')).toContain('moved');
  });

  it('tells keys apart that UTF-8 does not', () => {
    refusal(serializer, written(serializer, VALUE, 'a\ud800'), 'a\ud801');
  });

  it(`refuses a value with any byte changed, cut or added (seed ${SEED})`, () => {
    const raw = written(serializer, VALUE);
    for (let at = 0; at < raw.length; at++) {
      const changed = Uint8Array.from(raw);
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      refusal(serializer, changed);
      refusal(serializer, raw.slice(0, at));
    }
    refusal(serializer, Buffer.concat([raw, Buffer.from('x')]));
  });

  it('refuses another key, also under the same name', () => {
    const raw = written(serializer, VALUE);
    expect(refusal(encrypted(jsonSerializer, { keys: { april } }), raw)).toContain('not among');
    expect(refusal(encrypted(jsonSerializer, { keys: { march: april } }), raw)).toContain(
      'replaced',
    );
  });

  it('refuses plain text, which anyone could have put there', () => {
    expect(refusal(serializer, JSON.stringify(VALUE))).toContain('not encrypted');
    expect(refusal(serializer, Buffer.from(JSON.stringify(VALUE)))).toContain('not encrypted');
    refusal(
      encrypted(compressed(jsonSerializer), { keys: { march } }),
      written(compressed(jsonSerializer, { threshold: 0 }), VALUE),
    );
  });

  it('refuses to pass text off as bytes', () => {
    const raw = Uint8Array.from(written(serializer, VALUE));
    raw[1] = 'E'.charCodeAt(0);
    refusal(serializer, raw);
  });

  it('is unreadable for other serializers', () => {
    const raw = written(serializer, VALUE);
    for (const other of [jsonSerializer, structuredSerializer, compressed(jsonSerializer)])
      refusal(other, raw);
  });

  it('is rotated by a new key in front: old values are read, new ones need the new key', () => {
    const old = written(serializer, VALUE);
    const both = encrypted(jsonSerializer, { keys: { april, march } });
    expect(both.deserialize(old, 'key')).toEqual(VALUE);
    const fresh = written(both, VALUE);
    refusal(serializer, fresh);
    const after = encrypted(jsonSerializer, { keys: { april } });
    expect(after.deserialize(fresh, 'key')).toEqual(VALUE);
    refusal(after, old);
  });

  it('has keys of its own: a caller may overwrite the bytes it gave', () => {
    const given = Uint8Array.from(march);
    const own = encrypted(jsonSerializer, { keys: { march: given } });
    given.fill(0);
    expect(serializer.deserialize(written(own, VALUE), 'key')).toEqual(VALUE);
  });

  it.each<[string, unknown]>([
    ['no keys', {}],
    ['no object', undefined],
    ['a key of 16 bytes', { march: randomBytes(16) }],
    ['a key as text', { march: march.toString('hex') }],
    ['a key that is a list', { march: [...march] }],
    ['a name without letters', { '': march }],
    ['a name that JavaScript sorts to the front', { new: april, 2025: march }],
    ['a name that is too long', { ['n'.repeat(256)]: march }],
  ])('refuses %s', (_, keys) => {
    // As callers without types may do.
    const options = { keys } as Parameters<typeof encrypted>[1];
    const error = errorOf(() => encrypted(jsonSerializer, options));
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.subject).toMatch(/^keys/);
    expect(JSON.stringify(error)).not.toContain(march.toString('hex').slice(0, 8));
  });

  it('waits for an asynchronous serializer', async () => {
    const inner: Serializer = {
      name: 'slow',
      serialize: (value, key) => Promise.resolve(jsonSerializer.serialize(value, key)),
      deserialize: (raw, key) => Promise.resolve(jsonSerializer.deserialize(raw, key)),
    };
    const own = encrypted(inner, { keys: { march } });
    const raw = await own.serialize(VALUE, 'key');
    expect(await own.deserialize(raw, 'key')).toEqual(VALUE);
    expect(serializer.deserialize(raw, 'key')).toEqual(VALUE);
  });
});
