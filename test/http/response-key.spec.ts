import { responseKey } from '@glasswork/cache/http';
import { describe, expect, it } from 'vitest';
import { nameRequest } from '../../src/http/response-key.js';

type Options = Parameters<typeof nameRequest>[1];
const keyOf = (url: string, options: Options = {}) => responseKey(new Request(url), options);
/** A request as another library makes one, whose URL is not normalised. */
const nameOf = (url: string, options: Options = {}) => nameRequest({ url } as Request, options);

describe('the key of a request', () => {
  it.each<[string, Options, string]>([
    ['https://a.test/', {}, 'https://a.test/'],
    ['https://a.test/x?', {}, 'https://a.test/x'],
    ['https://a.test/x?b=2&a=1', {}, 'https://a.test/x?a=1&b=2'],
    ['https://a.test/x?b&a', {}, 'https://a.test/x?a&b'],
    ['https://a.test/x?a=2&b=1&a=1', {}, 'https://a.test/x?a=2&a=1&b=1'],
    ['https://a.test/x?b=1&a=1&b=0', {}, 'https://a.test/x?a=1&b=1&b=0'],
    ['https://a.test/x?a=1#b?c', {}, 'https://a.test/x?a=1'],
    ['https://a.test/x#b?c=1', {}, 'https://a.test/x'],
    ['https://a.test/x?b=2&a=1', { query: 'all' }, 'https://a.test/x?a=1&b=2'],
    ['https://a.test/x?b=2&a=1', { query: 'none' }, 'https://a.test/x'],
    ['https://a.test/x?b=2&a=1&c=3', { query: ['c', 'a'] }, 'https://a.test/x?a=1&c=3'],
    ['https://a.test/x?b=2', { query: ['a'] }, 'https://a.test/x'],
    ['https://a.test/x?b=2', { query: [] }, 'https://a.test/x'],
    ['https://a.test/x?a+b=1&a%20b=2&%ff=3', { query: ['a b'] }, 'https://a.test/x?a%20b=2&a+b=1'],
    ['https://a.test/x?%ff=3', { query: ['%ff'] }, 'https://a.test/x?%ff=3'],
    ['https://a.test/x?a=1', { origin: 'https://b.test' }, 'https://b.test/x?a=1'],
  ])('of %s with %j is that of %s', (url, options, expected) =>
    expect(keyOf(url, options)).toBe(`http:${expected}`),
  );

  it('is that of a URL which begins with its query mark', () => {
    expect(nameOf('?a=1', { origin: 'https://b.test' })).toHaveProperty('key');
  });

  it('is absent beyond 8,192 characters', () => {
    const long = (length: number) => 'https://a.test/'.padEnd(length, 'x');
    expect(keyOf(long(8_192))).toBe(`http:${long(8_192)}`);
    expect(keyOf(long(8_193))).toBeUndefined();
    expect(nameOf(long(8_193))).toEqual({ reason: 'long-url' });
  });

  it('is absent beyond 256 parameters', () => {
    const many = (count: number) => `https://a.test/?${Array(count).fill('a').join('&')}`;
    expect(nameOf(many(256))).toHaveProperty('key');
    expect(nameOf(many(257))).toEqual({ reason: 'many-parameters' });
    expect(nameOf(many(257), { query: 'none' })).toHaveProperty('key');
  });

  it('is that of the user, and cannot be taken for another one', () => {
    expect(keyOf('https://a.test/', { key: () => 'a#b%c' })).toBe('http:=a%23b%25c');
    expect(keyOf('https://a.test/', { key: () => '' })).toBe('http:=');
    expect(nameOf('https://a.test/', { key: () => undefined })).toEqual({ reason: 'no-key' });
    expect(nameOf('https://a.test/', { key: () => 5 as never })).toEqual({ reason: 'key-failed' });
    const fails = () => {
      throw new Error('a');
    };
    expect(nameOf('https://a.test/', { key: fails })).toEqual({ reason: 'key-failed' });
  });
});
