import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../../src/http/rules/http-date.js';

const NOW = Date.UTC(2030, 5, 1);
const parse = (field: string | null) => {
  const ms = parseHttpDate(field, NOW);
  return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 19);
};

describe('an HTTP date', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37'],
    [' Sun, 06 Nov 1994 08:49:37 GMT ', '1994-11-06T08:49:37'],
    ['Tue, 01 Jan 2030 00:00:00 GMT', '2030-01-01T00:00:00'],
    ['Thu, 31 Jan 2030 23:59:59 GMT', '2030-01-31T23:59:59'],
    ['Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00'],
    ['Thu, 31 Dec 1998 23:59:60 GMT', '1999-01-01T00:00:00'],
    ['Wed, 01 Jan 1000 00:00:00 GMT', '1000-01-01T00:00:00'],
    ['Saturday, 01-Jan-00 00:00:00 GMT', '2000-01-01T00:00:00'],
    ['Sun Jan 31 08:49:37 1999', '1999-01-31T08:49:37'],
    // Two digits in a year of four are meant as the year in its century.
    ['Mon, 01 Jan 0099 00:00:00 GMT', '1999-01-01T00:00:00'],
    ['Mon, 01 Jan 0001 00:00:00 GMT', '2001-01-01T00:00:00'],
  ])('%s is %s', (field, expected) => expect(parse(field)).toBe(expected));

  it.each([
    null,
    '',
    '0',
    '2030-01-01T00:00:00Z',
    'Tue, 00 Jan 2030 00:00:00 GMT',
    'Tue, 32 Jan 2030 00:00:00 GMT',
    'Fri, 30 Feb 2024 00:00:00 GMT',
    'Wed, 29 Feb 2023 00:00:00 GMT',
    'Tue, 01 Foo 2030 00:00:00 GMT',
    'Tue, 01 Jan 2030 24:00:00 GMT',
    'Tue, 01 Jan 2030 00:60:00 GMT',
    'Tue, 01 Jan 2030 00:00:61 GMT',
    'Tue, 01 Jan 0000 00:00:00 GMT',
    'Tue, 01 Jan 0100 00:00:00 GMT',
    'Tue, 01 Jan 0999 00:00:00 GMT',
    'Sun Nov 31 08:49:37 1994',
  ])('%j is none', (field) => expect(parse(field)).toBeUndefined());

  it('of two digits is at most 50 years ahead', () => {
    expect(parse('Sunday, 01-Jan-80 00:00:00 GMT')).toBe('2080-01-01T00:00:00');
    expect(parse('Sunday, 01-Jan-81 00:00:00 GMT')).toBe('1981-01-01T00:00:00');
  });
});
