import { runInNewContext } from 'node:vm';
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
    ['an empty string', ''],
    ['zero', 0],
    ['null', null],
    ['false', false],
    ['nested data', { a: [1, { b: null }], c: 'd' }],
    ['text with half a surrogate pair', 'a\ud800'],
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

describe('what JSON would write as an empty object', () => {
  class Private {
    readonly #part = 1;
    get part(): number {
      return this.#part;
    }
  }
  class Methods {
    run = () => 1;
  }
  const refused: [string, () => unknown][] = [
    ['Map', () => new Map([[1, 2]])],
    ['Set', () => new Set()],
    ['WeakMap', () => new WeakMap()],
    ['Promise', () => Promise.resolve(1)],
    ['Response', () => new Response('body')],
    ['Headers', () => new Headers({ a: 'b' })],
    ['URLSearchParams', () => new URLSearchParams('a=b')],
    ['AsyncGenerator', () => (async function* () {})()],
    ['Error', () => new Error('e')],
    ['RegExp', () => /a/],
    ['ArrayBuffer', () => new ArrayBuffer(8)],
    ['DataView', () => new DataView(new ArrayBuffer(8))],
    ['Private', () => new Private()],
    ['Methods', () => new Methods()],
    ['Map', () => runInNewContext('new Map([[1, 2]])')],
  ];
  it.each(refused)('is refused: %s', (name, make) => {
    const deep = { list: [{ made: make(), dates: { when: new Date(0) } }] };
    for (const value of [make(), { made: make() }, [[make()]], deep]) {
      expect(thrown(() => serialize(value, 'key'))).toMatchObject({ code: 'UNSERIALIZABLE' });
    }
    if (name.length < 8) expect(String(thrown(() => serialize(deep, 'key')))).toContain(name);
  });

  const written: [string, unknown, string][] = [
    ['an empty object', {}, '{}'],
    ['an object without a prototype', Object.create(null), '{}'],
    ['an object of another realm', runInNewContext('({ a: {}, b: [{}] })'), '{"a":{},"b":[{}]}'],
    ['an object with nothing but methods', { run: () => 1 }, '{}'],
    [
      'an object whose toJSON gives an empty one',
      new (class {
        toJSON = () => ({});
      })(),
      '{}',
    ],
    [
      'an instance with fields that are undefined',
      new (class {
        a = undefined;
      })(),
      '{}',
    ],
    [
      'an instance with a field',
      [
        {},
        new (class {
          a = 1;
        })(),
      ],
      '[{},{"a":1}]',
    ],
    [
      'a boxed text, number and boolean',
      [{}, Object('a'), Object(1), Object(false)],
      '[{},"a",1,false]',
    ],
    ['a date', { at: new Date(0), none: {} }, '{"at":"1970-01-01T00:00:00.000Z","none":{}}'],
    ['a text that looks like one', '{}', '"{}"'],
    ['bytes', [new Uint8Array(0), new Uint8Array([1])], '[{},{"0":1}]'],
    ['a Buffer', [{}, Buffer.from('a')], '[{},{"type":"Buffer","data":[97]}]'],
  ];
  it.each(written)('is not %s', (_, value, json) => {
    expect(serialize(value, 'key')).toBe(json);
  });

  it('is looked for however deep it is, in parts that are in many places too', () => {
    let value: unknown = {};
    for (let level = 0; level < 30; level++) value = [value, value].slice(level % 15 === 0 ? 0 : 1);
    expect(serialize(value, 'key')).toContain('{}');
    // Deeper than any stack; only on some versions of Node can JSON write it.
    let deep: unknown = [{}, new Map()];
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(thrown(() => serialize(deep, 'key'))).toMatchObject({ code: 'UNSERIALIZABLE' });
  });
});

function cycle(): unknown {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}
