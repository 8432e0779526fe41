import { CacheError } from '../../model/errors.js';
import { type FailedRequest, type Refusal, refusedError, unsentError } from '../aws/error.js';
import { describePlace } from '../aws/place.js';
import type { Operation, Place } from './database.js';
import { remedyOf } from './remedies.js';

/** Turns an error response of DynamoDB into a `CacheError` that says what to do. */
export function dynamodbError(operation: Operation, place: Place, refusal: Refusal): CacheError {
  const { type, message } = refusal;
  const isTooLarge = /^Valid/.test(type) && /size/i.test(message);
  return refusedError(
    request(operation, place),
    refusal,
    isTooLarge ? 'VALUE_TOO_LARGE' : undefined,
  );
}

/** Turns an error of the transport into a `CacheError`: no response, or no credentials. */
export const unansweredError = (
  operation: Operation | 'warm',
  place: Place,
  error: unknown,
): unknown => unsentError(request(operation, place), error);

const request = (operation: Operation | 'warm', place: Place): FailedRequest => ({
  what: `DynamoDB: ${operation} on table "${place.table}"${describePlace(place)}`,
  subject: place.table,
  remedyOf: (refusal) => remedyOf(place, operation, refusal),
});

/** An item that another program wrote. */
export function foreign(key: string): CacheError {
  const message = `The item of "${key}" holds neither text nor bytes, so another program wrote it: give the cache its own table.`;
  return new CacheError('CORRUPT', message, { subject: key });
}
