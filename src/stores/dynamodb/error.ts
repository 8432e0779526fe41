import { CacheError } from '../../model/errors.js';
import type { Operation } from './database.js';

/** What to do about the errors that people meet, by the start of DynamoDB's name for them. */
const REMEDIES: Readonly<Record<string, string>> = {
  ResourceNotFound: 'Create the table, or check its name and the region',
  AccessDenied:
    'Allow dynamodb:GetItem, BatchGetItem and UpdateItem; Scan for delByPattern; Scan and DeleteItem for clear',
  UnrecognizedClient: 'Check the credentials and the region',
  ProvisionedThroughput: 'Raise the capacity of the table',
};

/** An error that DynamoDB answered with, as a `CacheError` whose message says what to do. */
export function dynamodbError(
  operation: Operation,
  subject: string,
  type: string | undefined,
  message: string,
  cause?: unknown,
): CacheError {
  const found = Object.keys(REMEDIES).find((start) => type?.startsWith(start));
  const remedy = found ? ` ${REMEDIES[found]}.` : '';
  const code =
    /size/i.test(message) && type?.startsWith('Valid') ? 'VALUE_TOO_LARGE' : 'STORE_FAILED';
  return new CacheError(
    type === 'Timeout' ? 'TIMEOUT' : code,
    `DynamoDB: ${operation} on table "${subject}" failed (${type}): ${message}.${remedy}`,
    { subject, cause },
  );
}
