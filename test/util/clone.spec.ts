import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { copyOf, copyOfTree } from '../../src/util/clone.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

describe('copyOf', () => {
  it.each([0, '', false, null, undefined, 'text'])('gives %j as it is', (value) => {
    expect(copyOf(value)).toBe(value);
  });

  it('copies all the way down', () => {
    const value = { list: [{ n: 1 }], when: new Date(5), map: new Map([['a', { n: 2 }]]) };
    const copy = copyOf(value);
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
    expect(copy.list[0]).not.toBe(value.list[0]);
    expect(copy.map.get('a')).not.toBe(value.map.get('a'));
  });

  it('copies cycles', () => {
    const value: { self?: unknown } = {};
    value.self = value;
    const copy = copyOf(value);
    expect(copy).not.toBe(value);
    expect(copy.self).toBe(copy);
  });

  it('copies a value with functions as a hit would give it', () => {
    const value = { name: 'Ada', greet: () => 'hello', inner: { n: 1 } };
    const copy = copyOf(value);
    expect(copy).toEqual({ name: 'Ada', inner: { n: 1 } });
    expect(copy.inner).not.toBe(value.inner);
  });

  it('copies a value that says what its JSON is as a hit would give it', () => {
    class Money {
      #cents = 5;
      toJSON() {
        return { cents: this.#cents };
      }
    }
    const whole = { list: [new Money()], at: new URL('https://example.com/') };
    expect(copyOf(whole)).toEqual({ list: [{ cents: 5 }], at: 'https://example.com/' });
    // JSON cannot say it.
    const cycle: Record<string, unknown> = { money: new Money(), big: [1n] };
    cycle.self = cycle;
    const copy = copyOf(cycle);
    expect(copy).not.toBe(cycle);
    expect(copy.self).toBe(copy);
    const own = { at: new Date(0), bytes: Buffer.from('a') };
    expect(copyOf(own)).toEqual({ at: new Date(0), bytes: new Uint8Array([97]) });
  });

  it('gives back what nothing can copy', () => {
    const value: { run: () => void; self?: unknown } = { run: () => {} };
    value.self = value;
    expect(copyOf(value)).toBe(value);
    const throws = Object.defineProperty({}, 'part', { enumerable: true, get: expect.fail });
    expect(copyOf(throws)).toBe(throws);
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
    Object.assign(Object.prototype, { polluted: { a: 1 } });
    expect(Object.keys(copyOfTree({ own: {} }) as object)).toEqual(['own']);
  });

  it('copies all that JSON.stringify can write, however deep it is', () => {
    let deep: unknown = 1;
    let deepest = deep;
    try {
      for (let depth = 0; ; depth++) {
        deep = depth % 2 === 0 ? [deep] : { deep };
        if (depth % 100 === 0) JSON.stringify(deep);
        deepest = deep;
      }
    } catch {
      // Too deep to be written.
    }
    expect(() => copyOfTree(deepest)).not.toThrow();
  });
});

/** The objects that are in both, at the same place. */
function sharedParts(a: unknown, b: unknown): unknown[] {
  if (typeof a !== 'object' || a === null) return [];
  if (a === b) return [a];
  return Object.entries(a).flatMap(([name, part]) => sharedParts(part, Object(b)[name]));
}
