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

/** The prefix of a store that names none. */
export const PREFIX = 'cache';

/**
 * One rule a folder of the store. A lifecycle rule counts days only, and the store itself never serves an expired value.
 * Values and tombstones may go once no load from before them can still fill; versions of tags and prefixes must outlive
 * every value, which lives for 366 days at most.
 */
export const LIFECYCLE = [
  { id: 'CacheValues', prefix: `${PREFIX}/v/`, days: 8 },
  { id: 'CacheVersions', prefix: `${PREFIX}/r/`, days: 400 },
] as const;

/**
 * The actions that each role needs besides those of the roles before it. `ListBucket` is for readers, because without it
 * S3 answers 403 for an object that does not exist.
 */
export const S3_ACTIONS = {
  reader: ['GetObject', 'ListBucket'],
  writer: ['PutObject'],
  maintainer: ['DeleteObject'],
} as const;

const { reader, writer, maintainer } = S3_ACTIONS;
const named = (...actions: readonly string[]) => actions.map((action) => `s3:${action}`);

export const S3_ROLES = {
  reader: named(...reader),
  writer: named(...reader, ...writer),
  maintainer: named(...reader, ...writer, ...maintainer),
} as const;

const where = [attribute('CacheBucket', 'Arn'), sub(`\${CacheBucket.Arn}/${PREFIX}/*`)];

export function s3Blueprint(): Blueprint {
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
          LifecycleConfiguration: {
            Rules: LIFECYCLE.map(({ id, prefix, days }) => ({
              Id: id,
              Status: 'Enabled',
              Prefix: prefix,
              ExpirationInDays: days,
            })),
          },
          MetricsConfigurations: [{ Id: 'all' }],
        },
      },
      CacheReaderPolicy: policy('Read the cache', S3_ROLES.reader, where),
      CacheWriterPolicy: policy('Read, fill and invalidate the cache', S3_ROLES.writer, where),
      CacheMaintainerPolicy: policy('Also delete from the cache', S3_ROLES.maintainer, where),
      CacheErrorAlarm: alarm({
        description: 'S3 fails to answer',
        ...{ namespace: 'AWS/S3', metric: '5xxErrors', statistic: 'Sum', threshold: 0, minutes: 5 },
        dimensions: { BucketName: ref('CacheBucket'), FilterId: 'all' },
      }),
    },
    environment: { CACHE_BUCKET: ref('CacheBucket') },
  };
}
