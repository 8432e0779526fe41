import { denialOf, permit } from '../../aws/denial.js';
import type { Refusal } from '../aws/error.js';
import { partitionOf } from '../aws/place.js';
import { CREDENTIALS, firstRemedy, networkRemedies, type Remedies } from '../aws/remedies.js';
import type { Operation, Place } from './database.js';

/** The API name of each operation, as IAM policies use it. */
export const ACTIONS: Readonly<Partial<Record<Operation | 'warm', string>>> = {
  get: 'GetItem',
  batchGet: 'BatchGetItem',
  update: 'UpdateItem',
  delete: 'DeleteItem',
  scan: 'Scan',
};

/** The table, its key, and the permission to use it. */
const REQUEST: Remedies<Place, Operation | 'warm'> = [
  [
    /^ResourceNotFound/,
    ({ table, region = 'its region' }) =>
      `Create the table "${table}" in ${region}, or fix tableName, region or the account of the credentials. A new table takes some seconds`,
  ],
  [
    /Invalid table\/index name|tableName.*(constraint|regular expression)/i,
    ({ table }) => `Fix tableName, which is '${table}'`,
  ],
  [
    /element does not match|match the schema|Type mismatch for key|key .*(missing|type)|Missing the key|required keys was not given|number of conditions on the keys/i,
    'The table needs partition key `pk` (S) and no sort key. Create another one, because a key schema cannot be changed',
  ],
  [
    /^KMS|KMS key|^InaccessibleEncryption/i,
    'Allow kms:Decrypt and kms:DescribeKey on the key that encrypts the table, and check that the key is enabled',
  ],
  [/^AccessDenied|not authorized to perform/, denied],
  [
    /^OptIn|^Subscription/i,
    ({ region = 'this region' }) => `Enable DynamoDB in ${region} for the account`,
  ],
  [
    /Signature (expired|not yet current)|^Request(Expired|InTheFuture|TimeTooSkewed)/,
    'Set the clock of this machine: a signature is valid for five minutes by the clock of AWS',
  ],
  [
    /^MissingAuthenticationToken/,
    'The request arrived without its signature. Check any proxy in front of DynamoDB',
  ],
  [
    /^IncompleteSignature/,
    'Check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN for blanks, quotes and missing parts',
  ],
];

/** The state of the table and of the service. */
const STATE: Remedies<Place, Operation | 'warm'> = [
  [
    /^Provisioned|Throttl|^RequestLimit|^TooManyRequests/,
    'Raise the capacity of the table or make it on demand; trying again later can help',
  ],
  [/^(UnknownOperation|Serialization|HTTP [234])/, notDynamoDB],
  [
    /^(InternalServer|ServiceUnavailable|InternalFailure|HTTP 5|TransactionConflict|ReplicatedWrite)/,
    'Try again: this fault passes by itself',
  ],
];

/** A sentence after a blank, or the empty string. */
export function remedyOf(place: Place, operation: Operation | 'warm', refusal: Refusal): string {
  const tables = [REQUEST, CREDENTIALS, STATE, networkRemedies('DynamoDB')];
  return firstRemedy(tables, place, operation, refusal);
}

/** Takes action and resource from IAM's message, or else from the request. */
function denied(place: Place, operation: Operation | 'warm', { message }: Refusal): string {
  const denial = denialOf(message);
  const { action = `dynamodb:${ACTIONS[operation] ?? 'GetItem'}`, resource = arnOf(place) } =
    denial;
  const remedy = permit(action, resource, denial);
  if (denial.isExplicit || !action.startsWith('dynamodb:')) return remedy;
  const needs = /^(scan|delete)$/.test(operation)
    ? 'delByPattern and clear need dynamodb:Scan, and clear dynamodb:DeleteItem'
    : 'a cache needs dynamodb:GetItem, dynamodb:BatchGetItem and dynamodb:UpdateItem';
  return `${remedy}; ${needs}`;
}

function arnOf({ table, region }: Place): string {
  if (table.startsWith('arn:')) return table;
  if (!region) return `the table "${table}"`;
  return `arn:${partitionOf(region)}:dynamodb:${region}:*:table/${table}`;
}

function notDynamoDB({ endpoint }: Place): string {
  return `The server ${endpoint ? `at ${endpoint} ` : ''}is not DynamoDB. Check the endpoint and any proxy in front of it`;
}
