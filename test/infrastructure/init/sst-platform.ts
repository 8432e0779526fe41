/**
 * The part of SST's platform that the templates use, as declarations: the globals of sst.config.ts, and the inputs of
 * Pulumi's AWS classes, with required ones required and others refused. Written from Pulumi's documentation.
 */
export const SST_PLATFORM = `
declare namespace $util { type Input<T> = T | Output<T>; interface Output<T> { readonly __output?: T } }
declare function $interpolate(texts: TemplateStringsArray, ...values: $util.Input<string | number>[]): $util.Output<string>;
declare function $jsonStringify(value: unknown): $util.Output<string>;
declare namespace aws {
  type In<T> = $util.Input<T>;
  type Out<T> = $util.Output<T>;
  class Resource { readonly id: Out<string>; readonly arn: Out<string> }
  namespace cloudwatch { class MetricAlarm extends Resource { constructor(name: string, args: {
    alarmName?: In<string>; alarmDescription?: In<string>; namespace?: In<string>; metricName?: In<string>;
    dimensions?: Record<string, In<string>>; statistic?: In<string>; period?: In<number>; evaluationPeriods: In<number>;
    threshold?: In<number>; comparisonOperator: In<string>; treatMissingData?: In<string>; alarmActions?: In<string>[] }) } }
  namespace dynamodb { class Table extends Resource { readonly name: Out<string>; constructor(name: string, args: {
    name?: In<string>; billingMode?: In<string>; hashKey?: In<string>; attributes?: { name: In<string>; type: In<string> }[];
    ttl?: { attributeName?: In<string>; enabled?: In<boolean> } }) } }
  namespace iam {
    class Policy extends Resource { constructor(name: string, args: { policy: In<string> }) }
    class Role extends Resource { constructor(name: string, args: { assumeRolePolicy: In<string> }) }
    class RolePolicy extends Resource { constructor(name: string, args: { role: In<string>; policy: In<string> }) }
  }
  namespace ec2 { class SecurityGroup extends Resource {
    constructor(name: string, args: { description?: In<string>; vpcId?: In<string>; ingress?: Rule[]; egress?: Rule[] }) }
    interface Rule { fromPort: In<number>; toPort: In<number>; protocol: In<string>; cidrBlocks?: In<string>[]; securityGroups?: In<string>[] } }
  namespace elasticache {
    class User extends Resource { readonly userId: Out<string>; readonly userName: Out<string>; constructor(name: string, args: {
      userId: In<string>; userName: In<string>; engine: In<string>; accessString: In<string>; authenticationMode?: { type: In<string> } }) }
    class UserGroup extends Resource { constructor(name: string, args: { userGroupId: In<string>; engine: In<string>; userIds?: In<string>[] }) }
    class SubnetGroup extends Resource { readonly name: Out<string>; constructor(name: string, args: { name?: In<string>; subnetIds: In<string>[] }) }
    class ReplicationGroup extends Resource { readonly primaryEndpointAddress: Out<string>; constructor(name: string, args: {
      replicationGroupId?: In<string>; description: In<string>; engine?: In<string>; engineVersion?: In<string>; nodeType?: In<string>;
      numCacheClusters?: In<number>; automaticFailoverEnabled?: In<boolean>; multiAzEnabled?: In<boolean>;
      transitEncryptionEnabled?: In<boolean>; atRestEncryptionEnabled?: In<boolean>; snapshotRetentionLimit?: In<number>;
      subnetGroupName?: In<string>; securityGroupIds?: In<string>[]; userGroupIds?: In<string>[] }) }
    class ServerlessCache extends Resource { readonly name: Out<string>; readonly endpoints: { readonly address: Out<string> }[];
      constructor(name: string, args: { name?: In<string>; engine: In<string>; majorEngineVersion?: In<string>;
        cacheUsageLimits?: { dataStorage?: { maximum?: In<number>; unit: In<string> }; ecpuPerSeconds?: { maximum?: In<number> }[] };
        snapshotRetentionLimit?: In<number>; subnetIds?: In<string>[]; securityGroupIds?: In<string>[]; userGroupId?: In<string> }) }
  }
  namespace s3 {
    class BucketV2 extends Resource { constructor(name: string, args: { bucketPrefix?: In<string>; forceDestroy?: In<boolean> }) }
    class BucketPublicAccessBlock extends Resource { constructor(name: string, args: { bucket: In<string>; blockPublicAcls?: In<boolean>;
      blockPublicPolicy?: In<boolean>; ignorePublicAcls?: In<boolean>; restrictPublicBuckets?: In<boolean> }) }
    class BucketLifecycleConfigurationV2 extends Resource { constructor(name: string, args: { bucket: In<string>; rules?: {
      id: In<string>; status: In<string>; filter?: { prefix?: In<string> }; expiration?: { days?: In<number> };
      abortIncompleteMultipartUpload?: { daysAfterInitiation?: In<number> } }[] }) }
    class BucketMetric extends Resource { constructor(name: string, args: { bucket: In<string>; name?: In<string> }) }
  }
  namespace dax {
    class SubnetGroup extends Resource { constructor(name: string, args: { name?: In<string>; subnetIds: In<string>[] }) }
    class ParameterGroup extends Resource { constructor(name: string, args: { name?: In<string>; parameters?: { name: In<string>; value: In<string> }[] }) }
    class Cluster extends Resource { readonly clusterName: Out<string>; readonly clusterAddress: Out<string>; constructor(name: string, args: {
      clusterName: In<string>; nodeType: In<string>; replicationFactor: In<number>; iamRoleArn: In<string>; parameterGroupName?: In<string>;
      subnetGroupName?: In<string>; securityGroupIds?: In<string>[]; serverSideEncryption?: { enabled?: In<boolean> };
      clusterEndpointEncryptionType?: In<string> }) }
  }
}
`;
