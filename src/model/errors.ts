import { ignoreRejection } from '../util/promises.js';

/**
 * A stable code to branch on.
 *
 * - `INVALID_DURATION`, `INVALID_OPTION`, `INVALID_KEY`: the call or the configuration is wrong. Fix it.
 * - `UNSERIALIZABLE`: the value cannot be written by the store's serializer.
 * - `CORRUPT`: the stored value cannot be read back. The service treats it as a miss.
 * - `VALUE_TOO_LARGE`: the value does not fit into one item of the store.
 * - `NOT_CONFIRMED`: the store did not confirm an invalidation. The old value may still be served.
 * - `STORE_FAILED`: the store refused the operation or could not be reached.
 * - `TIMEOUT`: a time limit ran out.
 * - `LOAD_FAILED`: a load broke its own contract, such as a batch of the wrong length.
 * - `MISSING_PEER`: an optional package is not installed.
 * - `NO_CREDENTIALS`: no AWS credentials were found.
 */
export type CacheErrorCode =
  | 'INVALID_DURATION'
  | 'INVALID_OPTION'
  | 'INVALID_KEY'
  | 'UNSERIALIZABLE'
  | 'CORRUPT'
  | 'VALUE_TOO_LARGE'
  | 'NOT_CONFIRMED'
  | 'STORE_FAILED'
  | 'TIMEOUT'
  | 'LOAD_FAILED'
  | 'MISSING_PEER'
  | 'NO_CREDENTIALS';

/** The JSON of an error below a `CacheError`, for logs. */
export interface CauseJSON {
  readonly name?: string;
  readonly code?: string | number;
  readonly message: string;
  readonly cause?: CauseJSON;
}

/** The JSON of a `CacheError`, for logs. */
export interface CacheErrorJSON extends CauseJSON {
  readonly name: string;
  readonly code: CacheErrorCode;
  readonly subject?: string;
}

const BRAND = /* @__PURE__ */ Symbol.for('@glasswork/cache/CacheError');

/**
 * The error class of this package, the same from every entry point.
 *
 * Its message ends with the next action to take. `cause` holds the underlying error.
 *
 * @example
 * ```ts
 * import { CacheError, type CacheService } from '@glasswork/cache';
 *
 * async function rename(cache: CacheService, id: string) {
 *   try {
 *     await cache.del(`user:${id}`);
 *   } catch (error) {
 *     if (error instanceof CacheError && error.code === 'NOT_CONFIRMED') await cache.del(`user:${id}`);
 *     else throw error;
 *   }
 * }
 * ```
 */
export class CacheError extends Error {
  /**
   * True also for an error of another copy of this package, because `import` and `require` may load one each.
   * Subclasses keep their own test.
   *
   * @internal
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this method.
    return isInstance(value, this);
  }

  override readonly name = 'CacheError';
  readonly code: CacheErrorCode;
  /** The key, option or tag that the error is about, if any. */
  readonly subject: string | undefined;

  constructor(
    code: CacheErrorCode,
    message: string,
    options: { subject?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.subject = options.subject;
  }

  /** For logs, because `JSON.stringify` drops the message of an error. Keeps name, code and message of the causes. */
  toJSON(): CacheErrorJSON {
    const { name, code, message, subject } = this;
    const json = { name, code, message: withoutPasswords(message) };
    const cause = this.cause === undefined ? undefined : causeJSON(this.cause, MOST_CAUSES);
    return { ...json, ...(subject !== undefined && { subject }), ...(cause && { cause }) };
  }

  /** @internal */
  get '@glasswork/cache'(): symbol {
    return BRAND;
  }
}

function isInstance(value: unknown, of: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(of, value)) return true;
  const error: Partial<CacheError> = Object(value);
  return (
    of === CacheError &&
    error['@glasswork/cache'] === BRAND &&
    !Object.hasOwn(error, '@glasswork/cache')
  );
}

const UNREADABLE = 'An error that throws when it is read';

/** The most causes in the JSON of an error, because a chain of causes may be circular. */
const MOST_CAUSES = 5;

/** Never throws, because a log line about an error must not end in another one. */
function causeJSON(error: unknown, most: number): CauseJSON {
  try {
    return readCause(error, most);
  } catch {
    return { message: UNREADABLE };
  }
}

/** Keeps nothing else, because an SDK's error contains the request with its signature. */
function readCause(error: unknown, most: number): CauseJSON {
  const { name, code, message, cause }: Partial<Record<keyof CauseJSON, unknown>> = Object(error);
  const json = { message: withoutPasswords(String(message ?? error)) };
  return {
    ...(typeof name === 'string' && { name }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...json,
    ...(cause !== undefined && most > 1 && { cause: causeJSON(cause, most - 1) }),
  };
}

/** The error itself, or one that stands for it if it throws when it is read. */
export function readable(error: unknown): unknown {
  try {
    const { name, code, message }: Record<string, unknown> = Object(error);
    for (const part of [name, code, message, error]) String(part);
    // The test of its class reads more of it.
    void (error instanceof CacheError);
    return error;
  } catch {
    return new Error(UNREADABLE);
  }
}

/** Removes the text between scheme and host from each URL. */
export const withoutPasswords = (text: string): string =>
  text.replace(/(\w:\/\/)[^\s'"]*@/g, '$1…@');

/** The code of any error, or else its name. Short, because it names a metric. */
export function errorCode(error: unknown): string {
  const { code, name }: { code?: unknown; name?: unknown } = Object(error);
  const text = typeof code === 'string' && code ? code : String(name ?? 'Error');
  return text.replace(/[^\w.-]/g, '_').slice(0, 64) || 'Error';
}

/** The error for a wrong option or argument: its name, its value, and what to give instead. */
export function invalid(
  subject: string,
  value: unknown,
  give: string,
  code: CacheErrorCode = 'INVALID_OPTION',
): CacheError {
  // Also those in a list.
  [value].flat().forEach(ignoreRejection);
  // A function or an object is not shown, because its text says nothing useful.
  const text =
    Object(value) === value ? typeof value : withoutPasswords(String(value)).slice(0, 100);
  const is = typeof value === 'string' ? `'${text}'` : text;
  return new CacheError(code, `${subject} is ${is}: give ${give}.`, { subject });
}
