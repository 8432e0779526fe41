import {
  compressed,
  encrypted,
  jsonSerializer,
  type Serializer,
  structuredSerializer,
} from '@glasswork/cache';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { describe, expect, it, vi } from 'vitest';
import { CacheError } from '../../src/model/errors.js';
import { valueCodec } from '../../src/serializers/value-codec.js';
import { errorOf } from '../errors.js';
import { noteUnhandled } from '../unhandled.js';

const KEYS = { a: new Uint8Array(32) };
const later: Serializer = {
  name: 'later',
  serialize: async (value) => JSON.stringify(value),
  deserialize: async (raw) => JSON.parse(String(raw)),
};

/** The same value inside of a cycle, which no tree can hold. */
function inCycle(value: unknown): { value: unknown; self?: unknown } {
  const whole: { value: unknown; self?: unknown } = { value };
  whole.self = whole;
  return whole;
}
/** An instance of a class of the user. */
const extended = (Base: DataViewConstructor, name: string): object =>
  new (called(name, class extends (Base as new (buffer: ArrayBuffer) => DataView) {}))(
    new ArrayBuffer(2),
  );
/** A class that has the name of another one. */
const named = (name: string, Base: ErrorConstructor): ErrorConstructor =>
  called(name, class extends Base {} as ErrorConstructor);
const called = <C extends object>(name: unknown, Class: C): C =>
  Object.defineProperty(Class, 'name', { value: name });
const roundTrip = (value: unknown) =>
  structuredSerializer.deserialize(structuredSerializer.serialize(value, 'key'), 'key');
const messageOf = (value: unknown, { serialize } = structuredSerializer as Serializer) =>
  errorOf(() => serialize(value, 'key')).message;

describe('a serializer to wrap', () => {
  const methods = { serialize: () => '', deserialize: () => null };
  it.each([
    undefined,
    {},
    { name: 'own' },
    { ...methods },
    { ...methods, name: 1 },
    { name: 'own', serialize: () => '' },
    { name: 'own', deserialize: () => '' },
  ])('needs a name and both methods: %j is refused', (given) => {
    const own = given as Serializer;
    expect(errorOf(() => compressed(own))).toMatchObject({ subject: 'inner' });
    expect(errorOf(() => encrypted(own, { keys: KEYS }))).toMatchObject({ subject: 'inner' });
    if (given) expect(errorOf(() => valueCodec(own))).toMatchObject({ subject: 'serializer' });
  });

  it('that is asynchronous shows it before its first use', () => {
    for (const serializer of [later, compressed(later), encrypted(later, { keys: KEYS })])
      expect(
        errorOf(() => new MemoryCacheStore({ serializer: serializer as never })),
      ).toMatchObject({
        ...{ code: 'INVALID_OPTION', subject: 'serializer' },
      });
  });
});

describe('a serializer whose promise shows only at its first use', () => {
  it.each(['resolves', 'rejects'])('is refused where nobody waits, also if it %s', async (how) => {
    const expectNone = noteUnhandled();
    const outcome = () =>
      how === 'rejects' ? Promise.reject(new Error('late')) : later.serialize(1, 'key');
    const serializer = { name: 'late', serialize: outcome, deserialize: outcome } as never;
    const store = new MemoryCacheStore({ serializer });
    await expect(store.set('key', 1, 60)).rejects.toMatchObject({
      ...{ code: 'INVALID_OPTION', subject: 'serializer' },
    });
    await expectNone();
  });
});

describe('compressed', () => {
  it('takes the most that its header can say as maxBytes, and no more', () => {
    const most = 2 ** 32 - 1;
    const refused = errorOf(() => compressed(jsonSerializer, { maxBytes: most + 1 }));
    expect(refused).toMatchObject({ subject: 'maxBytes' });
    const shown = Number(/at most (\d+)/.exec(refused.message)?.[1]);
    expect(compressed(jsonSerializer, { maxBytes: shown }).name).toBe('compressed(json)');
    expect(errorOf(() => compressed(jsonSerializer, { maxBytes: shown + 1 }))).toMatchObject({
      subject: 'maxBytes',
    });
  });

  it('never writes as many bytes as it was given', () => {
    const serializer = compressed(jsonSerializer, { threshold: 0 });
    let framed = 0;
    for (let length = 20; length < 60; length++) {
      for (const unit of ['ab', 'abc', 'abcdefgh', 'abcdefghijklm']) {
        const text = unit.repeat(30).slice(0, length);
        const raw = serializer.serialize(text, 'key');
        if (typeof raw === 'string') continue;
        framed++;
        expect(raw.length).toBeLessThan(text.length + 2);
      }
    }
    expect(framed).toBeGreaterThan(20);
  });
});

describe('encrypted', () => {
  it('takes names of up to 255 bytes', () => {
    expect(encrypted(jsonSerializer, { keys: { ['x'.repeat(255)]: KEYS.a } }).name).toMatch(/json/);
    const tooLong = () => encrypted(jsonSerializer, { keys: { ['x'.repeat(256)]: KEYS.a } });
    expect(errorOf(tooLong)).toMatchObject({ subject: 'keys' });
  });

  it('takes bytes as keys, and no buffer behind them', () => {
    const keys = { a: new ArrayBuffer(32) as never };
    expect(errorOf(() => encrypted(jsonSerializer, { keys }))).toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

describe('JSON', () => {
  it('keeps empty lists and objects', () => {
    expect(jsonSerializer.serialize({ object: {}, list: [] }, 'key')).toBe(
      '{"object":{},"list":[]}',
    );
    expect(jsonSerializer.serialize([{ toJSON: () => null }, 7, null, {}], 'key')).toBe(
      '[null,7,null,{}]',
    );
  });

  it('names the reason for a refusal', () => {
    expect(messageOf(() => 1, jsonSerializer)).toMatch(/ has no JSON form:/);
    expect(messageOf({ map: new Map() }, jsonSerializer)).toMatch(/ holds an instance of Map /);
    const ofSymbols = new (class Marks {
      mark = Symbol('mark');
    })();
    expect(messageOf([ofSymbols], jsonSerializer)).toMatch(/ holds an instance of Marks /);
    const nameless = new (called('', class {}))();
    expect(messageOf([nameless], jsonSerializer)).toMatch(/ holds an instance of a class /);
  });
});

describe('the structured serializer, in a cycle', () => {
  const fails = (why: string, value: unknown) => [why, value, new RegExp(`holds ${why}`)] as const;
  it.each([
    fails('a function', () => 1),
    fails('a symbol', Symbol('a')),
    fails('an instance of Symbol', Object(Symbol('a'))),
    fails('a built-in object with properties', Object.assign(new Date(0), { a: 1 })),
    fails('a built-in object with properties', Object.assign(Object(1), { 0: 1 })),
    fails('a built-in object with properties', Object.assign(Object('ab'), { a: 1 })),
    fails('a built-in object with properties', Object.assign([1], { a: 1 })),
    fails('an object with symbols', Object.assign([1], { [Symbol('a')]: 1 })),
    fails('an instance of Array', Object.create(Array.prototype)),
    fails('an object with symbols', Object.assign(new Map(), { [Symbol('a')]: 1 })),
    fails('an object with symbols', Object.assign(new Error('a'), { [Symbol('a')]: 1 })),
    fails('an instance of Uint8Array', new Uint8Array(new SharedArrayBuffer(4))),
    fails('an instance of Bytes', new (class Bytes extends Uint8Array {})(2)),
    fails('an instance of View', extended(DataView, 'View')),
    fails('an instance of Error', new (named('Error', Error))('a')),
    fails('an instance of TypeError', new (named('TypeError', TypeError))('a')),
    fails('an instance of Own', new (class Own extends Error {})('a')),
    fails('an instance of Own', new (class Own extends Map {})()),
    fails('an instance of a class', new (called('', class {}))()),
    fails('an instance of a class', new (called(5, class {}))()),
    fails('an object that claims', { [Symbol.toStringTag]: 'Map' }),
  ])('refuses %s', (_why, value, message) => {
    expect(messageOf(inCycle(value))).toMatch(message);
    expect(messageOf([value])).toMatch(message);
  });

  it.each<[string, unknown]>([
    ['boxed text', Object('ab')],
    ['a boxed number', Object(1)],
    ['a date', new Date(1)],
    ['an expression', /a/gi],
    ['a map', new Map([[1, new Set([2])]])],
    ['a view', new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1)],
    ['a list of bytes', Buffer.from('text')],
    ['an address', new URL('https://a.test/?b')],
    ['a hidden symbol', Object.defineProperty(new Date(2), Symbol('a'), { value: 1 })],
  ])('gives back %s', (_name, value) => {
    const read = roundTrip(inCycle(value)) as { value: unknown; self: unknown };
    expect(read.value).toEqual(value);
    expect(read.self).toBe(read);
  });

  it('writes the bytes of a view alone', () => {
    const secret = Buffer.from('secret-text');
    const text = String(structuredSerializer.serialize(inCycle(secret.subarray(7)), 'key'));
    const all = [...text.matchAll(/[\w+/]{4,}=*/g)].map(([part]) => Buffer.from(part, 'base64'));
    expect(all.some((bytes) => bytes.includes('text'))).toBe(true);
    expect(all.some((bytes) => bytes.includes('secret'))).toBe(false);
  });

  it('gives an error no property that it did not have', () => {
    const error = new Error('a');
    Reflect.deleteProperty(error, 'stack');
    const { value } = roundTrip(inCycle(error)) as { value: Error };
    expect(Object.getOwnPropertyNames(value)).toEqual(['message']);
  });

  it('takes a date of faked timers', () => {
    vi.useFakeTimers({ now: 5, toFake: ['Date'] });
    try {
      const read = roundTrip(inCycle(new Date())) as { value: Date };
      expect(read.value.getTime()).toBe(5);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('text that the structured serializer did not write', () => {
  const treeOf = (value: unknown) => String(structuredSerializer.serialize(value, 'key'));
  const bytes = treeOf([new Uint8Array(1)]);
  it.each(['Array', 'Function', 'SharedArrayBuffer', 'NoSuchArray', 'Promise'])(
    'with bytes of a type %s is corrupt',
    (name) => {
      const text = bytes.replace('Uint8Array', name);
      expect(text).not.toBe(bytes);
      expect(errorOf(() => structuredSerializer.deserialize(text, 'key'))).toMatchObject({
        code: 'CORRUPT',
      });
    },
  );

  it.each(['~2["~","m",{}]', '~2["~","a",{"0":1}]', '~2["~","s",5]', '~1[["+",1],5]'])(
    'with parts in no list is corrupt: %s',
    (text) => {
      expect(errorOf(() => structuredSerializer.deserialize(text, 'key'))).toMatchObject({
        code: 'CORRUPT',
      });
    },
  );

  it('with a part of an unknown kind is corrupt', () => {
    const text = treeOf(inCycle(new Error('a')));
    expect(structuredSerializer.deserialize(text, 'key')).toBeInstanceOf(Object);
    const other = text.replace('"error"', '"other"');
    expect(other).not.toBe(text);
    expect(errorOf(() => structuredSerializer.deserialize(other, 'key'))).toMatchObject({
      code: 'CORRUPT',
    });
  });
});

describe('a serializer of the user', () => {
  const codec = (own: Partial<Serializer>) =>
    valueCodec({ ...jsonSerializer, name: 'own', ...own } as Serializer);
  const throwing = (error: unknown) => () => {
    throw error;
  };
  /** Output of the serializer, which the codec has marked with its name. */
  const OWN = '~"own"1';
  const ours = (code: 'CORRUPT' | 'UNSERIALIZABLE') => new CacheError(code, `ours ${code}`);

  it('that fails is named, with its reason', () => {
    const failing = codec({ serialize: throwing(new Error('why')), deserialize: throwing('x') });
    expect(errorOf(() => failing.serialize(1, 'key')).message).toMatch(
      /"own" could not write .*\(why\)/,
    );
    expect(errorOf(() => failing.deserialize(OWN, 'key')).message).toMatch(
      /"own" could not read .*\(it threw\)/,
    );
    const silent = codec({ serialize: () => undefined as never, deserialize: () => undefined });
    expect(errorOf(() => silent.serialize(1, 'key')).message).toMatch(/neither text nor bytes/);
    expect(errorOf(() => silent.deserialize(OWN, 'key')).message).toMatch(/it returned undefined/);
  });

  it('may say itself what is wrong, by the code that belongs to its method', () => {
    const right = codec({
      serialize: throwing(ours('UNSERIALIZABLE')),
      deserialize: throwing(ours('CORRUPT')),
    });
    expect(errorOf(() => right.serialize(1, 'key')).message).toBe('ours UNSERIALIZABLE');
    expect(errorOf(() => right.deserialize(OWN, 'key')).message).toBe('ours CORRUPT');
    const wrong = codec({
      serialize: throwing(ours('CORRUPT')),
      deserialize: throwing(ours('UNSERIALIZABLE')),
    });
    expect(errorOf(() => wrong.serialize(1, 'key'))).toMatchObject({ code: 'UNSERIALIZABLE' });
    expect(errorOf(() => wrong.deserialize(OWN, 'key'))).toMatchObject({ code: 'CORRUPT' });
    const alike = codec({ serialize: throwing({ code: 'UNSERIALIZABLE', message: 'mine' }) });
    expect(errorOf(() => alike.serialize(1, 'key')).message).toMatch(/"own" could not write/);
  });

  it('writes no undefined', () => {
    const error = errorOf(() => codec({ serialize: () => 'x' }).serialize(undefined, 'key'));
    expect(error).toMatchObject({ code: 'UNSERIALIZABLE' });
  });
});
