import { CacheError } from '../../model/errors.js';

/** A pointer whose value cannot be read. */
export const corrupt = (key: string, why: string): CacheError =>
  new CacheError(
    'CORRUPT',
    `The value of "${key.slice(0, 100)}" is in an overflow store: ${why}.`,
    { subject: key },
  );

/** A value that does not fit, with an overflow store or without. Sizes are bytes. */
export function tooLarge(key: string, bytes: number, most: number, has: boolean): CacheError {
  const other = has
    ? 'cache less, or compress it'
    : 'give the option overflow, an S3CacheStore for example, or compress it';
  const message = `The value of "${key.slice(0, 100)}" needs ${bytes} bytes, more than ${most}: ${other}.`;
  return new CacheError('VALUE_TOO_LARGE', message, { subject: key });
}
