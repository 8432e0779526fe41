import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { copyOfData, copyOfTree, structuralCopy } from '../../src/util/clone.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

function argumentsOf(..._: readonly unknown[]): IArguments {
  // biome-ignore lint/complexity/noArguments: this is the object to copy.
  return arguments;
}

describe('copyOfData', () => {
  it.each([0, '', false, null, undefined, 'text', 1n])('gives %s as it is', (value) => {
    expect(copyOfData(value)).toBe(value);
  });

  it.each<[string, unknown]>([
    ['plain data', { list: [{ n: 1 }, 2], nothing: undefined, not: Number.NaN }],
    ['a date', { at: new Date(5) }],
    ['an invalid date', new Date(Number.NaN)],
    ['maps and sets', new Map<unknown, unknown>([[{ a: 1 }, new Set([[1n]])]])],
    ['an expression', { pattern: /a+/gi }],
    [
      'bytes',
      { bytes: new Uint8Array([1, 2]), more: new Float64Array(2), all: new ArrayBuffer(3) },
    ],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['an own __proto__', JSON.parse('{"__proto__":{"admin":true}}')],
  ])('copies %s all the way down', (_, value) => {
    const copy = copyOfData(value);
    expect(copy).toStrictEqual(value);
    expect(sharedParts(copy, value)).toEqual([]);
  });

  it('copies what a map holds', () => {
    const [key, held] = [{ a: 1 }, { b: 2 }];
    const copy = copyOfData(new Map([[key, new Set([held])]]));
    const [[copiedKey, set]] = [...copy] as [[object, Set<object>]];
    expect(copiedKey).not.toBe(key);
    expect(set.has(held)).toBe(false);
  });

  it('copies cycles, and a part that is in two places once', () => {
    const part = { n: 1 };
    const value: Record<string, unknown> = { a: part, b: [part] };
    value.self = value;
    const copy = copyOfData(value);
    expect(copy).not.toBe(value);
    expect(copy.self).toBe(copy);
    expect(copy.a).not.toBe(part);
    expect((copy.b as unknown[])[0]).toBe(copy.a);
  });

  it('copies data nested 100,000 deep', () => {
    expect(depthOf(copyOfData(nested(100_000)))).toBe(100_000);
  });

  class Money {
    readonly cents = 5;
  }
  it.each<[string, unknown]>([
    ['a function', { run: () => 1 }],
    ['a symbol', [Symbol('s')]],
    ['an instance of a class', { money: new Money() }],
    ['an instance in a map', new Map([[1, new Money()]])],
    ['an array of a class of its own', new (class List extends Array {})()],
    ['a Buffer', Buffer.from('a')],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['an error', new Error('e')],
    ['a promise', Promise.resolve()],
    ['what calls itself a map', { [Symbol.toStringTag]: 'Map', money: new Money() }],
    ['an object with a symbol as key', { [Symbol('s')]: 1 }],
    ['a list with a symbol as key', Object.assign([1], { [Symbol('s')]: 1 })],
    ['arguments', argumentsOf(1)],
    ['a list without a prototype', Object.setPrototypeOf([1], null)],
  ])('refuses %s, which would lose its class', (_, value) => {
    expect(() => copyOfData(value)).toThrow(TypeError);
  });

  it('knows data of another realm', () => {
    const value = runInNewContext(
      '({ list: [1], at: new Date(5), map: new Map([[1, { a: 1 }]]) })',
    );
    expect(() => copyOfData(value, 'own realm')).toThrow(TypeError);
    const copy = copyOfData(value);
    expect(copy).toStrictEqual({ list: [1], at: new Date(5), map: new Map([[1, { a: 1 }]]) });
  });

  it('copies an object without a prototype also for its own realm alone, since it belongs to none', () => {
    const bare = Object.assign(Object.create(null), { at: new Date(5) });
    expect(copyOfData(bare, 'own realm')).toEqual(bare);
    expect(copyOfData(bare, 'own realm')).not.toBe(bare);
  });
});

describe('structuralCopy', () => {
  it('makes a plain object of an instance, and refuses what has no copy at all', () => {
    class Money {
      cents = 5;
    }
    expect(structuralCopy([new Money()])).toStrictEqual([{ cents: 5 }]);
    expect(() => structuralCopy([() => 1])).toThrow();
  });
});

describe('copyOfTree', () => {
  it(`copies whatever JSON.parse gives (seed ${SEED})`, () => {
    const property = fc.property(fc.json(), (json) => {
      const tree: unknown = JSON.parse(json);
      const copy = copyOfTree(tree);
      expect(copy).toStrictEqual(tree);
      expect(sharedParts(copy, tree)).toEqual([]);
    });
    fc.assert(property, { seed: SEED, numRuns: 500 });
  });

  it('copies an own __proto__ as one', () => {
    const tree = JSON.parse('{"__proto__":{"admin":true},"b":{"__proto__":[1]}}');
    const copy = copyOfTree(tree) as Record<string, object>;
    expect(JSON.stringify(copy)).toBe(JSON.stringify(tree));
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect('admin' in copy).toBe(false);
  });

  it('copies nothing that somebody has added to Object.prototype', () => {
    onTestFinished(() => {
      Reflect.deleteProperty(Object.prototype, 'polluted');
    });
    for (const polluted of [{ a: 1 }, [1]]) {
      Object.assign(Object.prototype, { polluted });
      expect(Object.keys(copyOfTree({ own: {} }) as object)).toEqual(['own']);
    }
  });

  it.each([1_000, 20_000, 100_000])('copies %i levels', (levels) => {
    const tree = nested(levels);
    const copy = copyOfTree(tree);
    expect(depthOf(copy)).toBe(levels);
    let [a, b] = [copy, tree];
    for (let level = 0; level < levels; level++) {
      if (a === b || Array.isArray(a) !== Array.isArray(b)) throw new Error(`level ${level}`);
      [[a], [b]] = [Object.values(a as object), Object.values(b as object)];
    }
    expect(a).toBe('bottom');
  });
});

/** Objects and arrays by turns. */
function nested(levels: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

function depthOf(value: unknown): number {
  let levels = 0;
  for (let part = value; typeof part === 'object'; levels++) [part] = Object.values(part as object);
  return levels;
}

/** The objects that are in both, at the same place. */
function sharedParts(a: unknown, b: unknown): unknown[] {
  if (typeof a !== 'object' || a === null) return [];
  if (a === b) return [a];
  return Object.entries(a).flatMap(([name, part]) => sharedParts(part, Object(b)[name]));
}
