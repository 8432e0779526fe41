import {
  ALARM_TOPIC,
  alarm,
  attribute,
  type Blueprint,
  disposable,
  policy,
  type Resource,
  ref,
  securityGroups,
  sub,
  type Value,
  VPC,
} from './blueprint.js';

const KEYS = 'on ~cache:*';
const READS = '+get +getrange +time +set +eval +evalsha +ping +select +quit';
const WRITES = `${READS} +unlink +scan +publish +subscribe`;

/**
 * The rights of each role, below the prefix "cache" and nowhere else. A read that misses leaves a token by a script, so
 * that a reader needs SET; it can neither delete nor list.
 */
export const RIGHTS = {
  Reader: `${KEYS} resetchannels -@all ${READS}`,
  Writer: `${KEYS} resetchannels &cache:#invalidations* -@all ${WRITES}`,
  Maintainer: `${KEYS} resetchannels &cache:#invalidations* -@all ${WRITES} +strlen +pttl +info +acl|whoami`,
} as const;
export const ROLES = ['Reader', 'Writer', 'Maintainer'] as const;
type Role = (typeof ROLES)[number];
const ABOUT: Readonly<Record<Role, string>> = {
  Reader: 'Read the cache',
  Writer: 'Read, fill and invalidate the cache',
  Maintainer: 'Also examine the cache',
};

const userId = (role: Role) => sub(`\${AWS::StackName}-${role.toLowerCase()}`);

/** Users that log in by IAM, so that there is no password to keep. */
function users(): Record<string, Resource> {
  const entries = ROLES.map((role): [string, Resource] => [
    `Cache${role}User`,
    {
      Type: 'AWS::ElastiCache::User',
      Properties: {
        UserId: userId(role),
        UserName: userId(role),
        Engine: 'valkey',
        AuthenticationMode: { Type: 'iam' },
        AccessString: RIGHTS[role],
      },
    },
  ]);
  return {
    ...Object.fromEntries(entries),
    CacheUserGroup: {
      Type: 'AWS::ElastiCache::UserGroup',
      Properties: {
        UserGroupId: sub('${AWS::StackName}-cache'),
        Engine: 'valkey',
        UserIds: ROLES.map((role) => ref(`Cache${role}User`)),
      },
    },
  };
}

/** One policy a role: to connect to this server as its user. */
function policies(server: Value): Record<string, Resource> {
  const entries = ROLES.map((role): [string, Resource] => {
    const user = sub(
      `arn:\${AWS::Partition}:elasticache:\${AWS::Region}:\${AWS::AccountId}:user:\${Cache${role}User}`,
    );
    return [`Cache${role}Policy`, policy(ABOUT[role], ['elasticache:Connect'], [server, user])];
  });
  return Object.fromEntries(entries);
}

export function redisBlueprint(): Blueprint {
  const server = sub(
    'arn:${AWS::Partition}:elasticache:${AWS::Region}:${AWS::AccountId}:replicationgroup:${CacheServer}',
  );
  const nodeAlarm = (description: string, metric: string, threshold: number) =>
    alarm({
      ...{
        description,
        metric,
        threshold,
        namespace: 'AWS/ElastiCache',
        statistic: 'Maximum',
        minutes: 5,
      },
      dimensions: { ReplicationGroupId: ref('CacheServer') },
    });
  return {
    description:
      'A Valkey server of ElastiCache for @glasswork/cache, its permissions and its alarms.',
    parameters: { ...VPC, ...ALARM_TOPIC },
    resources: {
      ...securityGroups([6379]),
      ...users(),
      CacheSubnetGroup: {
        Type: 'AWS::ElastiCache::SubnetGroup',
        Properties: { Description: 'The subnets of the cache', SubnetIds: ref('SubnetIds') },
      },
      CacheServer: {
        Type: 'AWS::ElastiCache::ReplicationGroup',
        ...disposable,
        Properties: {
          ReplicationGroupDescription: 'The cache',
          Engine: 'valkey',
          EngineVersion: '8.0',
          CacheNodeType: 'cache.t4g.micro',
          NumCacheClusters: 2,
          AutomaticFailoverEnabled: true,
          MultiAZEnabled: true,
          // IAM needs TLS.
          TransitEncryptionEnabled: true,
          AtRestEncryptionEnabled: true,
          SnapshotRetentionLimit: 0,
          CacheSubnetGroupName: ref('CacheSubnetGroup'),
          SecurityGroupIds: [attribute('CacheSecurityGroup', 'GroupId')],
          UserGroupIds: [ref('CacheUserGroup')],
        },
      },
      ...policies(server),
      CacheMemoryAlarm: nodeAlarm(
        'The memory of the cache is nearly full',
        'DatabaseMemoryUsagePercentage',
        90,
      ),
      CacheProcessorAlarm: nodeAlarm(
        'The processor of the cache is nearly busy',
        'EngineCPUUtilization',
        80,
      ),
    },
    environment: {
      CACHE_URL: sub(
        'rediss://${CacheServer.PrimaryEndPoint.Address}:${CacheServer.PrimaryEndPoint.Port}',
      ),
      CACHE_NAME: ref('CacheServer'),
      CACHE_USER: ref('CacheWriterUser'),
    },
    functionSecurityGroup: 'CacheFunctionSecurityGroup',
  };
}

export function serverlessBlueprint(): Blueprint {
  const limitAlarm = (description: string, metric: string, statistic: 'Sum' | 'Maximum') =>
    alarm({
      ...{ description, metric, statistic, threshold: 0, namespace: 'AWS/ElastiCache', minutes: 5 },
      dimensions: { clusterId: ref('CacheServer') },
    });
  return {
    description:
      'A serverless Valkey of ElastiCache for @glasswork/cache, its permissions and its alarms.',
    parameters: { ...VPC, ...ALARM_TOPIC },
    resources: {
      ...securityGroups([6379, 6380]),
      ...users(),
      CacheServer: {
        Type: 'AWS::ElastiCache::ServerlessCache',
        ...disposable,
        Properties: {
          ServerlessCacheName: sub('${AWS::StackName}-cache'),
          Engine: 'valkey',
          MajorEngineVersion: '8',
          // The bill ends here, and eviction begins.
          CacheUsageLimits: {
            DataStorage: { Maximum: 5, Unit: 'GB' },
            ECPUPerSecond: { Maximum: 15_000 },
          },
          SnapshotRetentionLimit: 0,
          SubnetIds: ref('SubnetIds'),
          SecurityGroupIds: [attribute('CacheSecurityGroup', 'GroupId')],
          UserGroupId: ref('CacheUserGroup'),
        },
      },
      ...policies(attribute('CacheServer', 'ARN')),
      CacheThrottleAlarm: limitAlarm(
        'The cache has reached its limit of ECPUs',
        'ThrottledCmds',
        'Sum',
      ),
      CacheEvictionAlarm: limitAlarm('The cache has reached its limit of data', 'Evictions', 'Sum'),
    },
    environment: {
      CACHE_URL: sub('rediss://${CacheServer.Endpoint.Address}:${CacheServer.Endpoint.Port}'),
      CACHE_NAME: ref('CacheServer'),
      CACHE_USER: ref('CacheWriterUser'),
    },
    functionSecurityGroup: 'CacheFunctionSecurityGroup',
  };
}
