import { TABLE, TTL } from '../commands/table.js';
import { ACTIONS } from '../doctor/permissions.js';
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
  VPC,
} from './blueprint.js';

const table: Resource = {
  Type: 'AWS::DynamoDB::Table',
  ...disposable,
  Properties: {
    ...TABLE,
    TimeToLiveSpecification: TTL,
    // Backups of a cache are worth nothing and are billed by size.
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
  },
};

const named = (actions: readonly string[], service: string) =>
  actions.map((action) => `${service}:${action}`);

/** One policy a role; each has the actions of the one before it. */
export function rolePolicies(service: string, table: string): Readonly<Record<string, Resource>> {
  const { reader, writer, maintainer } = ACTIONS;
  const arn = [attribute(table, 'Arn')];
  return {
    CacheReaderPolicy: policy('Read the cache', named(reader, service), arn),
    CacheWriterPolicy: policy(
      'Read, fill and invalidate the cache',
      named([...reader, ...writer], service),
      arn,
    ),
    CacheMaintainerPolicy: policy(
      'Also list the cache and delete from it',
      named([...reader, ...writer, ...maintainer], service),
      arn,
    ),
  };
}

const tableAlarm = (description: string, metric: string, threshold: number) =>
  alarm({
    ...{ description, metric, threshold, namespace: 'AWS/DynamoDB', statistic: 'Sum', minutes: 5 },
    dimensions: { TableName: ref('CacheTable') },
  });

export function dynamodbBlueprint(): Blueprint {
  return {
    description: 'The table of @glasswork/cache, its permissions and its alarms.',
    parameters: ALARM_TOPIC,
    resources: {
      CacheTable: table,
      ...rolePolicies('dynamodb', 'CacheTable'),
      CacheReadThrottleAlarm: tableAlarm(
        'Reads of the cache are throttled',
        'ReadThrottleEvents',
        0,
      ),
      CacheWriteThrottleAlarm: tableAlarm(
        'Writes of the cache are throttled',
        'WriteThrottleEvents',
        0,
      ),
    },
    environment: { CACHE_TABLE: ref('CacheTable') },
  };
}

/** Items stay in DAX no longer than this, ms: what it holds may be that much older than the table. */
const RECORD_TTL_MS = 60_000;
const DAX_PORTS = [9111] as const;

export function daxBlueprint(): Blueprint {
  const role: Resource = {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: ['dax.amazonaws.com'] },
            Action: ['sts:AssumeRole'],
          },
        ],
      },
      ManagedPolicyArns: [ref('CacheTableOfDaxPolicy')],
    },
  };
  return {
    description: 'The table of @glasswork/cache behind DAX, its permissions and its alarms.',
    parameters: { ...VPC, ...ALARM_TOPIC },
    resources: {
      CacheTable: table,
      ...securityGroups(DAX_PORTS),
      CacheTableOfDaxPolicy: policy(
        'DAX reads and writes the table',
        named(
          ['DescribeTable', 'GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'Scan'],
          'dynamodb',
        ),
        [attribute('CacheTable', 'Arn')],
      ),
      CacheDaxRole: role,
      CacheDaxSubnetGroup: {
        Type: 'AWS::DAX::SubnetGroup',
        Properties: { SubnetIds: ref('SubnetIds') },
      },
      CacheDaxParameters: {
        Type: 'AWS::DAX::ParameterGroup',
        Properties: {
          ParameterNameValues: {
            'record-ttl-millis': String(RECORD_TTL_MS),
            'query-ttl-millis': String(RECORD_TTL_MS),
          },
        },
      },
      CacheDax: {
        Type: 'AWS::DAX::Cluster',
        Properties: {
          NodeType: 'dax.t3.small',
          ReplicationFactor: 2,
          IAMRoleARN: attribute('CacheDaxRole', 'Arn'),
          ParameterGroupName: ref('CacheDaxParameters'),
          SubnetGroupName: ref('CacheDaxSubnetGroup'),
          SecurityGroupIds: [attribute('CacheSecurityGroup', 'GroupId')],
          SSESpecification: { SSEEnabled: true },
          ClusterEndpointEncryptionType: 'TLS',
        },
      },
      ...rolePolicies('dax', 'CacheDax'),
      CacheDaxErrorAlarm: alarm({
        description: 'DAX fails to answer',
        ...{
          namespace: 'AWS/DAX',
          metric: 'FaultRequestCount',
          statistic: 'Sum',
          threshold: 0,
          minutes: 5,
        },
        dimensions: { ClusterId: ref('CacheDax') },
      }),
    },
    environment: {
      CACHE_TABLE: ref('CacheTable'),
      CACHE_DAX: attribute('CacheDax', 'ClusterDiscoveryEndpointURL'),
    },
    functionSecurityGroup: 'CacheFunctionSecurityGroup',
  };
}
