import {
  ALARM_TOPIC,
  alarm,
  attribute,
  type Blueprint,
  disposable,
  policy,
  ref,
  sub,
} from './blueprint.js';

/** Longer than the longest life of a version of a tag or prefix, 367 days, which no value may outlive. */
export const LONGEST_DAYS = 368;

const objects = sub('${CacheBucket.Arn}/*');
const bucket = attribute('CacheBucket', 'Arn');

export function s3Blueprint(): Blueprint {
  const reader = ['s3:GetObject', 's3:ListBucket'];
  const writer = [...reader, 's3:PutObject'];
  return {
    description: 'The bucket of @glasswork/cache, its permissions and its alarm.',
    parameters: ALARM_TOPIC,
    resources: {
      CacheBucket: {
        Type: 'AWS::S3::Bucket',
        ...disposable,
        Properties: {
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
          // A rule counts days only: the store itself never serves an expired value.
          LifecycleConfiguration: {
            Rules: [
              {
                Id: 'collect-expired',
                Status: 'Enabled',
                ExpirationInDays: LONGEST_DAYS,
                AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
              },
            ],
          },
          MetricsConfigurations: [{ Id: 'all' }],
        },
      },
      // ListBucket, because without it S3 answers 403 for an object that is missing.
      CacheReaderPolicy: policy('Read the cache', reader, [bucket, objects]),
      CacheWriterPolicy: policy('Read, fill and invalidate the cache', writer, [bucket, objects]),
      CacheMaintainerPolicy: policy(
        'Also delete from the cache',
        [...writer, 's3:DeleteObject'],
        [bucket, objects],
      ),
      CacheErrorAlarm: alarm({
        description: 'S3 fails to answer',
        ...{ namespace: 'AWS/S3', metric: '5xxErrors', statistic: 'Sum', threshold: 0, minutes: 5 },
        dimensions: { BucketName: ref('CacheBucket'), FilterId: 'all' },
      }),
    },
    environment: { CACHE_BUCKET: ref('CacheBucket') },
  };
}
