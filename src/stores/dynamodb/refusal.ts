import { CacheError } from '../../errors.js';
import type { Operation } from './database.js';

/** What to do about the errors that people meet; the service's own words stand before it. */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [
    /^ResourceNotFound/,
    'Create the table (see infrastructure/sam.yaml), or check tableName and region.',
  ],
  [
    /^(AccessDenied|NotAuthorized)/,
    'Allow the action on the table: GetItem, BatchGetItem and UpdateItem for everything; Scan for delByPattern; Scan and DeleteItem for clear.',
  ],
  [
    /^(UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|InvalidClientTokenId|MissingAuthentication|IncompleteSignature)/,
    'Check the credentials, the region and the clock.',
  ],
  [
    /^(ProvisionedThroughput|Throttl|RequestLimit)/,
    "Raise the table's capacity; for one hot key, put a memory tier in front.",
  ],
];

/** An error that the service answered with, as a `CacheError` whose message says what to do. */
export function refusal(
  operation: Operation,
  tableName: string,
  type: string | undefined,
  message: string,
  cause?: unknown,
): CacheError {
  if (type?.startsWith('Validation') && /size/i.test(message)) {
    return new CacheError('VALUE_TOO_LARGE', `DynamoDB refused the item: ${message}.`, { cause });
  }
  const remedy = REMEDIES.find(([pattern]) => pattern.test(type ?? ''))?.[1] ?? 'Try again later.';
  return new CacheError(
    'STORE_FAILED',
    `DynamoDB refused ${operation} on table "${tableName}" (${type ?? 'no error type'}): ${message.replace(/\.?$/, '.')} ${remedy}`,
    { subject: tableName, cause },
  );
}
