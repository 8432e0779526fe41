import { CacheError, type CacheErrorCode } from '../../model/errors.js';

/** An error as a service of AWS names it, or a client of its SDK. */
export interface Refusal {
  /** Its name, such as `AccessDeniedException` or `HTTP 403`. */
  readonly type: string;
  readonly message: string;
  /** Default: an error with this name and message. */
  readonly cause?: unknown;
}

/** A request that failed. */
export interface FailedRequest {
  /** As in `DynamoDB: get on table "cache" in eu-central-1`. */
  readonly what: string;
  /** The table or the bucket. */
  readonly subject: string;
  /** The next step: a sentence after a blank, or the empty string. */
  remedyOf(refusal: Refusal): string;
}

/** The error for an error response. */
export function refusedError(
  { what, subject, remedyOf }: FailedRequest,
  refusal: Refusal,
  code: CacheErrorCode = 'STORE_FAILED',
): CacheError {
  const { type, message, cause } = refusal;
  const text = `${what} failed (${type}): ${(sentence(message) + remedyOf(refusal)).trim()}`;
  const named = Object.assign(new Error(message), { name: type });
  return new CacheError(type === 'Timeout' ? 'TIMEOUT' : code, text, {
    subject,
    cause: cause ?? named,
  });
}

/** The error for a request without a response, or without credentials, from an error of the transport. */
export function unsentError({ what, subject, remedyOf }: FailedRequest, error: unknown): unknown {
  if (!(error instanceof CacheError)) return error;
  const { code, message } = error;
  const options = { subject, cause: error.cause ?? error };
  const isLate = code === 'TIMEOUT' && error.subject === 'credentials';
  if (isLate || (code !== 'STORE_FAILED' && code !== 'TIMEOUT')) {
    const login = /sso/i.test(message) && !/sso login/.test(message) ? ' Run `aws sso login`.' : '';
    return new CacheError(code, `${what} was not sent: ${sentence(message)}${login}`, options);
  }
  const cause: { code?: string; message?: string } = Object(error.cause);
  const why = cause.code ?? cause.message ?? message;
  const [tries = ''] = / \(tries: [^)]*\)/.exec(message) ?? [];
  const remedy = remedyOf({ type: why, message: cause.message ?? message });
  return new CacheError(code, `${what} failed: ${why}${tries}.${remedy}`, options);
}

/** With one full stop. */
const sentence = (text: string): string => text.trim().replace(/[^.?!]$/, '$&.');
