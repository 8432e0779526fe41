import { at, URL_1 } from '../helpers.js';
import type { Case } from './case.js';

const FRESH = { 'cache-control': 'max-age=60' };
const cc = (value: string) => ({ 'cache-control': value });
const honour = { honourRequest: true };

/** RFC 9111, section 5: field definitions. */
export const SECTION_5: readonly Case[] = [
  {
    name: '5.1 sends one Age',
    response: { ...FRESH, age: '7' },
    expect: 'hit',
    fields: { age: '7' },
  },
  // 5.2.1: by default clients have no say.
  ...['no-cache', 'no-store', 'max-age=0', 'min-fresh=1000', 'only-if-cached'].map(
    (directive): Case => ({
      name: `5.2.1 ignores ${directive} of a request by default`,
      response: FRESH,
      again: cc(directive),
      expect: 'hit',
    }),
  ),
  {
    name: '5.2.1 ignores Pragma of a request by default',
    response: FRESH,
    again: { pragma: 'no-cache' },
    expect: 'hit',
  },
  {
    name: '5.2.1.1 obeys max-age of a request if told to',
    response: FRESH,
    options: honour,
    again: cc('max-age=5'),
    after: 6,
    expect: 'validate',
  },
  {
    name: '5.2.1.1 reuses below max-age of a request',
    response: FRESH,
    options: honour,
    again: cc('max-age=5'),
    after: 5,
    expect: 'hit',
  },
  {
    name: '5.2.1.3 obeys min-fresh if told to',
    response: FRESH,
    options: honour,
    again: cc('min-fresh=50'),
    after: 11,
    expect: 'validate',
  },
  {
    name: '5.2.1.3 reuses what is fresh long enough',
    response: FRESH,
    options: honour,
    again: cc('min-fresh=50'),
    after: 10,
    expect: 'hit',
  },
  {
    name: '5.2.1.4 obeys no-cache of a request if told to',
    response: FRESH,
    options: honour,
    again: cc('no-cache'),
    expect: 'validate',
  },
  {
    name: '5.2.1.5 obeys no-store of a request if told to',
    response: FRESH,
    options: honour,
    request: cc('no-store'),
    again: {},
    expect: 'load',
  },
  {
    name: '5.2.1.7 obeys only-if-cached if told to',
    response: FRESH,
    options: honour,
    again: cc('only-if-cached'),
    expect: 'hit',
  },
  {
    name: '5.2.1.7 answers only-if-cached with 504 if nothing is stored',
    response: FRESH,
    options: honour,
    again: cc('only-if-cached'),
    url: `${URL_1}/other`,
    expect: 'hit',
    secondStatus: 504,
    isEmpty: true,
  },
  {
    name: '5.4 takes no-cache in Pragma for no-cache in Cache-Control, although it need not',
    response: { pragma: 'no-cache' },
    options: { ttl: 60 },
    expect: 'load',
  },
  {
    name: '5.4 ignores Pragma in a response beside Cache-Control',
    response: { pragma: 'no-cache', ...FRESH },
    expect: 'hit',
  },
  {
    name: '5.3 takes a day that no month has for invalid',
    response: { expires: 'Wed, 30 Feb 2033 00:00:00 GMT' },
    expect: 'load',
  },
  {
    name: '5.4 obeys Pragma of a request if told to',
    response: FRESH,
    options: honour,
    again: { pragma: 'no-cache' },
    expect: 'validate',
  },
  {
    name: '5.4 ignores Pragma beside Cache-Control',
    response: FRESH,
    options: honour,
    again: { pragma: 'no-cache', ...cc('max-age=60') },
    expect: 'hit',
  },
  // 5.2.2
  { name: '5.2.2.1 reuses within max-age', response: cc('max-age=1'), after: 0.5, expect: 'hit' },
  { name: '5.2.2.1 reads a quoted max-age', response: cc('max-age="60"'), expect: 'hit' },
  { name: '5.2.2.1 reads max-age in capitals', response: cc('MAX-AGE=60'), expect: 'hit' },
  {
    name: '5.2.2.1 reads max-age after spaces and empty elements',
    response: cc(' , ,  max-age=60 ,'),
    expect: 'hit',
  },
  {
    name: '5.2.2.1 takes single quotes for an invalid number',
    response: cc("max-age='60'"),
    expect: 'load',
  },
  {
    name: '5.2.2.2 reuses fresh responses with must-revalidate',
    response: cc('max-age=60, must-revalidate'),
    after: 59,
    expect: 'hit',
  },
  {
    name: '5.2.2.2 revalidates stale ones with must-revalidate',
    response: cc('max-age=60, must-revalidate, stale-while-revalidate=60'),
    after: 61,
    expect: 'validate',
  },
  {
    name: '5.2.2.3 stores must-understand with a status it knows, despite no-store',
    response: cc('must-understand, no-store, max-age=60'),
    expect: 'hit',
  },
  {
    name: '5.2.2.3 does not store must-understand with a status it does not know',
    status: 499,
    response: cc('must-understand, max-age=60'),
    expect: 'load',
  },
  {
    name: '5.2.2.4 does not reuse no-cache without validation',
    response: cc('no-cache, max-age=60'),
    expect: 'load',
  },
  {
    name: '5.2.2.4 takes no-cache with field names for no-cache',
    response: cc('no-cache="x-a", max-age=60'),
    expect: 'load',
  },
  {
    name: '5.2.2.5 does not store no-store in capitals',
    response: cc('NO-STORE, max-age=60'),
    expect: 'load',
  },
  {
    name: '5.2.2.5 finds no-store in a second field',
    response: cc('max-age=60, no-store'),
    expect: 'load',
  },
  {
    name: '5.2.2.5 finds no-store after an argument without end',
    response: cc('no-store, foo="max-age=60'),
    expect: 'load',
  },
  {
    name: '5.2.2.6 does not transform with no-transform',
    response: { ...cc('no-transform, max-age=60'), 'content-encoding': 'x-none' },
    expect: 'hit',
    fields: { 'content-encoding': 'x-none' },
  },
  {
    name: '5.2.2.7 does not store private in capitals',
    response: cc('Private, max-age=60'),
    expect: 'load',
  },
  {
    name: '5.2.2.8 reuses fresh responses with proxy-revalidate',
    response: cc('max-age=60, proxy-revalidate'),
    after: 59,
    expect: 'hit',
  },
  {
    name: '5.2.2.9 stores public by the ttl of the route',
    response: cc('public'),
    options: { ttl: 60 },
    expect: 'hit',
  },
  {
    name: '5.2.2.10 reuses within s-maxage',
    response: cc('s-maxage=60'),
    after: 59,
    expect: 'hit',
  },
  {
    name: '5.2.2.10 revalidates after s-maxage',
    response: cc('s-maxage=60'),
    after: 61,
    expect: 'validate',
  },
  {
    name: '5.2.2.10 takes an invalid s-maxage for stale',
    response: cc('s-maxage=x, max-age=60'),
    expect: 'load',
  },
  {
    name: '5.2.3 leaves the directives of others in place',
    response: cc('max-age=60, immutable, x-ext=1'),
    expect: 'hit',
    fields: { 'cache-control': 'max-age=60, immutable, x-ext=1, s-maxage=60' },
  },
  // 5.3
  {
    name: '5.3 takes Expires in the past for stale',
    response: { expires: at(-1) },
    expect: 'load',
  },
  { name: '5.3 takes Expires: 0 for stale', response: { expires: '0' }, expect: 'load' },
  {
    name: '5.3 takes an invalid Expires for stale',
    response: { expires: 'tomorrow' },
    expect: 'load',
  },
  {
    name: '5.3 takes Expires at Date for stale',
    response: { expires: at(0), date: at(0) },
    expect: 'load',
  },
  {
    name: '5.3 takes a date of year 0 for stale',
    response: { expires: 'Sat, 01 Jan 0000 00:00:00 GMT' },
    expect: 'load',
  },
  {
    name: '5.3 takes another time zone for invalid',
    response: { expires: at(60).replace('GMT', 'CET') },
    expect: 'load',
  },
  {
    name: '5.3 takes an ISO date for invalid',
    response: { expires: new Date(Date.UTC(2030, 0, 2)).toISOString() },
    expect: 'load',
  },
  {
    name: '5.3 reads the obsolete RFC 850 form',
    response: { expires: 'Tuesday, 01-Jan-30 00:01:00 GMT' },
    after: 59,
    expect: 'hit',
  },
  {
    name: '5.3 reads the obsolete asctime form',
    response: { expires: 'Tue Jan  1 00:01:00 2030' },
    after: 59,
    expect: 'hit',
  },
  {
    name: '5.3 takes a year of two digits far ahead for the past',
    response: { expires: 'Tuesday, 01-Jan-99 00:01:00 GMT' },
    expect: 'load',
  },
  {
    name: '5.3 takes hour 24 for invalid',
    response: { expires: 'Wed, 02 Jan 2030 24:00:00 GMT' },
    expect: 'load',
  },
  {
    name: '5.3 takes month 13 for invalid',
    response: { expires: 'Wed, 02 Foo 2030 00:00:00 GMT' },
    expect: 'load',
  },
  // RFC 5861
  {
    name: '5861 serves stale within stale-while-revalidate',
    response: cc('max-age=60, stale-while-revalidate=30'),
    after: 61,
    expect: 'validate',
    fields: { 'cache-control': 'max-age=0, s-maxage=0', age: '61' },
  },
  {
    name: '5861 serves nothing stale after it',
    response: cc('max-age=60, stale-while-revalidate=30'),
    after: 91,
    expect: 'validate',
    fields: { age: '0' },
  },
  {
    name: '5861 allows stale responses beside s-maxage',
    response: cc('s-maxage=60, stale-while-revalidate=30'),
    after: 61,
    expect: 'validate',
    fields: { age: '61' },
  },
  {
    name: '5861 takes an invalid window for none',
    response: cc('max-age=60, stale-while-revalidate=x'),
    after: 61,
    expect: 'validate',
    fields: { age: '0' },
  },
  {
    name: '5861 replaces a failure until the end of stale-if-error',
    response: cc('max-age=60, stale-if-error=30'),
    after: 89,
    later: { status: 500 },
    expect: 'validate',
    secondStatus: 200,
  },
  {
    name: '5861 replaces none after it',
    response: cc('max-age=60, stale-if-error=30'),
    after: 91,
    later: { status: 500 },
    expect: 'validate',
    secondStatus: 500,
  },
];
