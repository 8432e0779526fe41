import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeGlob, globMatcher, literalStart } from '../../src/util/glob.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const settings = { seed: SEED, numRuns: 2_000 };

/** Few characters, so that patterns and keys often meet; those with a meaning somewhere among them. */
const text = (characters: string[]) =>
  fc.array(fc.constantFrom(...characters), { maxLength: 8 }).map((all) => all.join(''));
const PLAIN = ['a', 'b', '#', '.', '[', ']', '\n', '😀', '\ud800'];
const keys = text([...PLAIN, '*', '?', '\\']);
const patterns = text([...PLAIN, '*', '*', '?', '\\', '\\*']);

/** The rules of a pattern, one after the other, trying everything. */
function reference(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return key.length === 0;
  if (first === '*')
    return reference(rest, key) || (key.length > 0 && reference(pattern, key.slice(1)));
  if (first === '?') return key.length > 0 && reference(rest, key.slice(1));
  const [literal = first, ...after] = first === '\\' ? rest : [first, ...rest];
  return key[0] === literal && reference(after, key.slice(1));
}

describe('a glob', () => {
  it(`matches what its rules say (seed ${SEED})`, () => {
    let matched = 0;
    const property = fc.property(patterns, keys, (pattern, key) => {
      const open = /^[*?]/.test(pattern) && key.startsWith('#');
      const expected = !open && reference([...pattern], [...key]);
      if (expected) matched++;
      expect(globMatcher(pattern)(key)).toBe(expected);
    });
    fc.assert(property, settings);
    expect(matched, 'random pairs that match').toBeGreaterThan(20);
  });

  it.each([
    ['*', 'anything:1\n', true],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['user:*', 'user:1', true],
    ['user:*', 'user:', true],
    ['user:*', 'my-user:1', false],
    ['*:1', 'user:1', true],
    ['*:1', 'user:12', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?c', 'a😀c', true],
    ['a??c', 'a😀c', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a\\?', 'a?', true],
    ['a\\\\b', 'a\\b', true],
    ['a\\b', 'ab', true],
    ['a\\', 'a\\', true],
    ['A', 'a', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*a', 'aaaa', true],
  ])('%j on %j: %s', (pattern, key, expected) => {
    expect(globMatcher(pattern)(key)).toBe(expected);
  });

  it('keeps the own records of a service out of patterns that begin with a wildcard', () => {
    for (const pattern of ['*', '?tag:red', '**', '*red']) {
      expect(globMatcher(pattern)('#tag:red')).toBe(false);
    }
    for (const pattern of ['#*', '\\#tag:*', '#tag:red']) {
      expect(globMatcher(pattern)('#tag:red')).toBe(true);
    }
    expect(globMatcher('*')('a#b')).toBe(true);
  });

  it('is quick on patterns that make a backtracking matcher slow', () => {
    const key = 'a'.repeat(3_000);
    const begin = process.cpuUsage();
    for (const pattern of [
      'a*'.repeat(200),
      '*a'.repeat(200),
      '*a?'.repeat(100),
      '*'.repeat(400),
    ]) {
      expect(globMatcher(`${pattern}b`)(key)).toBe(false);
      expect(globMatcher(`${pattern}*`)(key)).toBe(true);
    }
    // A backtracking matcher takes longer than the universe is old.
    // Work, not time: other processes take their share of that.
    expect(process.cpuUsage(begin).user).toBeLessThan(5_000_000);
  });
});

describe('an escaped text', () => {
  it('is a pattern of itself', () => {
    const property = fc.property(keys, keys, (one, other) => {
      const matches = globMatcher(escapeGlob(one));
      expect(matches(one)).toBe(true);
      expect(matches(other)).toBe(one === other);
    });
    fc.assert(property, settings);
  });

  it('stays as it is where nothing has a meaning', () => {
    expect(escapeGlob('user:[1].#')).toBe('user:[1].#');
  });

  it('is literal in front of a pattern', () => {
    const matches = globMatcher(`${escapeGlob('a*b:')}*`);
    expect(matches('a*b:1')).toBe(true);
    expect(matches('axb:1')).toBe(false);
  });
});

describe('the literal start of a pattern', () => {
  it.each([
    ['user:*', 'user:'],
    ['user:?:*', 'user:'],
    ['*:1', ''],
    ['?', ''],
    ['', ''],
    ['plain', 'plain'],
    ['a\\*b*', 'a*b'],
    ['a\\\\*', 'a\\'],
    ['a\\', 'a\\'],
    ['😀*', '😀'],
  ])('of %j is %j', (pattern, start) => {
    expect(literalStart(pattern)).toBe(start);
  });

  it('begins every key that matches', () => {
    let matched = 0;
    const property = fc.property(patterns, keys, (pattern, key) => {
      if (!globMatcher(pattern)(key)) return;
      matched++;
      expect(key.startsWith(literalStart(pattern))).toBe(true);
    });
    fc.assert(property, settings);
    expect(matched).toBeGreaterThan(20);
  });
});
