import { ACTIONS } from '../doctor/permissions.js';
import type { Store } from './blueprint.js';
import { RIGHTS, ROLES } from './redis.js';
import {
  alarmOf,
  groups,
  of,
  policyOf,
  resource,
  type Term,
  type TerraformModel,
  type TerraformResource,
} from './terraform-model.js';
import { s3 } from './terraform-s3.js';

const { reader, writer, maintainer } = ACTIONS;
const BY_ROLE = {
  reader,
  writer: [...reader, ...writer],
  maintainer: [...reader, ...writer, ...maintainer],
} as const;

const rolesOf = (service: string, arn: Term): TerraformResource[] =>
  Object.entries(BY_ROLE).map(([role, actions]) =>
    policyOf(
      role,
      actions.map((action) => `${service}:${action}`),
      [arn],
    ),
  );

const table = resource('aws_dynamodb_table', 'cache', {
  name: 'cache',
  billing_mode: 'PAY_PER_REQUEST',
  hash_key: 'pk',
  attribute: { block: { name: 'pk', type: 'S' } },
  ttl: { block: { attribute_name: 'expiresAt', enabled: true } },
});
const tableName = of('aws_dynamodb_table', 'cache', 'name');
const tableArn = of('aws_dynamodb_table', 'cache', 'arn');

const dynamodb = (): TerraformModel => ({
  description: 'The table of @glasswork/cache, its permissions and its alarms.',
  isInVpc: false,
  resources: [
    table,
    ...rolesOf('dynamodb', tableArn),
    ...(['read', 'write'] as const).map((kind) =>
      alarmOf(
        `${kind}_throttle`,
        `${kind === 'read' ? 'Reads' : 'Writes'} of the cache are throttled`,
        ['AWS/DynamoDB', `${kind === 'read' ? 'Read' : 'Write'}ThrottleEvents`, 'Sum', 0],
        { TableName: tableName },
      ),
    ),
  ],
  environment: { CACHE_TABLE: tableName },
});

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

const inVpc = {
  subnet_ids: { variable: 'subnet_ids' },
  security_group_ids: [of('aws_security_group', 'cache', 'id')],
} as const;

function redis(): TerraformModel {
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
        subnet_ids: inVpc.subnet_ids,
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
        security_group_ids: inVpc.security_group_ids,
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

function serverless(): TerraformModel {
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
        ...inVpc,
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

function dax(): TerraformModel {
  const cluster = (attribute: string) => of('aws_dax_cluster', 'cache', attribute);
  const actions = ['DescribeTable', 'GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'Scan'];
  return {
    description: 'The table of @glasswork/cache behind DAX, its permissions and its alarms.',
    isInVpc: true,
    resources: [
      table,
      ...groups([9111]),
      resource('aws_iam_role', 'cache_dax', {
        assume_role_policy: {
          document: {
            Version: '2012-10-17',
            Statement: [
              {
                map: {
                  Effect: 'Allow',
                  Principal: { map: { Service: 'dax.amazonaws.com' } },
                  Action: 'sts:AssumeRole',
                },
              },
            ],
          },
        },
      }),
      resource('aws_iam_role_policy', 'cache_dax', {
        role: of('aws_iam_role', 'cache_dax', 'id'),
        policy: {
          document: {
            Version: '2012-10-17',
            Statement: [
              {
                map: {
                  Effect: 'Allow',
                  Action: actions.map((each) => `dynamodb:${each}`),
                  Resource: tableArn,
                },
              },
            ],
          },
        },
      }),
      resource('aws_dax_subnet_group', 'cache', { name: 'cache', subnet_ids: inVpc.subnet_ids }),
      resource('aws_dax_parameter_group', 'cache', {
        name: 'cache',
        parameters: { block: { name: 'record-ttl-millis', value: '60000' } },
      }),
      resource('aws_dax_cluster', 'cache', {
        cluster_name: 'cache',
        node_type: 'dax.t3.small',
        replication_factor: 2,
        iam_role_arn: of('aws_iam_role', 'cache_dax', 'arn'),
        parameter_group_name: of('aws_dax_parameter_group', 'cache', 'id'),
        subnet_group_name: of('aws_dax_subnet_group', 'cache', 'id'),
        security_group_ids: inVpc.security_group_ids,
        server_side_encryption: { block: { enabled: true } },
        cluster_endpoint_encryption_type: 'TLS',
      }),
      ...rolesOf('dax', cluster('arn')),
      alarmOf('dax_error', 'DAX fails to answer', ['AWS/DAX', 'FaultRequestCount', 'Sum', 0], {
        ClusterId: cluster('cluster_name'),
      }),
    ],
    environment: {
      CACHE_TABLE: tableName,
      CACHE_DAX: { template: ['daxs://', cluster('cluster_address').reference] },
    },
  };
}

export const TERRAFORM: Readonly<Record<Store, () => TerraformModel>> = {
  dynamodb,
  redis,
  'valkey-serverless': serverless,
  s3,
  dax,
};
