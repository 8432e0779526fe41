/** A value that CloudFormation computes. */
export type Computed =
  | { readonly Ref: string }
  | { readonly 'Fn::GetAtt': readonly [resource: string, attribute: string] }
  | { readonly 'Fn::Sub': string }
  | { readonly 'Fn::If': readonly [condition: string, then: Value, otherwise: Value] };

export type Value =
  | string
  | number
  | boolean
  | Computed
  | readonly Value[]
  | { readonly [name: string]: Value };

export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: 'Delete';
  readonly UpdateReplacePolicy?: 'Delete';
  readonly Properties: Readonly<Record<string, Value>>;
}

export interface Parameter {
  readonly Type: string;
  readonly Default?: string;
  readonly Description: string;
}

/** The resources of a store in the cloud, from which every tool's template is made. */
export interface Blueprint {
  readonly description: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** In an order in which each names only those before it. */
  readonly resources: Readonly<Record<string, Resource>>;
  /** The environment variables of a function that uses the cache. */
  readonly environment: Readonly<Record<string, Value>>;
  /** The security group of a function, for a store inside a VPC. */
  readonly functionSecurityGroup?: string;
}

export const STORES = ['dynamodb', 'redis', 'valkey-serverless', 's3', 'dax'] as const;
export type Store = (typeof STORES)[number];

export const ref = (name: string): Value => ({ Ref: name });
export const attribute = (resource: string, name: string): Value => ({
  'Fn::GetAtt': [resource, name],
});
export const sub = (text: string): Value => ({ 'Fn::Sub': text });

/** A cache can be loaded again, so nothing stays behind when the stack goes. */
export const disposable = { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' } as const;

/** A policy of one statement, for one role. */
export function policy(
  description: string,
  actions: readonly string[],
  resources: readonly Value[],
): Resource {
  return {
    Type: 'AWS::IAM::ManagedPolicy',
    Properties: {
      Description: description,
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: actions,
            Resource: resources.length === 1 ? (resources[0] ?? '') : resources,
          },
        ],
      },
    },
  };
}

export interface Alarm {
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, Value>>;
  readonly statistic: 'Sum' | 'Average' | 'Maximum';
  readonly threshold: number;
  readonly minutes: number;
}

/** An alarm that tells the topic, where one is given. */
export function alarm(one: Alarm): Resource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription: one.description,
      Namespace: one.namespace,
      MetricName: one.metric,
      Dimensions: Object.entries(one.dimensions).map(([Name, value]) => ({ Name, Value: value })),
      Statistic: one.statistic,
      Period: 60,
      EvaluationPeriods: one.minutes,
      Threshold: one.threshold,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: { 'Fn::If': ['HasAlarmTopic', [ref('AlarmTopicArn')], ref('AWS::NoValue')] },
    },
  };
}

export const ALARM_TOPIC: Readonly<Record<string, Parameter>> = {
  AlarmTopicArn: {
    Type: 'String',
    Default: 'none',
    Description: 'The SNS topic that alarms tell',
  },
};

export const VPC: Readonly<Record<string, Parameter>> = {
  VpcId: { Type: 'AWS::EC2::VPC::Id', Description: 'The VPC of the cache and the functions' },
  SubnetIds: {
    Type: 'List<AWS::EC2::Subnet::Id>',
    Description: 'Private subnets in two availability zones or more',
  },
};

/** The functions' security group, and the server's, which admits only the former. */
export function securityGroups(ports: readonly number[]): Readonly<Record<string, Resource>> {
  const group = (description: string, rules: readonly Value[]): Resource => ({
    Type: 'AWS::EC2::SecurityGroup',
    Properties: {
      GroupDescription: description,
      VpcId: ref('VpcId'),
      ...(rules.length > 0 && { SecurityGroupIngress: rules }),
    },
  });
  const admit = (port: number): Value => ({
    ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
    SourceSecurityGroupId: attribute('CacheFunctionSecurityGroup', 'GroupId'),
  });
  return {
    CacheFunctionSecurityGroup: group('Functions that use the cache', []),
    CacheSecurityGroup: group('The cache, for those functions alone', ports.map(admit)),
  };
}
