import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheError } from '../../../src/model/errors.js';
import { redisKeys } from '../../../src/stores/redis/keys.js';

const bytes = (text: string) => new TextEncoder().encode(text);
/** Any run of code units, halves of surrogate pairs and NUL characters among them. */
const anyKey = fc
  .array(fc.oneof(fc.constantFrom(0, 0x30, 0x64, 0xd83d, 0xde00), fc.nat(0xffff)))
  .map((units) => String.fromCharCode(...units));

describe('the keys of a Redis store', () => {
  it('are the keys themselves behind the prefix', () => {
    expect(redisKeys('shop').encode('user:1')).toBe('shop:user:1');
    expect(redisKeys('shop:').encode('user:1')).toBe('shop:user:1');
    expect(redisKeys('shop').encode('')).toBe('shop:');
  });

  it.each(['shop', '\ufeffshop'])('come back from bytes as they were, behind %j', (prefix) => {
    const { encode, decode } = redisKeys(prefix);
    fc.assert(
      fc.property(anyKey, (key) => {
        const stored = bytes(encode(key));
        expect(Buffer.from(stored).toString()).toBe(encode(key));
        expect(decode(stored)).toBe(key);
      }),
      { examples: [['\ud800'], ['\0'], ['\0d800'], ['\0\ud800\0'], ['\udc00\ud800'], ['\ufeff']] },
    );
  });

  it('are none outside the prefix', () => {
    expect(redisKeys('shop').decode(bytes('shop2:a'))).toBeUndefined();
  });

  it('are searched for by what a glob begins with, literally', () => {
    expect(redisKeys('a*[b]?\\').scanPattern('c[d]\\*e*f')).toBe(
      'a\\*\\[b\\]\\?\\\\:c\\[d\\]\\*e*',
    );
    expect(redisKeys('shop').scanPattern()).toBe('shop:*');
  });

  it.each(['', '\ud800'])('refuse the prefix %j', (prefix) => {
    const error = { code: 'INVALID_OPTION', subject: 'prefix' };
    expect(() => redisKeys(prefix)).toThrow(expect.objectContaining(error));
    expect(() => redisKeys(prefix)).toThrow(CacheError);
  });
});
