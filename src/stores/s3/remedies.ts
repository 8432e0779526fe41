import { denialOf, permit } from '../../aws/denial.js';
import { partitionOf } from '../aws/place.js';
import { CREDENTIALS, firstRemedy, networkRemedies, type Remedies } from '../aws/remedies.js';
import type { Operation, Place, S3Refusal, Setting } from './database.js';

type Failed = Operation | Setting | 'warm';

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

/** The bucket, its region, and the permission to use it. */
const REQUEST: Remedies<Place, Failed, S3Refusal> = [
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
    /^Request(Expired|InTheFuture|TimeTooSkewed)/,
    'Set the clock of this machine: a signature is valid for fifteen minutes by the clock of AWS',
  ],
];

/** The state of the object and of the service. */
const STATE: Remedies<Place, Failed, S3Refusal> = [
  [
    /^SlowDown|^TooManyRequests|Throttl|^RequestLimit/,
    'S3 adds capacity for a prefix within minutes: try again later',
  ],
  [/^Conflict/, 'Too many processes write this key at once. Trying again can help'],
  [/^EntityTooLarge/, 'Cache less, or compress it'],
  [
    /^NotImplemented|^InvalidArgument|^MethodNotAllowed/,
    'The store needs conditional writes (If-Match and If-None-Match), which this service may lack',
  ],
  [/^HTTP [234]|^NotFound|no ETag|^InvalidRequest|^MalformedXML/, notS3],
  [
    /^(InternalError|ServiceUnavailable|OperationAborted|HTTP 5)/,
    'Try again: this fault passes by itself',
  ],
];

/** The rows of `networkRemedies` to which S3 adds something. */
const NETWORK: Remedies = [
  [
    /ENOTFOUND|EAI_AGAIN/,
    'The host cannot be resolved. Check region, endpoint and DNS; a host that does not serve buckets as subdomains needs pathStyle: true',
  ],
  [
    /CERT(?!_HAS_EXPIRED|_NOT_YET_VALID)|SELF_SIGNED|UNABLE_TO_|ALTNAME|ERR_TLS/,
    'Node does not trust the certificate, or it is for another host. Check the endpoint, give pathStyle: true, or name its authority in NODE_EXTRA_CA_CERTS',
  ],
];

/** A sentence after a blank, or the empty string. */
export function remedyOf(place: Place, operation: Failed, refusal: S3Refusal): string {
  const tables = [REQUEST, CREDENTIALS, STATE, NETWORK, networkRemedies('S3')];
  return firstRemedy(tables, place, operation, refusal);
}

function otherRegion({ bucket, region }: Place, _: Failed, { bucketRegion }: S3Refusal): string {
  if (bucketRegion && bucketRegion !== region)
    return `The bucket "${bucket}" is in ${bucketRegion}: give region '${bucketRegion}'`;
  return `Give the region of the bucket "${bucket}"`;
}

/** Takes action and resource from IAM's message, or else from the request. */
function denied(place: Place, operation: Failed, { message }: S3Refusal): string {
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
  return `arn:${partitionOf(region)}:s3:::${bucket}`;
}

function notS3({ endpoint }: Place): string {
  return `The server ${endpoint ? `at ${endpoint} ` : ''}did not answer as S3 does. Check the endpoint, pathStyle and any proxy in front of it`;
}
