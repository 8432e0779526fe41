import { denialOf, permit } from '../../aws/denial.js';
import type { Operation, Place } from './database.js';

/** The API name of each operation, as IAM policies use it. */
export const ACTIONS: Readonly<Record<Operation, string>> = {
  get: 'GetItem',
  batchGet: 'BatchGetItem',
  update: 'UpdateItem',
  delete: 'DeleteItem',
  scan: 'Scan',
};

type Remedy = string | ((place: Place, operation: Operation | 'warm', text: string) => string);

/** The next step for an error, by its name and message. The first match counts. */
const REMEDIES: readonly (readonly [RegExp, Remedy])[] = [
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
    /^ExpiredToken|token .*expired|\bSSO\b/,
    'The credentials have expired. Renew them (for SSO: `aws sso login`); keys in the environment need a new process',
  ],
  [
    /^UnrecognizedClient|^InvalidClientTokenId|token included in the request is invalid/,
    ({ region = 'this region' }) =>
      `AWS does not know these credentials in ${region}. Check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN (temporary keys need theirs), and that the region is enabled for the account`,
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
  [/^\w*Signature/, 'Check AWS_SECRET_ACCESS_KEY: it does not belong to the access key'],
  [
    /^Provisioned|Throttl|^RequestLimit|^TooManyRequests/,
    'Raise the capacity of the table or make it on demand; trying again later can help',
  ],
  [/^Credentials|^TokenProvider|load credentials/i, 'Check the credentials of the client'],
  [/^(UnknownOperation|Serialization|HTTP [234])/, notDynamoDB],
  [
    /^(InternalServer|ServiceUnavailable|InternalFailure|HTTP 5|TransactionConflict|ReplicatedWrite)/,
    'Try again: this fault passes by itself',
  ],

  // Without a response.
  [
    /ECONNREFUSED/,
    ({ endpoint }) =>
      `Nothing listens ${endpoint ? `at ${endpoint}: check its host and port` : 'there: check endpoint and network'}`,
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'The host cannot be resolved. Check region, endpoint and DNS'],
  [
    /CERT_(HAS_EXPIRED|NOT_YET_VALID)/,
    'Check the clock of this machine, and the certificate of the endpoint',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|ERR_TLS/,
    'Node does not trust the certificate, or it is for another host. Check the endpoint, or name its authority in NODE_EXTRA_CA_CERTS',
  ],
  [
    /EPROTO|ERR_SSL|WRONG_VERSION|HPE_|Parse Error|packet length/,
    'Check whether the endpoint takes https or http',
  ],
  [
    /timeouts\.connect|ETIMEDOUT|UNREACH/,
    'DynamoDB cannot be reached. In a VPC, a function needs a gateway endpoint for DynamoDB or a NAT, and a security group that allows outbound traffic',
  ],
  [
    /timeouts\.|^Timeout|no answer within/,
    'DynamoDB answers too slowly. Raise timeouts or give the function more memory; trying again can help',
  ],
  [
    /ECONNRESET|EPIPE|hang up/,
    'The connection broke. Try again; check whether the endpoint takes https or http',
  ],
];

/** A sentence, or the empty string. */
export function remedyOf(
  place: Place,
  operation: Operation | 'warm',
  type: string,
  text: string,
): string {
  const found = REMEDIES.find(([pattern]) => pattern.test(`${type} ${text}`));
  if (!found) return '';
  const [, remedy] = found;
  return ` ${typeof remedy === 'string' ? remedy : remedy(place, operation, text)}.`;
}

/** Takes action and resource from IAM's message, or else from the request. */
function denied(place: Place, operation: Operation | 'warm', text: string): string {
  const denial = denialOf(text);
  const own = operation === 'warm' ? 'GetItem' : ACTIONS[operation];
  const { action = `dynamodb:${own}`, resource = arnOf(place) } = denial;
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
  let partition = 'aws';
  if (region.startsWith('cn-')) partition = 'aws-cn';
  if (region.startsWith('us-gov-')) partition = 'aws-us-gov';
  return `arn:${partition}:dynamodb:${region}:*:table/${table}`;
}

function notDynamoDB({ endpoint }: Place): string {
  return `The server ${endpoint ? `at ${endpoint} ` : ''}is not DynamoDB. Check the endpoint and any proxy in front of it`;
}
