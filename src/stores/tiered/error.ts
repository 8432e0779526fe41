import { CacheError } from '../../model/errors.js';

/** An upper tier that has not answered in its time. */
export const tierTimeout = (tier: string, ms: number): CacheError =>
  new CacheError('TIMEOUT', `The tier "${tier}" did not answer within ${ms} ms.`);
