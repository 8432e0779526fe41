import { describe, expect, it } from 'vitest';
import { copyOf } from '../src/copy-of.js';

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

  it('gives back what nothing can copy', () => {
    const value: { run: () => void; self?: unknown } = { run: () => {} };
    value.self = value;
    expect(copyOf(value)).toBe(value);
  });
});
