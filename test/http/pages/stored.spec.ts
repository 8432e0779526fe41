import { describe, expect, it } from 'vitest';
import { ageOf, entryTimes, freshLeft, isStored } from '../../../src/http/pages/stored.js';
import { START } from '../helpers.js';
import { page } from './page.js';

const index = (changes = {}) => ({
  ...{ kind: 'index', key: 'k', names: ['a'], tags: ['t'], variants: [['hash', 1]] },
  ...changes,
});

describe('a record', () => {
  it.each([
    ['a page', page()],
    ['a page without a body', page({ text: undefined })],
    ['a page of bytes', page({ text: undefined, base64: 'AA==' })],
    ['a page of status 204', page({ status: 204, text: undefined })],
    [
      'a page with a name like a forbidden one',
      page({
        headers: { 'te-x': '1', age2: '1' },
      }),
    ],
    ['a page of the last time that a date has', page({ freshMs: 8.64e15 })],
    [
      'a page with nothing that may be absent',
      {
        ...{ kind: 'page', key: 'k', status: 200, headers: {}, text: 'body' },
        ...{ receivedMs: START, freshMs: 60_000 },
      },
    ],
    ['a page of status 499', page({ status: 499 })],
    ['a page that varies', page({ vary: [['a', null]], headers: { b: 'x\t~\xff' } })],
    ['a pass', { kind: 'pass', key: 'k', reason: 'private' }],
    ['an index', index()],
    ['an index of nothing', index({ names: [], tags: [], variants: [] })],
  ])('that is %s can be answered with', (_name, record) => expect(isStored(record)).toBe(true));

  const notPage = (changes: object) => ({ ...page(), ...changes });
  it.each<readonly [string, unknown]>([
    ['null', null],
    ['text', 'page'],
    ['an empty object', {}],
    ['a page without a key', notPage({ key: undefined })],
    ['of another kind', notPage({ kind: 'moved' })],
    ['a pass without a reason', { kind: 'pass', key: 'k' }],
    ['an index with an invalid name', index({ names: ['a b'] })],
    ['an index with names that are no list', index({ names: 'a' })],
    ['an index with a name that is no text', index({ names: [1] })],
    ['an index without tags', index({ tags: undefined })],
    ['an index with a tag that is no text', index({ tags: [1] })],
    ['an index without variants', index({ variants: undefined })],
    ['an index with a variant that is no pair', index({ variants: ['ab'] })],
    ['an index with a variant of three', index({ variants: [['hash', 1, 2]] })],
    ['an index with a variant without a hash', index({ variants: [[1, 1]] })],
    ['an index with a variant without a time', index({ variants: [['hash', '1']] })],
    ['an index with a variant for ever', index({ variants: [['hash', Infinity]] })],
    ['a page of status 199', notPage({ status: 199 })],
    ['a page of status 500', notPage({ status: 500 })],
    ['a page of status 200.5', notPage({ status: 200.5 })],
    ['a page of a status in text', notPage({ status: '200' })],
    ['a page of status 204 with a body', notPage({ status: 204 })],
    ['a page of status 304 with bytes', notPage({ status: 304, text: undefined, base64: '' })],
    ['a page of status 304', notPage({ status: 304, text: undefined })],
    ['a page of status 206', notPage({ status: 206 })],
    ['a page with a body that is no text', notPage({ text: 1 })],
    ['a page with bytes that are no text', notPage({ text: undefined, base64: 1 })],
    ['a page with bytes in a list', notPage({ text: undefined, base64: ['', '', '', ''] })],
    ['a page with an invalid header name', notPage({ headers: { 'a:': 'b' } })],
    ['a page with Set-Cookie', notPage({ headers: { 'set-cookie': 'b' } })],
    ['a page with a header in capitals', notPage({ headers: { 'Transfer-Encoding': 'b' } })],
    ['a page with half a group of base64', notPage({ text: undefined, base64: 'QUJ' })],
    ['a page with an age below 0', notPage({ ageMs: -1 })],
    ['a page of a time that no date has', notPage({ receivedMs: 8.64e15 + 1 })],
    ['a page with a header name that is no text', notPage({ headers: [[1, 'b']] })],
    ['a page with a header that begins another', notPage({ headers: { a: 'b\r\nc: d' } })],
    ['a page with a header without a value', notPage({ headers: { a: null } })],
    ['a page with a list of header values', notPage({ headers: { a: ['b', 'c'] } })],
    ['a page with a list of headers', notPage({ headers: [['a', 'b']] })],
    ['a page without headers', notPage({ headers: undefined })],
    ['a page with a header that is no pair', notPage({ headers: [{ 0: 'a', 1: 'b', length: 2 }] })],
    ['a page whose vary is null', notPage({ vary: null })],
    ['a page that varies by an invalid name', notPage({ vary: [['a b', null]] })],
    ['a page that varies by a number', notPage({ vary: [['a', 1]] })],
    ['a page whose tags are null', notPage({ tags: null })],
    ...['receivedMs', 'ageMs', 'freshMs', 'staleMs', 'errorMs'].map(
      (name) => [`a page with no ${name}`, notPage({ [name]: Number.NaN })] as const,
    ),
    ['a page of an age of null', notPage({ ageMs: null })],
    ['a page of a stale time of null', notPage({ staleMs: null })],
    ['a page of an error time of null', notPage({ errorMs: null })],
    ['a page that is public perhaps', notPage({ isPublic: 1 })],
    ['a page that is explicit perhaps', notPage({ isExplicit: null })],
  ])('that is %s answers nobody', (_name, record) => expect(isStored(record)).toBe(false));
});

describe('the times of a page', () => {
  it('count from its arrival, and never backwards', () => {
    const stored = page({ ageMs: 5_000 });
    expect([ageOf(stored, START + 1_000), freshLeft(stored, START + 1_000)]).toEqual([
      6_000, 59_000,
    ]);
    expect([ageOf(stored, START - 1_000), freshLeft(stored, START - 1_000)]).toEqual([
      5_000, 60_000,
    ]);
  });

  it.each([
    [{ staleMs: 0 }, 0, { ttl: 60_000, staleTTL: undefined, staleIfError: 0 }],
    [{ staleMs: 9_000 }, 0, { ttl: 69_000, staleTTL: 60_000, staleIfError: 0 }],
    [{ staleMs: 9_000 }, 59_999, { ttl: 9_001, staleTTL: 1, staleIfError: 0 }],
    [{ staleMs: 9_000 }, 60_000, { ttl: 9_000, staleTTL: 0, staleIfError: 0 }],
    [{ staleMs: 9_000 }, 62_000, { ttl: 7_000, staleTTL: 0, staleIfError: 0 }],
    [{ staleMs: 9_000 }, 90_000, { ttl: 0, staleTTL: 0, staleIfError: 0 }],
    [{ errorMs: 9_000 }, 0, { ttl: 60_000, staleTTL: undefined, staleIfError: 9_000 }],
    [{ staleMs: 2_000, errorMs: 9_000 }, 0, { staleIfError: 7_000 }],
    [{ staleMs: 9_000, errorMs: 2_000 }, 0, { staleIfError: 0 }],
  ])('with %j, %d ms later, are %j', (changes, afterMs, expected) =>
    expect(entryTimes(page(changes), START + afterMs)).toMatchObject(expected),
  );

  it.each([
    ['etag', 60_000, 60_000],
    ['last-modified', 60_000, 60_000],
    ['etag', 1_000, 60_000],
    ['etag', 90_000, 90_000],
    ['etag', 90 * 86_400_000, 86_400_000],
    ['content-type', 60_000, 0],
  ])('keep a page with %s, fresh for %d ms, for %d ms after that', (name, freshMs, keptMs) => {
    const stored = page({ headers: { [name]: 'x' }, freshMs });
    expect(entryTimes(stored, START).staleIfError).toBe(keptMs);
  });
});
