import { LIFECYCLE, PREFIX, S3_ROLES } from '../s3.js';
import { alarmOf, of, policyOf, resource, type Term, type TerraformModel } from './model.js';

export function s3(): TerraformModel {
  const bucket = of('aws_s3_bucket', 'cache', 'id');
  const arn = of('aws_s3_bucket', 'cache', 'arn');
  const objects: Term = { template: [arn.reference, `/${PREFIX}/*`] };
  return {
    description: 'The bucket of @glasswork/cache, its permissions and its alarm.',
    isInVpc: false,
    resources: [
      resource('aws_s3_bucket', 'cache', { bucket_prefix: 'cache-', force_destroy: true }),
      resource('aws_s3_bucket_public_access_block', 'cache', {
        bucket,
        block_public_acls: true,
        block_public_policy: true,
        ignore_public_acls: true,
        restrict_public_buckets: true,
      }),
      resource('aws_s3_bucket_lifecycle_configuration', 'cache', {
        bucket,
        rule: {
          blocks: LIFECYCLE.map(({ id, prefix, days }) => ({
            id,
            status: 'Enabled',
            filter: { block: { prefix } },
            expiration: { block: { days } },
          })),
        },
      }),
      resource('aws_s3_bucket_metric', 'cache', { bucket, name: 'all' }),
      ...Object.entries(S3_ROLES).map(([role, actions]) => policyOf(role, actions, [arn, objects])),
      alarmOf('error', 'S3 fails to answer', ['AWS/S3', '5xxErrors', 'Sum', 0], {
        BucketName: bucket,
        FilterId: 'all',
      }),
    ],
    environment: { CACHE_BUCKET: bucket },
  };
}
