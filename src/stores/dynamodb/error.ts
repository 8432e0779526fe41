import { CacheError } from '../../model/errors.js';
import type { Operation, Place } from './database.js';
import { remedyOf } from './remedies.js';

/** An error as DynamoDB names it. */
interface Refusal {
  /** Its name, such as `AccessDeniedException`. */
  readonly type: string;
  readonly message: string;
  /** Default: an error with this name and message. */
  readonly cause?: unknown;
}

/** Turns an error response of DynamoDB into a `CacheError` that says what to do. */
export function dynamodbError(
  operation: Operation,
  place: Place,
  { type, message, cause }: Refusal,
): CacheError {
  const tooLarge = /^Valid/.test(type) && /size/i.test(message);
  const failed = tooLarge ? 'VALUE_TOO_LARGE' : 'STORE_FAILED';
  const code = type === 'Timeout' ? 'TIMEOUT' : failed;
  const text = `${describe(operation, place)} failed (${type}): ${sentence(message)}${remedyOf(place, operation, type, message)}`;
  const named = Object.assign(new Error(message), { name: type });
  return new CacheError(code, text, { subject: place.table, cause: cause ?? named });
}

/** Turns an error of the transport into a `CacheError`: no response, or no credentials. */
export function unansweredError(
  operation: Operation | 'warm',
  place: Place,
  error: unknown,
): unknown {
  if (!(error instanceof CacheError)) return error;
  const { code, message } = error;
  const options = { subject: place.table, cause: error.cause ?? error };
  const what = describe(operation, place);
  if (code !== 'STORE_FAILED' && code !== 'TIMEOUT') {
    const login = /sso/i.test(message) && !/sso login/.test(message) ? ' Run `aws sso login`.' : '';
    return new CacheError(code, `${what} was not sent: ${sentence(message)}${login}`, options);
  }
  const cause: { code?: string; message?: string } = Object(error.cause);
  const why = cause.code ?? cause.message ?? message;
  const [tries = ''] = / \(tries: [^)]*\)/.exec(message) ?? [];
  const remedy = remedyOf(place, operation, why, cause.message ?? message);
  return new CacheError(code, `${what} failed: ${why}${tries}.${remedy}`, options);
}

/** As in `DynamoDB: get on table "cache" in eu-central-1 at http://localhost:8000`. */
function describe(operation: Operation | 'warm', { table, region, endpoint }: Place): string {
  const place = `${region ? ` in ${region}` : ''}${endpoint ? ` at ${endpoint}` : ''}`;
  return `DynamoDB: ${operation} on table "${table}"${place}`;
}

/** With one full stop. */
const sentence = (text: string): string => text.trim().replace(/[^.?!]$/, '$&.');
