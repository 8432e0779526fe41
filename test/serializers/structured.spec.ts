import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheError, jsonSerializer, structuredSerializer } from '../../src/index.js';
import { data, jsonData, Point } from './arbitrary.js';

/** The error of a call, or else its result. */
const thrown = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const { serialize, deserialize } = structuredSerializer;
const again = (value: unknown) => deserialize(serialize(value, 'key'), 'key');

/** A list that contains itself, which only the graph can express. */
function inCycle(parts: readonly unknown[]): unknown[] {
  const list = [...parts];
  list.push(list);
  return list;
}

describe('the structured serializer', () => {
  it.each<[string, unknown]>([
    ['a date', new Date(5)],
    ['a map of sets', new Map([[{ a: 1 }, new Set([1n, 'b'])]])],
    ['a BigInt', -(10n ** 40n)],
    ['long BigInts', [10n ** 5_000n, -(7n ** 4_000n), 2n ** 2_999n, -(2n ** 2_999n) - 1n]],
    ['long BigInts, in a box and in a cycle', inCycle([Object(3n ** 9_000n), -(3n ** 9_000n), 0n])],
    [
      'equal bytes that are not the same',
      inCycle(Array.from({ length: 5 }, () => Buffer.from('a'))),
    ],
    ['undefined in an object and a list', { a: undefined, b: [undefined, 1] }],
    ['holes in a list', Object.assign([], { 1: 1, 3: undefined, length: 5 })],
    ['a list with one far element', Object.assign([], { 5000: 'x', length: 9000 })],
    ['numbers that JSON has not', [Number.NaN, -0, Infinity, -Infinity]],
    ['a regular expression', /a\/b/giu],
    ['a regular expression that has matched', Object.assign(/a/g, { lastIndex: 3 })],
    ['a URL', new URL('https://user:word@example.com/a?b=c#d')],
    ['parameters of a query', new URLSearchParams('a=1&a=2')],
    ['a Buffer', Buffer.from('abc')],
    ['no bytes', new Uint8Array()],
    ['a part of a buffer', new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
    ['larger elements at an odd place', new Float64Array(new ArrayBuffer(24), 8, 1)],
    ['a DataView', new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
    ['a buffer', new Uint8Array([1, 2]).buffer],
    ['an error with a cause', new TypeError('a', { cause: new Error('b', { cause: 5 }) })],
    ['several errors', new AggregateError([new Error('a'), 1], 'both')],
    ['a system error', Object.assign(new Error('gone'), { code: 'ENOENT', errno: -2 })],
    ['an error without a message', new RangeError()],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['boxed values', [Object(1), Object('text'), Object(1n), Object(false)]],
    ['half a surrogate pair', { 'a\ud800': '\udfff' }],
    ['names that objects have', { constructor: 1, toString: 2, hasOwnProperty: 3 }],
    ['lists that begin like a tag', ['~', ['~', 'd', 1], { a: ['~', 'u'] }, ['~']]],
    ['a map of lists that begin like a tag', new Map([[['~'], ['~', 'm', []]]])],
    ['a tag as a key', { '~': '~', '~2': ['a', '~'] }],
    ['one object in two places', (([one]) => [one, { one }])([{ a: 1 }])],
    ['one date in two places', (([one]) => [one, [one]])([new Date(7)])],
    ['a list with only a hole and undefined', Object.assign([], { 0: undefined, length: 2 })],
    ['null', null],
    ['false', false],
    ['an empty text', ''],
  ])('gives back %s', (_, value) => {
    expect(again(value)).toStrictEqual(value);
    expect(isDeepStrictEqual(again(value), value)).toBe(true);
  });

  it('writes plain and mixed data as a tree, and what no tree can hold as a graph', () => {
    expect(serialize({ at: new Date(5), tags: new Set(['a']), none: undefined }, 'key')).toBe(
      '~2{"at":["~","d",5],"tags":["~","s",["a"]],"none":["~","u"]}',
    );
    const texts: [unknown, string][] = [
      [['a', 1.5, [true]], '["a",1.5,[true]]'],
      [[undefined, Number.NaN, -0, 3n], '[["~","u"],["~","n","NaN"],["~","n","-0"],["~","i","3"]]'],
      [new Map([[1, 'a']]), '["~","m",[1,"a"]]'],
      [Buffer.from('a'), '["~","b","Buffer YQ=="]'],
      [['~', 1], '["~","a",["~",1]]'],
    ];
    for (const [value, text] of texts) expect(serialize(value, 'key')).toBe(`~2${text}`);
    const one = { a: 1 };
    for (const value of [[one, one], new URL('https://example.com'), new Error('a'), new Array(1)])
      expect(String(serialize(value, 'key')).slice(0, 2)).toBe('~1');
  });

  it('does not let a method that somebody gave to all objects change the text', () => {
    Object.defineProperty(Object.prototype, 'toJSON', { value: () => 'lost', configurable: true });
    try {
      expect(again({ a: [1] })).toEqual({ a: [1] });
    } finally {
      Reflect.deleteProperty(Object.prototype, 'toJSON');
    }
  });

  it('writes nothing that somebody gave to all objects', () => {
    Object.assign(Object.prototype, { polluted: [1] });
    try {
      expect(Object.keys(again({ a: [1] }) as object)).toEqual(['a']);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted');
    }
  });

  it('does not take what somebody gave to all objects for a part of each', () => {
    Object.assign(Object.prototype, { given: undefined });
    let raw: ReturnType<typeof serialize>;
    try {
      raw = serialize({ a: [{}], at: new Date(5) }, 'key');
    } finally {
      Reflect.deleteProperty(Object.prototype, 'given');
    }
    expect(deserialize(raw, 'key')).toStrictEqual({ a: [{}], at: new Date(5) });
  });

  it.each([
    ['Date', Date.prototype],
    ['Set', Set.prototype],
    ['Map', Map.prototype],
  ])('refuses an object that only has the prototype of %s', (name, prototype) => {
    const error = thrown(() => serialize({ at: Object.create(prototype) }, 'key'));
    expect(error).toMatchObject({ code: 'UNSERIALIZABLE' });
    expect(String(error)).toContain(`an instance of ${name}`);
  });

  it('reads each property of a value once', () => {
    let reads = 0;
    const value = { a: 1, b: [{}] };
    Object.defineProperty(value.b[0], 'c', { enumerable: true, get: () => ++reads });
    expect(again(value)).toEqual({ a: 1, b: [{ c: 1 }] });
    expect(reads).toBe(1);
  });

  it('gives back an invalid date', () => {
    const date = again(new Date(Number.NaN));
    expect(date).toBeInstanceOf(Date);
    expect(Number(date)).toBeNaN();
  });

  it(`gives back or refuses anything (seed ${SEED})`, () => {
    let [equal, refused] = [0, 0];
    const property = fc.property(data(true), (value) => {
      let raw: ReturnType<typeof serialize>;
      try {
        raw = serialize(value, 'key');
      } catch (error) {
        expect(error).toMatchObject({ code: 'UNSERIALIZABLE', subject: 'key' });
        refused++;
        return;
      }
      // An undefined value never reaches a serializer.
      if (value === undefined) return;
      expect(isDeepStrictEqual(deserialize(raw, 'key'), value)).toBe(true);
      expect(String(raw).isWellFormed()).toBe(true);
      equal++;
    });
    fc.assert(property, { seed: SEED, numRuns: 2_000 });
    expect(Math.min(equal, refused)).toBeGreaterThan(20);
  });

  it(`refuses no data (seed ${SEED})`, () => {
    const property = fc.property(data(), (value) => {
      // devalue refuses the one name that can change a prototype.
      fc.pre(!hasProto(value));
      expect(() => serialize(value, 'key')).not.toThrow();
    });
    fc.assert(property, { seed: SEED, numRuns: 500 });
  });

  it('keeps cycles and shared parts, also through an error', () => {
    const shared = { list: [1] };
    const error = Object.assign(new Error('self'), { shared });
    error.cause = error;
    const value = { shared, error, map: new Map<unknown, unknown>([[shared, error]]) };
    Object.assign(value, { self: value });
    const read = again(value) as typeof value & { self: unknown };
    expect(read.self).toBe(read);
    expect(read.error.cause).toBe(read.error);
    expect(read.error.shared).toBe(read.shared);
    expect(read.map.get(read.shared)).toBe(read.error);
    expect(read.error).toBeInstanceOf(Error);
    expect(read.error.stack).toBe(error.stack);
  });

  it('keeps the properties of an error as they were', () => {
    const { name, message } = Object.getOwnPropertyDescriptors(
      again(Object.assign(new Error('text'), { name: 'Own' })),
    ) as Record<string, PropertyDescriptor>;
    expect(name).toMatchObject({ value: 'Own', enumerable: true });
    expect(message).toMatchObject({ value: 'text', enumerable: false });
  });

  it('writes the bytes of a view, and not the memory around it', () => {
    const secret = Buffer.from('secret');
    const around = Buffer.concat([secret, Buffer.from('open'), secret]);
    const raw = serialize({ open: around.subarray(6, 10) }, 'key');
    const base64 = String(raw).match(/Buffer ([\w+/=]+)/)?.[1] ?? '';
    expect(Buffer.from(base64, 'base64').toString()).toBe('open');
  });

  it.each<[string, unknown]>([
    ['an instance of Point', new Point(1)],
    ['an instance of Response', [new Response('body')]],
    ['an instance of Promise', { a: Promise.resolve(1) }],
    ['an instance of OwnDate', { at: new (class OwnDate extends Date {})() }],
    ['an instance of OwnError', new (class OwnError extends Error {})('text')],
    ['an instance of Bytes', new (class Bytes extends Uint8Array {})(2)],
    ['an instance of DOMException', { error: new DOMException('aborted') }],
    ['a function', { a: () => 1 }],
    ['a symbol', [Symbol('s')]],
    ['properties of its own', Object.assign(new Set([1]), { extra: 1 })],
    ['properties of its own', Object.assign(['a'], { extra: 1 })],
    ['properties of its own', Object.assign([], { 1: 'a', extra: 1 })],
    ['an instance of List', new (class List extends Array {})()],
    ['an instance of Tags', new (class Tags extends Set {})()],
    ['an instance of a class', Object.setPrototypeOf(['a'], null)],
    ['claims to be another type', { [Symbol.toStringTag]: 'Date' }],
    ['claims to be another type', runInNewContext('(function () { return arguments; })()')],
    ['symbolic keys', { [Symbol('s')]: 1 }],
    ['__proto__', JSON.parse('{"__proto__": {"admin": true}}')],
    ['nested too deeply', nested(100_000)],
    [
      'throws an error when it is read',
      {
        get a() {
          throw new Error('own');
        },
      },
    ],
  ])('refuses %s', (why, value) => {
    const error = thrown(() => serialize(value, 'key'));
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toMatchObject({ code: 'UNSERIALIZABLE', subject: 'key' });
    expect(String(error)).toContain(why);
  });

  it('is not misled by a class that takes the tag of a built-in one', () => {
    class Fake {
      readonly kind: string;
      constructor(kind: string) {
        this.kind = kind;
      }
      get [Symbol.toStringTag]() {
        return this.kind;
      }
    }
    for (const kind of ['Date', 'Map', 'Number', 'URL', 'RegExp', 'ArrayBuffer', 'Array'])
      expect(thrown(() => serialize(new Fake(kind), 'key'))).toMatchObject({
        code: 'UNSERIALIZABLE',
      });
  });

  it('holds no value in its errors', () => {
    const error = thrown(() => serialize({ password: 'secret', run: () => 1 }, 'key'));
    expect(JSON.stringify(error)).not.toContain('secret');
    expect((error as Error).cause).toBeUndefined();
  });

  it('takes objects of another realm, as in Jest', () => {
    const value = runInNewContext(
      '({ at: new Date(5), map: new Map([[1, new Set([2])]]), list: [1n], bytes: new Uint8Array([1]), re: /a/g, error: new TypeError("text") })',
    );
    expect(again(value)).toMatchObject({
      at: new Date(5),
      map: new Map([[1, new Set([2])]]),
      list: [1n],
      bytes: new Uint8Array([1]),
      re: /a/g,
      error: new TypeError('text'),
    });
  });

  it('and JSON find the text of each other unreadable, so a change of serializer is a miss', () => {
    fc.assert(
      fc.property(jsonData(), (value) => {
        const [json, structured] = [jsonSerializer, structuredSerializer];
        const corrupt = { code: 'CORRUPT', subject: 'key' };
        expect(
          thrown(() => structured.deserialize(json.serialize(value, 'key'), 'key')),
        ).toMatchObject(corrupt);
        expect(
          thrown(() => json.deserialize(structured.serialize(value, 'key'), 'key')),
        ).toMatchObject(corrupt);
      }),
      { seed: SEED },
    );
  });

  it.each([
    ['no text at all', ''],
    ['the mark alone', '~1'],
    ['another version', '~3[1]'],
    ['a tree that is cut off', '~2{"a":'],
    ['a tree with an unknown tag', '~2["~","x",1]'],
    ['a tree with a tag alone', '~2["~"]'],
    ['a tree with a map of nothing', '~2["~","m"]'],
    ['a tree with an invalid number', '~2["~","i","1x"]'],
    ['a tree with a number of too many decimal digits', `~2["~","i","${'7'.repeat(1_001)}"]`],
    ['the same in a graph', `~1[["BigInt","${'7'.repeat(1_001)}"]]`],
    ['a number with two signs', '~2["~","i","--1"]'],
    ['a tree with a constructor that is no view', '~2["~","b","Function YQ=="]'],
    ['a tree with another prototype', '~2{"a":{"__proto__":{"isAdmin":true}}}'],
    ['a part that is cut off', String(serialize({ a: new Date(5) }, 'key')).slice(0, -4)],
    ['an index beyond the end', '~1[[9]]'],
    ['an unknown type', '~1[["Secret",1],2]'],
    ['an unknown extra type', '~1[["+",1],["magic"]]'],
    ['a constructor that is no view', '~1[["+",1],"Array AAAA"]'],
    ['a class that is no error', '~1[["+",1],[2,3,4,4],"error","Function",{}]'],
    ['bytes of half an element', '~1[["+",1],"Float64Array AAAA"]'],
    ['an endless type', '~1[["+",0]]'],
  ])('refuses %s', (_, raw) => {
    expect(thrown(() => deserialize(raw, 'key'))).toMatchObject({
      code: 'CORRUPT',
      subject: 'key',
    });
  });

  it('reads text of megabytes of digits in the time of any other text', () => {
    const digits = '7'.repeat(3_000_000);
    const cpu = process.cpuUsage();
    expect(thrown(() => deserialize(`~2["~","i","${digits}"]`, 'key'))).toBeInstanceOf(CacheError);
    expect(thrown(() => deserialize(`~1[["BigInt","${digits}"]]`, 'key'))).toBeInstanceOf(
      CacheError,
    );
    const long = BigInt(`0x${digits}`);
    expect(again([long, -long])).toEqual([long, -long]);
    expect(process.cpuUsage(cpu).user).toBeLessThan(1_000_000);
  });

  it.each([
    ['bytes', `"Buffer ${Buffer.alloc(100).toString('base64')}"`],
    ['a regular expression', '[2,3,4,5],"regexp","a","",0'],
    ['an error', '[2,3,4,4],"error","Error",{}'],
  ])('refuses a graph that takes %s apart again and again', (_, parts) => {
    const first = JSON.parse(`[${parts}]`).length + 1;
    const places = Array.from({ length: 50 }, (_, i) => first + i);
    const text = `~1[[${places}],${parts},${places.map(() => '["+",1]')}]`;
    expect(thrown(() => deserialize(text, 'key'))).toMatchObject({ code: 'CORRUPT' });
    const once = `~1[[${first}],${parts},["+",1]]`;
    expect(deserialize(once, 'key')).toHaveLength(1);
  });

  it.each([
    ['graph', /x/g],
    ['tree', new Map([['x', 1n]])],
  ])(`survives any change of a byte of a %s (seed ${SEED})`, (_, part) => {
    const value = { a: new Date(5), b: [Buffer.from('abc'), part] };
    const raw = Buffer.from(String(serialize(value, 'key')));
    const property = fc.property(fc.nat(raw.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(raw);
      changed[at] = byte;
      const error = thrown(() => deserialize(changed, 'key'));
      if (error instanceof Error) expect(error).toMatchObject({ code: 'CORRUPT' });
    });
    fc.assert(property, { seed: SEED, numRuns: 2_000 });
  });

  it('reads its text as bytes, too', () => {
    const raw = Buffer.from(String(serialize(new Map([['ä', 1n]]), 'key')));
    expect(deserialize(raw, 'key')).toStrictEqual(new Map([['ä', 1n]]));
  });
});

function nested(depth: number): unknown {
  let value: unknown[] = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

function hasProto(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  const parts = value instanceof Map || value instanceof Set ? [...value].flat() : [];
  const { cause, errors } = value as { cause?: unknown; errors?: unknown };
  return (
    Object.hasOwn(value, '__proto__') ||
    [...Object.values(value), ...parts, cause, errors].some((part) => hasProto(part, seen))
  );
}
