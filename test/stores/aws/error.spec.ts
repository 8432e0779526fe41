import { describe, expect, it } from 'vitest';
import { CacheError, type CacheErrorCode } from '../../../src/model/errors.js';
import { type Refusal, unsentError } from '../../../src/stores/aws/error.js';

const asked: Refusal[] = [];
const request = {
  what: 'DynamoDB: get on table "t"',
  subject: 't',
  remedyOf(refusal: Refusal) {
    asked.push(refusal);
    return ' Do this.';
  },
};
const unsent = (code: CacheErrorCode, message: string, options: object) =>
  unsentError(request, new CacheError(code, message, options as { subject: string }));

describe('the error of a request that got no answer', () => {
  it('is what was thrown, if that is no error of this package', () => {
    const error = new TypeError('a fault of the program');
    expect(unsentError(request, error)).toBe(error);
  });

  it.each<[CacheErrorCode, string]>([
    ['NO_CREDENTIALS', 'credentials'],
    ['INVALID_OPTION', 'region'],
    ['TIMEOUT', 'credentials'],
  ])('with %s of %s says that nothing was sent', (code, subject) => {
    expect(unsent(code, 'The reason', { subject })).toMatchObject({
      ...{ code, subject: 't' },
      message: 'DynamoDB: get on table "t" was not sent: The reason.',
    });
  });

  it.each<[CacheErrorCode, string]>([
    ['STORE_FAILED', 'credentials'],
    ['TIMEOUT', 'dynamodb'],
  ])('with %s of %s says why it failed, and what to do', (code, subject) => {
    const cause = Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' });
    const error = unsent(code, 'No answer (tries: 2)', { subject, cause });
    expect(error).toMatchObject({
      ...{ code, cause },
      message: 'DynamoDB: get on table "t" failed: ECONNREFUSED (tries: 2). Do this.',
    });
    expect(asked.at(-1)).toEqual({ type: 'ECONNREFUSED', message: 'connect failed' });
  });

  it.each([
    ['The SSO session has expired', 'The SSO session has expired. Run `aws sso login`.'],
    ['SSO: run aws sso login first', 'SSO: run aws sso login first.'],
    ['No keys', 'No keys.'],
  ])('names the login for SSO, once: %s', (message, expected) => {
    const error = unsent('NO_CREDENTIALS', message, { subject: 'credentials' });
    expect(String(Object(error).message)).toBe(`${request.what} was not sent: ${expected}`);
  });
});
