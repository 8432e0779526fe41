import { CacheError } from '../../model/errors.js';

/** A failure that Keyv does not reject with. */
export const keyvError = (why: string): CacheError =>
  new CacheError('STORE_FAILED', `Keyv failed (${why}): see the error events of its storage.`);

/** A value that another program wrote. */
export function corrupt(key: string): CacheError {
  const message = `Keyv returned something else than a record of this store for "${key}": give the cache a namespace of its own.`;
  return new CacheError('CORRUPT', message, { subject: key });
}
