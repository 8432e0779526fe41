import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonSerializer } from '../../src/index.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const { serialize, deserialize } = jsonSerializer;

const thrown = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

describe('the JSON serializer', () => {
  it('is called json', () => {
    expect(jsonSerializer.name).toBe('json');
  });

  it.each([
    ['text', 'a "b" \n'],
    ['an empty text', ''],
    ['zero', 0],
    ['null', null],
    ['false', false],
    ['nested data', { a: [1, { b: null }], c: 'd' }],
    ['text with half a character', 'a\ud800'],
  ])('gives back %s', (_, value) => {
    expect(deserialize(serialize(value, 'key'), 'key')).toEqual(value);
  });

  it(`gives back whatever JSON can say (seed ${SEED})`, () => {
    const property = fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const raw = serialize(value, 'key');
      expect(raw).toBeTypeOf('string');
      // JSON has no negative zero.
      expect(deserialize(raw, 'key')).toEqual(JSON.parse(JSON.stringify(value)));
      expect(serialize(deserialize(raw, 'key'), 'key')).toBe(raw);
    });
    fc.assert(property, { seed: SEED, numRuns: 500 });
  });

  it('writes what every JSON parser reads', () => {
    expect(serialize({ a: [1, 'ß'] }, 'key')).toBe('{"a":[1,"ß"]}');
  });

  it('reads bytes as UTF-8', () => {
    expect(deserialize(new TextEncoder().encode('{"a":"ß😀"}'), 'key')).toEqual({ a: 'ß😀' });
  });

  it('makes own fields of special names', () => {
    const value = deserialize('{"__proto__":{"admin":true}}', 'key');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a BigInt', { n: 1n }],
    ['a cycle', cycle()],
    [
      'what refuses to be written',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
    ],
    ['what writes nothing', { toJSON: () => undefined }],
  ])('refuses to write %s', (_, value) => {
    const error = thrown(() => serialize(value, 'user:1'));
    expect(error).toMatchObject({ name: 'CacheError', code: 'UNSERIALIZABLE', subject: 'user:1' });
    expect((error as Error).message).toContain('user:1');
  });

  it('keeps the reason why it cannot write', () => {
    expect(thrown(() => serialize({ n: 1n }, 'key'))).toMatchObject({
      cause: expect.any(TypeError),
    });
  });

  it.each([
    ['nothing', ''],
    ['a cut text', '{"a":'],
    ['something else', 'undefined'],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe])],
  ])('refuses to read %s', (_, raw) => {
    const error = thrown(() => deserialize(raw, 'user:1'));
    expect(error).toMatchObject({ name: 'CacheError', code: 'CORRUPT', subject: 'user:1' });
    expect(error).toMatchObject({ cause: expect.any(SyntaxError) });
  });
});

function cycle(): unknown {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}
