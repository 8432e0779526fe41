import { RIGHTS, ROLES } from '../redis.js';
import {
  alarmOf,
  groups,
  IN_VPC,
  of,
  policyOf,
  resource,
  type Term,
  type TerraformModel,
  type TerraformResource,
} from './model.js';

const users = (): TerraformResource[] => [
  ...ROLES.map((role) =>
    resource('aws_elasticache_user', `cache_${role.toLowerCase()}`, {
      user_id: `cache-${role.toLowerCase()}`,
      user_name: `cache-${role.toLowerCase()}`,
      engine: 'valkey',
      access_string: accessString(role),
      authentication_mode: { block: { type: 'iam' } },
    }),
  ),
  resource('aws_elasticache_user_group', 'cache', {
    user_group_id: 'cache',
    engine: 'valkey',
    user_ids: ROLES.map((role) =>
      of('aws_elasticache_user', `cache_${role.toLowerCase()}`, 'user_id'),
    ),
  }),
];

const accessString = (role: (typeof ROLES)[number]): string => RIGHTS[role];

const connect = (server: Term): TerraformResource[] =>
  ROLES.map((role) => {
    const user = of('aws_elasticache_user', `cache_${role.toLowerCase()}`, 'arn');
    return policyOf(role.toLowerCase(), ['elasticache:Connect'], [server, user]);
  });

/** A replication group. */
export function redis(): TerraformModel {
  const type = 'aws_elasticache_replication_group';
  const server = (attribute: string) => of(type, 'cache', attribute);
  const alarms = [
    ['memory', 'The memory of the cache is nearly full', 'DatabaseMemoryUsagePercentage', 90],
    ['processor', 'The processor of the cache is nearly busy', 'EngineCPUUtilization', 80],
  ] as const;
  return {
    description:
      'A Valkey server of ElastiCache for @glasswork/cache, its permissions and its alarms.',
    isInVpc: true,
    resources: [
      ...groups([6379]),
      ...users(),
      resource('aws_elasticache_subnet_group', 'cache', {
        name: 'cache',
        subnet_ids: IN_VPC.subnet_ids,
      }),
      resource(type, 'cache', {
        replication_group_id: 'cache',
        description: 'The cache',
        engine: 'valkey',
        engine_version: '8.0',
        node_type: 'cache.t4g.micro',
        num_cache_clusters: 2,
        automatic_failover_enabled: true,
        multi_az_enabled: true,
        transit_encryption_enabled: true,
        at_rest_encryption_enabled: true,
        snapshot_retention_limit: 0,
        subnet_group_name: of('aws_elasticache_subnet_group', 'cache', 'name'),
        security_group_ids: IN_VPC.security_group_ids,
        user_group_ids: [of('aws_elasticache_user_group', 'cache', 'id')],
      }),
      ...connect(server('arn')),
      ...alarms.map(([name, text, metric, most]) =>
        alarmOf(name, text, ['AWS/ElastiCache', metric, 'Maximum', most], {
          ReplicationGroupId: server('id'),
        }),
      ),
    ],
    environment: {
      CACHE_URL: { template: ['rediss://', server('primary_endpoint_address').reference, ':6379'] },
      CACHE_NAME: server('id'),
      CACHE_USER: of('aws_elasticache_user', 'cache_writer', 'user_name'),
    },
  };
}

export function serverless(): TerraformModel {
  const type = 'aws_elasticache_serverless_cache';
  const server = (attribute: string) => of(type, 'cache', attribute);
  const alarms = [
    ['throttle', 'The cache has reached its limit of ECPUs', 'ThrottledCmds'],
    ['eviction', 'The cache has reached its limit of data', 'Evictions'],
  ] as const;
  return {
    description:
      'A serverless Valkey of ElastiCache for @glasswork/cache, its permissions and its alarms.',
    isInVpc: true,
    resources: [
      ...groups([6379, 6380]),
      ...users(),
      resource(type, 'cache', {
        name: 'cache',
        engine: 'valkey',
        major_engine_version: '8',
        cache_usage_limits: {
          block: {
            data_storage: { block: { maximum: 5, unit: 'GB' } },
            ecpu_per_second: { block: { maximum: 15_000 } },
          },
        },
        snapshot_retention_limit: 0,
        ...IN_VPC,
        user_group_id: of('aws_elasticache_user_group', 'cache', 'id'),
      }),
      ...connect(server('arn')),
      ...alarms.map(([name, text, metric]) =>
        alarmOf(name, text, ['AWS/ElastiCache', metric, 'Sum', 0], { clusterId: server('name') }),
      ),
    ],
    environment: {
      CACHE_URL: { template: ['rediss://', server('endpoint[0].address').reference, ':6379'] },
      CACHE_NAME: server('name'),
      CACHE_USER: of('aws_elasticache_user', 'cache_writer', 'user_name'),
    },
  };
}
