import { describe, expect, it } from 'vitest';
import { freezeDeep, isFrozenDeep } from '../../src/util/deep-freeze.js';

const point = Object.freeze({ x: 1 });
const cycle: { self?: unknown; list: unknown[] } = { list: [] };
cycle.self = cycle;
cycle.list.push(cycle);
const deep = Array.from({ length: 20_000 }).reduce<unknown>((inner) => [inner], { end: true });

describe('freezing', () => {
  it.each([
    ['nested data', { list: [1, { a: null }], map: { b: { c: false } } }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: [1] })],
    ['what is frozen on the outside only', Object.freeze({ list: [1] })],
    ['a cycle', cycle],
    ['data deeper than the stack', deep],
  ])('freezes %s with all its parts', (_, value) => {
    expect(isFrozenDeep(value)).toBe(false);
    expect(freezeDeep(value)).toBe(true);
    expect(isFrozenDeep(value)).toBe(true);
    const parts = new Set<unknown>([value]);
    for (const part of parts) {
      expect(Object.isFrozen(part)).toBe(true);
      for (const child of Object.values(Object(part))) parts.add(child);
    }
  });

  it.each([
    ['text', 'text'],
    ['null', null],
    ['undefined', undefined],
    ['a BigInt', 1n],
  ])('has nothing to do for %s', (_, value) => {
    expect(isFrozenDeep(value)).toBe(true);
    expect(freezeDeep(value)).toBe(true);
  });

  it.each([
    ['a Map', () => new Map([[1, 2]])],
    ['a Set', () => new Set([1])],
    ['a Date', () => new Date(0)],
    ['bytes', () => new Uint8Array([1])],
    ['a Buffer', () => Buffer.from('a')],
    ['an instance of a class', () => new (class Counter {})()],
  ])('leaves %s as it is, and all that it is a part of', (_, make) => {
    const whole = { before: [1], part: { made: make() }, after: point };
    expect(freezeDeep(whole)).toBe(false);
    expect(freezeDeep(make())).toBe(false);
    expect(isFrozenDeep(whole)).toBe(false);
    expect(Object.isFrozen(whole)).toBe(false);
    expect(Object.isFrozen(whole.before)).toBe(false);
  });
});
