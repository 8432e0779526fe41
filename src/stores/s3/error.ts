import { CacheError } from '../../model/errors.js';
import { type FailedRequest, refusedError, unsentError } from '../aws/error.js';
import { describePlace } from '../aws/place.js';
import type { Operation, Place, S3Refusal, Setting } from './database.js';
import { remedyOf } from './remedies.js';

/** Turns an error response of S3 into a `CacheError` that says what to do. */
export function s3Error(
  operation: Operation | Setting,
  place: Place,
  refusal: S3Refusal,
): CacheError {
  const isTooLarge = refusal.type === 'EntityTooLarge';
  return refusedError(
    request(operation, place),
    refusal,
    isTooLarge ? 'VALUE_TOO_LARGE' : undefined,
  );
}

/** Turns an error of the transport into a `CacheError`: no response, or no credentials. */
export const unansweredError = (
  operation: Operation | Setting | 'warm',
  place: Place,
  error: unknown,
): unknown => unsentError(request(operation, place), error);

const request = (operation: Operation | Setting | 'warm', place: Place): FailedRequest => ({
  what: `S3: ${operation} in bucket "${place.bucket}"${describePlace(place)}`,
  subject: place.bucket,
  remedyOf: (refusal) => remedyOf(place, operation, refusal),
});

/** An object that another program wrote. */
export const foreign = (key: string): CacheError => corrupt(key, 'is not one of a cache');

export function corrupt(key: string, what: string): CacheError {
  const message = `The object of "${key.slice(0, 100)}" in S3 ${what}: keep other programs out of the store's prefix.`;
  return new CacheError('CORRUPT', message, { subject: key });
}
