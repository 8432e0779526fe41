import type { CredentialProvider } from '../../aws/credentials.js';
import type { Timeouts } from '../../aws/transport.js';
import { invalid } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';
import type { Serializer } from '../../serializers/serializer.js';
import { isDirectoryBucket } from './database.js';

export interface S3CacheStoreOptions {
  /** The bucket's name. With `client`, also the ARN of an access point, or a directory bucket of S3 Express. */
  bucket: string;
  /**
   * The folder of the store's objects, such as `cache` or `shop/cache`. No other program may write below it: `clear()`
   * deletes the store's objects there. Default `cache`.
   */
  prefix?: string | undefined;
  /** The bucket's region. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, or the region of the profile. */
  region?: string | undefined;
  /** Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or AWS's own for the region. */
  endpoint?: string | undefined;
  /**
   * True for `https://host/bucket/…`, false for `https://bucket.host/…`. Default: false, but true for a bucket with dots
   * in its name and for an endpoint that is an IP address or `localhost`.
   */
  pathStyle?: boolean | undefined;
  /** Use AWS's FIPS endpoint. Default: `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint`, or false. */
  useFipsEndpoint?: boolean | undefined;
  /**
   * Use AWS's dual-stack endpoint (IPv4 and IPv6). Default: `AWS_USE_DUALSTACK_ENDPOINT`, the profile's
   * `use_dualstack_endpoint`, or false.
   */
  useDualstackEndpoint?: boolean | undefined;
  /**
   * Your own `S3` or `S3Client` of `@aws-sdk/client-s3`, or a function that returns one. Directory buckets of S3 Express
   * One Zone and access points need it. Default: the lean transport, which needs no SDK.
   */
  client?: object | (() => object | Promise<object>) | undefined;
  /**
   * An async function. Its credentials are kept until shortly before their `expiration`, or for five minutes without
   * one. Default: the environment, a container's endpoint, or else the SDK's provider chain.
   */
  credentials?: CredentialProvider | undefined;
  /** Default: JSON. */
  serializer?: Serializer | undefined;
  /** Default: 500 ms to connect, 1.5 s per request, 2.4 s in total. Raise them for values of many megabytes. */
  timeouts?: Timeouts | undefined;
  /** The clock that decides when values expire. Default: the system clock. */
  clock?: Clock | undefined;
}

/** Below the time limit of a service for one read. A large value needs longer than a small item of DynamoDB. */
export const TIMEOUTS = { connect: 0.5, request: 1.5, total: 2.4 } as const;

/** The lean transport refuses longer answers. Leaves room for the lines before the value. */
export const LARGEST_OBJECT_BYTES = 32 * 1024 * 1024 - 16 * 1024;

const BUCKET = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z\d](?:[a-z\d-]|\.(?=[a-z\d])){1,61}[a-z\d]$/;

/** @throws CacheError `INVALID_OPTION`. */
export function checkedBucket(options: S3CacheStoreOptions): string {
  if (!options) throw invalid('options', options, 'an object with bucket');
  const { bucket, client } = options;
  const isName = typeof bucket === 'string' && bucket !== '';
  if (isName && client) return bucket;
  if (isName && (bucket.startsWith('arn:') || isDirectoryBucket(bucket))) {
    const give =
      'with it the option client, an S3Client: it knows access points and directory buckets';
    throw invalid('bucket', bucket, give);
  }
  if (isName && BUCKET.test(bucket)) return bucket;
  throw invalid('bucket', bucket, 'the name of a bucket: 3 to 63 of a-z, 0-9, "." and "-"');
}
