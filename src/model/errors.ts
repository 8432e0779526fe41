/**
 * What went wrong, as a stable word to branch on.
 *
 * - `INVALID_DURATION`, `INVALID_OPTION`, `INVALID_KEY`: the call or the configuration is wrong: fix it.
 * - `UNSERIALIZABLE`: the value cannot be written by the store's serializer.
 * - `CORRUPT`: what the store holds cannot be read back; the service treats it as a miss.
 * - `VALUE_TOO_LARGE`: the value does not fit into one item of the store.
 * - `NOT_CONFIRMED`: an invalidation that the store did not confirm: the old value may still be served.
 * - `STORE_FAILED`: the store refused or could not be reached.
 * - `TIMEOUT`: a time budget ran out.
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

/** What a log keeps of the error under a `CacheError`. */
export interface CauseJSON {
  readonly name?: string;
  readonly code?: string | number;
  readonly message: string;
  readonly cause?: CauseJSON;
}

/** What a log keeps of a `CacheError`. */
export interface CacheErrorJSON extends CauseJSON {
  readonly name: string;
  readonly code: CacheErrorCode;
  readonly subject?: string;
}

const BRAND = /* @__PURE__ */ Symbol.for('@glasswork/cache/CacheError');

/**
 * The one error class of this package, whatever entry point it was imported from.
 *
 * Its message ends with the next action to take; `cause` keeps the error underneath.
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
   * An error of another copy of this package is one as well: `import` and `require` may find one each. Subclasses stay
   * themselves.
   *
   * @internal
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this method.
    return isInstance(value, this);
  }

  override readonly name = 'CacheError';
  readonly code: CacheErrorCode;
  /** The key, option or tag that the error is about, where there is one. */
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

  /** For logs: `JSON.stringify` of any other error keeps nothing. Of the causes it keeps name, code and message. */
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

/** Causes of causes in the JSON of an error; a chain may be a circle. */
const MOST_CAUSES = 5;

/** Nothing else of it: an SDK's error holds the request, with its signature. */
function causeJSON(error: unknown, most: number): CauseJSON {
  const { name, code, message, cause }: Partial<Record<keyof CauseJSON, unknown>> = Object(error);
  const json = { message: withoutPasswords(String(message ?? error)) };
  return {
    ...(typeof name === 'string' && { name }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...json,
    ...(cause !== undefined && most > 1 && { cause: causeJSON(cause, most - 1) }),
  };
}

/** The text without what stands between the scheme and the host of a URL. */
export const withoutPasswords = (text: string): string =>
  text.replace(/(\w:\/\/)[^\s'"]*@/g, '$1…@');

/** An option or argument that is wrong: which one, what it is, and what to give instead. */
export function invalid(
  subject: string,
  value: unknown,
  give: string,
  code: CacheErrorCode = 'INVALID_OPTION',
): CacheError {
  // Not the text of a function, which is its source, nor of an object.
  const text =
    Object(value) === value ? typeof value : withoutPasswords(String(value)).slice(0, 100);
  const is = typeof value === 'string' ? `'${text}'` : text;
  return new CacheError(code, `${subject} is ${is}: give ${give}.`, { subject });
}
