import { CacheError } from '../../model/errors.js';
import type { Operation, Place, Refusal, Setting } from './database.js';
import { remedyOf } from './remedies.js';

/** Turns an error response of S3 into a `CacheError` that says what to do. */
export function s3Error(
  operation: Operation | Setting,
  place: Place,
  refusal: Refusal,
): CacheError {
  const { type, message, cause } = refusal;
  const failed = type === 'EntityTooLarge' ? 'VALUE_TOO_LARGE' : 'STORE_FAILED';
  const code = type === 'Timeout' ? 'TIMEOUT' : failed;
  const text = `${describe(operation, place)} failed (${type}): ${sentence(message)}${remedyOf(place, operation, refusal)}`;
  const named = Object.assign(new Error(message), { name: type });
  return new CacheError(code, text, { subject: place.bucket, cause: cause ?? named });
}

/** Turns an error of the transport into a `CacheError`: no response, or no credentials. */
export function unansweredError(
  operation: Operation | Setting | 'warm',
  place: Place,
  error: unknown,
): unknown {
  if (!(error instanceof CacheError)) return error;
  const { code, message } = error;
  const options = { subject: place.bucket, cause: error.cause ?? error };
  const what = describe(operation, place);
  if (code !== 'STORE_FAILED' && code !== 'TIMEOUT') {
    const login = /sso/i.test(message) && !/sso login/.test(message) ? ' Run `aws sso login`.' : '';
    return new CacheError(code, `${what} was not sent: ${sentence(message)}${login}`, options);
  }
  const cause: { code?: string; message?: string } = Object(error.cause);
  const why = cause.code ?? cause.message ?? message;
  const [tries = ''] = / \(tries: [^)]*\)/.exec(message) ?? [];
  const remedy = remedyOf(place, operation, { type: why, message: cause.message ?? message });
  return new CacheError(code, `${what} failed: ${why}${tries}.${remedy}`, options);
}

/** As in `S3: get in bucket "cache" in eu-central-1 at http://localhost:9000`. */
function describe(
  operation: Operation | Setting | 'warm',
  { bucket, region, endpoint }: Place,
): string {
  const place = `${region ? ` in ${region}` : ''}${endpoint ? ` at ${endpoint}` : ''}`;
  return `S3: ${operation} in bucket "${bucket}"${place}`;
}

/** With one full stop. */
const sentence = (text: string): string => text.trim().replace(/[^.?!]$/, '$&.');
