/**
 * What went wrong, as a stable word to branch on.
 *
 * - `INVALID_DURATION`, `INVALID_OPTION`, `INVALID_KEY`: the call or the configuration is wrong; mend the code.
 * - `UNSERIALIZABLE`: the value cannot be written by the store's serializer.
 * - `CORRUPT`: what the store holds cannot be read back; the service treats it as a miss.
 * - `VALUE_TOO_LARGE`: the value does not fit into one item of the store.
 * - `NOT_CONFIRMED`: an invalidation that the store did not confirm; try it again.
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

/**
 * The one error class of this package, whatever the entrance it was imported from.
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
}

/** An option or argument that is wrong: which one, what it is, and what to give instead. */
export function invalid(
  subject: string,
  value: unknown,
  give: string,
  code: CacheErrorCode = 'INVALID_OPTION',
): CacheError {
  // Not their text: a function's is its source.
  const is = Object(value) === value ? typeof value : String(value).slice(0, 100);
  return new CacheError(code, `${subject} is ${is}: give ${give}.`, { subject });
}
