import { denialOf, permit } from '../../aws/denial.js';
import type { Operation, Place, Refusal, Setting } from './database.js';

type Failed = Operation | Setting | 'warm';
type Remedy = string | ((place: Place, operation: Failed, refusal: Refusal) => string);

/** The permission that each operation needs, as IAM policies name it. */
const ACTIONS: Readonly<Record<Failed, string>> = {
  get: 's3:GetObject',
  put: 's3:PutObject',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
  warm: 's3:GetObject',
  lifecycle: 's3:GetLifecycleConfiguration',
  versioning: 's3:GetBucketVersioning',
};

/** The next step for an error, by its name and message. The first match counts. */
const REMEDIES: readonly (readonly [RegExp, Remedy])[] = [
  [
    /^NoSuchBucket/,
    ({ bucket }) => `Create the bucket "${bucket}", or fix the option bucket or the endpoint`,
  ],
  [/^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocation|HTTP 301)/, otherRegion],
  [
    /^(TemporaryRedirect|Redirect|HTTP 307)/,
    'A new bucket is known everywhere only after some hours. Give its region, or wait',
  ],
  [
    /^AllAccessDisabled|^AccountProblem|^NotSignedUp/,
    'The account or the bucket is disabled. Ask AWS Support',
  ],
  [/^KMS|kms:/, 'Allow kms:Decrypt and kms:GenerateDataKey on the key of the bucket'],
  [/^AccessDenied|^Forbidden|^HTTP 403|not authorized to perform/, denied],
  [
    /^ExpiredToken|token .*expired|\bSSO\b/,
    'The credentials have expired. Renew them (for SSO: `aws sso login`); keys in the environment need a new process',
  ],
  [
    /^InvalidAccessKeyId|^InvalidToken|token included in the request is invalid/,
    ({ region = 'this region' }) =>
      `AWS does not know these credentials in ${region}. Check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN (temporary keys need theirs), and that the region is enabled for the account`,
  ],
  [
    /^Request(Expired|InTheFuture|TimeTooSkewed)/,
    'Set the clock of this machine: a signature is valid for fifteen minutes by the clock of AWS',
  ],
  [/^Signature/, 'Check AWS_SECRET_ACCESS_KEY: it does not belong to the access key'],
  [
    /^SlowDown|^TooManyRequests|Throttl|^RequestLimit/,
    'S3 adds capacity for a prefix within minutes. Trying again later can help',
  ],
  [/^Conflict/, 'Too many processes write this key at once. Trying again can help'],
  [/^EntityTooLarge/, 'Cache less, or compress it'],
  [
    /^NotImplemented|^InvalidArgument|^MethodNotAllowed/,
    'The store needs conditional writes (If-Match and If-None-Match), which this service may lack',
  ],
  [/^Credentials|^TokenProvider|load credentials/i, 'Check the credentials of the client'],
  [/^HTTP [234]|^InvalidRequest|^MalformedXML/, notS3],
  [
    /^(InternalError|ServiceUnavailable|OperationAborted|HTTP 5)/,
    'Try again: this fault passes by itself',
  ],

  // Without a response.
  [
    /ECONNREFUSED/,
    ({ endpoint }) =>
      `Nothing listens ${endpoint ? `at ${endpoint}: check its host and port` : 'there: check endpoint and network'}`,
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    'The host cannot be resolved. Check region, endpoint and DNS; a host that does not serve buckets as subdomains needs pathStyle: true',
  ],
  [
    /CERT_(HAS_EXPIRED|NOT_YET_VALID)/,
    'Check the clock of this machine, and the certificate of the endpoint',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|ERR_TLS/,
    'Node does not trust the certificate, or it is for another host. Check the endpoint, give pathStyle: true, or name its authority in NODE_EXTRA_CA_CERTS',
  ],
  [
    /EPROTO|ERR_SSL|WRONG_VERSION|HPE_|Parse Error|packet length/,
    'Check whether the endpoint takes https or http',
  ],
  [
    /timeouts\.connect|ETIMEDOUT|UNREACH/,
    'S3 cannot be reached. In a VPC, a function needs a gateway endpoint for S3 or a NAT, and a security group that allows outbound traffic',
  ],
  [
    /timeouts\.|^Timeout|no answer within/,
    'S3 answers too slowly. Raise timeouts or give the function more memory, which also widens its network; trying again can help',
  ],
  [
    /ECONNRESET|EPIPE|hang up/,
    'The connection broke. Try again; check whether the endpoint takes https or http',
  ],
];

/** A sentence, or the empty string. */
export function remedyOf(place: Place, operation: Failed, refusal: Refusal): string {
  const text = `${refusal.type} ${refusal.message}`;
  const found = REMEDIES.find(([pattern]) => pattern.test(text));
  if (!found) return '';
  const [, remedy] = found;
  return ` ${typeof remedy === 'string' ? remedy : remedy(place, operation, refusal)}.`;
}

function otherRegion({ bucket, region }: Place, _: Failed, { bucketRegion }: Refusal): string {
  if (bucketRegion && bucketRegion !== region)
    return `The bucket "${bucket}" is in ${bucketRegion}: give region '${bucketRegion}'`;
  return `Give the region of the bucket "${bucket}"`;
}

/** Takes action and resource from IAM's message, or else from the request. */
function denied(place: Place, operation: Failed, { message }: Refusal): string {
  const denial = denialOf(message);
  const bucket = arnOf(place);
  const objects = `${bucket}/${place.prefix}/*`;
  const own = /^(list|lifecycle|versioning)$/.test(operation) ? bucket : objects;
  const { action = ACTIONS[operation], resource = own } = denial;
  const remedy = permit(action, resource, denial);
  if (denial.isExplicit || !action.startsWith('s3:')) return remedy;
  return `${remedy}; a cache needs s3:GetObject and s3:PutObject on ${objects}, and s3:ListBucket on ${bucket}, without which S3 answers 403 for a missing object; clear also needs s3:DeleteObject`;
}

function arnOf({ bucket, region = '' }: Place): string {
  if (bucket.startsWith('arn:')) return bucket;
  let partition = 'aws';
  if (region.startsWith('cn-')) partition = 'aws-cn';
  if (region.startsWith('us-gov-')) partition = 'aws-us-gov';
  return `arn:${partition}:s3:::${bucket}`;
}

function notS3({ endpoint }: Place): string {
  return `The server ${endpoint ? `at ${endpoint} ` : ''}did not answer as S3 does. Check the endpoint, pathStyle and any proxy in front of it`;
}
