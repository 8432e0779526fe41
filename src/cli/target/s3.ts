import { UsageError } from '../exit.js';
import type { Place } from '../options.js';
import { credentialsFor } from './credentials.js';

/** Longer than the store's own limits, because a person waits here and a value may have many megabytes. */
const TIMEOUTS = { connect: 3, request: 20, total: 40 } as const;

/** @throws UsageError for a bucket that only the SDK can address. */
export function s3Options({ bucket = '', storePrefix, region, endpoint: given }: Place) {
  if (bucket.startsWith('arn:') || bucket.endsWith('--x-s3'))
    throw new UsageError(
      `--bucket ${bucket} is an access point or a directory bucket, which need the SDK: the command line works on buckets by name.`,
    );
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  const endpoint = given ?? (AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL);
  const credentials = credentialsFor({ endpoint });
  return { bucket, prefix: storePrefix, region, endpoint: given, credentials, timeouts: TIMEOUTS };
}

export async function openBucket(place: Place) {
  const { S3CacheStore, httpS3Database, inspectBucket } = await import('../library.js');
  const options = s3Options(place);
  const { bucket, prefix = 'cache' } = options;
  const store = new S3CacheStore(options);
  const database = httpS3Database(options, prefix);
  const { region, endpoint } = database.place;
  return {
    store,
    database,
    inspection: inspectBucket(database, prefix),
    title: `bucket "${bucket}" in ${region}${endpoint ? ` at ${endpoint}` : ''} below "${prefix}/"`,
  };
}
