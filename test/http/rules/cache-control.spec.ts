import { describe, expect, it } from 'vitest';
import {
  LONGEST_FIELD,
  parseCacheControl,
  splitList,
  withDirectives,
} from '../../../src/http/rules/cache-control.js';

const seconds = (field: string, name = 'max-age') => parseCacheControl(field)?.seconds(name);

describe('a Cache-Control field', () => {
  it.each([
    ['max-age=60', 60],
    ['MAX-AGE = 60', 60],
    ['max-age="60"', 60],
    ['max-age="\\60"', 60],
    ['max-age=60, max-age=5', 5],
    ['max-age=5, public, max-age=60', 5],
    ['max-age=99999999999', 2_147_483_648],
    ['max-age', 0],
    ['max-age=', 0],
    ['max-age=-1', 0],
    ['max-age=1.5', 0],
    ['max-age=60, max-age=x', 0],
    ['x="a, max-age=1", max-age=60', 60],
    ['x="a\\", max-age=1", max-age=60', 60],
    ['x=a\\, max-age=60', undefined],
    ['=max-age', undefined],
    ['max-age2=60', undefined],
  ])('%s gives %s seconds', (field, expected) => expect(seconds(field)).toBe(expected));

  it.each([
    ...['=private', 'private; max-age=60', 'max-age=60 private', 'no-store ;', 'x="open, no-store'],
    ...['x="a"b', 'x=a b', 'max age=60', '"private"', 'x=a/b', 'max-age=60, x={"a":1}'],
  ])('%s is no list of directives', (field) => {
    expect(parseCacheControl(field)).toBeUndefined();
  });

  it('is read up to 8,192 characters', () => {
    const padded = (length: number) => 'max-age=1,'.padEnd(length, 'x');
    expect(seconds(padded(LONGEST_FIELD))).toBe(1);
    expect(parseCacheControl(padded(LONGEST_FIELD + 1))).toBeUndefined();
    expect(parseCacheControl(null)?.has('')).toBe(false);
  });

  it('keeps its other directives when some are replaced', () => {
    const field = 'Max-Age=60, x="a, max-age=1", public';
    expect(withDirectives(field, ['max-age'], ['s-maxage=0'])).toBe(
      'x="a, max-age=1", public, s-maxage=0',
    );
    expect(withDirectives(undefined, ['max-age'], ['a', 'b'])).toBe('a, b');
  });
});

describe('a list', () => {
  it.each([
    ['a, b ,c', ['a', 'b', 'c']],
    [',, a,', ['a']],
    ['', []],
    ['"a,b", c', ['"a,b"', 'c']],
    ['"a\\",b", c', ['"a\\",b"', 'c']],
    ['a\\",b', ['a\\",b']],
    ['"open, b', ['"open, b']],
    ['"a\\', ['"a\\']],
  ])('%j has the elements %j', (field, expected) => expect(splitList(field)).toEqual(expected));
});
