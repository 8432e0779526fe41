import { CacheError } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { invalid } from '../../src/model/errors.js';

const json = (error: unknown) => JSON.parse(JSON.stringify({ error })).error;

const fail = () => {
  throw new Error('not now');
};

describe('a CacheError as JSON', () => {
  it('has its code, message and subject', () => {
    expect(json(new CacheError('NOT_CONFIRMED', 'not confirmed', { subject: 'k' }))).toEqual({
      name: 'CacheError',
      code: 'NOT_CONFIRMED',
      message: 'not confirmed',
      subject: 'k',
    });
    expect(json(new CacheError('TIMEOUT', 'late'))).toEqual({
      name: 'CacheError',
      code: 'TIMEOUT',
      message: 'late',
    });
  });

  it('has its causes, whatever they are', () => {
    const system = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const store = new CacheError('STORE_FAILED', 'no answer', { cause: system });
    expect(json(new CacheError('NOT_CONFIRMED', 'not confirmed', { cause: store }))).toEqual({
      name: 'CacheError',
      code: 'NOT_CONFIRMED',
      message: 'not confirmed',
      cause: {
        name: 'CacheError',
        code: 'STORE_FAILED',
        message: 'no answer',
        cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
      },
    });
    for (const [cause, message] of [
      ['text', 'text'],
      [404, '404'],
      [null, 'null'],
      [10n, '10'],
      [{ message: 'an object' }, 'an object'],
      [{}, '[object Object]'],
    ] as const) {
      expect(json(new CacheError('STORE_FAILED', 'failed', { cause })).cause).toEqual({ message });
    }
  });

  it('keeps nothing else of a cause, which may hold a whole request', () => {
    const cause = Object.assign(new Error('denied'), {
      name: 'AccessDeniedException',
      $response: { headers: { authorization: 'AWS4-HMAC-SHA256 secret' } },
    });
    expect(json(new CacheError('STORE_FAILED', 'failed', { cause })).cause).toEqual({
      name: 'AccessDeniedException',
      message: 'denied',
    });
  });

  it.each<[string, unknown]>([
    ['an object without a prototype', Object.create(null)],
    ['a proxy that throws', new Proxy({}, { get: fail })],
    ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: fail })],
    [
      'an error with an unreadable cause',
      new Error('above', { cause: new Proxy({}, { get: fail }) }),
    ],
  ])('can be written with the cause %s', (_, cause) => {
    expect(json(new CacheError('STORE_FAILED', 'failed', { cause }))).toMatchObject({
      ...{ code: 'STORE_FAILED', message: 'failed' },
      cause: { message: expect.stringMatching(/throws when it is read|above/) },
    });
  });

  it('ends, also where causes are a circle', () => {
    const cause: Error & { cause?: unknown } = new Error('circle');
    cause.cause = cause;
    const text = JSON.stringify(new CacheError('STORE_FAILED', 'failed', { cause }));
    expect(text.match(/circle/g)).toHaveLength(5);
  });

  it.each([
    'redis://user:secret@host:6379/0',
    'rediss://:s3cr/et@host',
    'valkey://a:se@cret@host',
    'https://key:secret@example.com/path?x=1',
  ])('shows no password of %s', (url) => {
    const error = new CacheError('STORE_FAILED', `cannot reach ${url} now`, {
      cause: new Error(`connect to '${url}' failed`),
    });
    const text = JSON.stringify(error);
    expect(text).not.toMatch(/secret|s3cr|et@|cret/);
    expect(text).toContain('cannot reach');
    expect(text).toContain('failed');
  });
});

describe('the message of a wrong option', () => {
  it.each<[unknown, string]>([
    ['', "tableName is '': give a name."],
    ['a b', "tableName is 'a b': give a name."],
    [undefined, 'tableName is undefined: give a name.'],
    [null, 'tableName is null: give a name.'],
    [7, 'tableName is 7: give a name.'],
    [{ secret: 1 }, 'tableName is object: give a name.'],
    [() => 'secret', 'tableName is function: give a name.'],
    ['https://user:secret@host', "tableName is 'https://…@host': give a name."],
    ['x'.repeat(1_000), `tableName is '${'x'.repeat(100)}': give a name.`],
  ])('quotes %o', (value, message) => {
    expect(invalid('tableName', value, 'a name').message).toBe(message);
  });
});
