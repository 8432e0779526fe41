import { CacheError } from '../model/errors.js';

/** The text after the colon says which source was asked, what it did, and what to do. */
export const noCredentials = (
  text: string,
  cause?: unknown,
  code: 'NO_CREDENTIALS' | 'MISSING_PEER' | 'TIMEOUT' = 'NO_CREDENTIALS',
  subject = 'credentials',
): CacheError => new CacheError(code, `No AWS credentials: ${text}`, { subject, cause });
