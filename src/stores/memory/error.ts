import { CacheError } from '../../model/errors.js';

/** A record that no eviction can make room for. Sizes are bytes. */
export function tooLarge(key: string, bytes: number, maxBytes: number): CacheError {
  const value = `The value of "${key.slice(0, 100)}" needs ${bytes} bytes`;
  const message = `${value}, more than maxBytes (${maxBytes}): cache less, or raise maxBytes.`;
  return new CacheError('VALUE_TOO_LARGE', message, { subject: key });
}
