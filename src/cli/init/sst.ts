import {
  type Body,
  isList,
  type Reference,
  type Term,
  type TerraformModel,
  type TerraformResource,
} from './terraform/model.js';

/** Pulumi's classes, which SST has as the global `aws`. */
const CLASSES: Readonly<Record<string, string>> = {
  aws_cloudwatch_metric_alarm: 'cloudwatch.MetricAlarm',
  aws_dax_cluster: 'dax.Cluster',
  aws_dax_parameter_group: 'dax.ParameterGroup',
  aws_dax_subnet_group: 'dax.SubnetGroup',
  aws_dynamodb_table: 'dynamodb.Table',
  aws_elasticache_replication_group: 'elasticache.ReplicationGroup',
  aws_elasticache_serverless_cache: 'elasticache.ServerlessCache',
  aws_elasticache_subnet_group: 'elasticache.SubnetGroup',
  aws_elasticache_user: 'elasticache.User',
  aws_elasticache_user_group: 'elasticache.UserGroup',
  aws_iam_policy: 'iam.Policy',
  aws_iam_role: 'iam.Role',
  aws_iam_role_policy: 'iam.RolePolicy',
  aws_s3_bucket: 's3.BucketV2',
  aws_s3_bucket_lifecycle_configuration: 's3.BucketLifecycleConfigurationV2',
  aws_s3_bucket_metric: 's3.BucketMetric',
  aws_s3_bucket_public_access_block: 's3.BucketPublicAccessBlock',
  aws_security_group: 'ec2.SecurityGroup',
};

/** Blocks that may be repeated are lists in Pulumi, some under a plural. */
const LISTS: Readonly<Record<string, string>> = {
  attribute: 'attributes',
  ingress: 'ingress',
  egress: 'egress',
  parameters: 'parameters',
  rule: 'rules',
  ecpu_per_second: 'ecpuPerSeconds',
};

export function sst({ description, isInVpc, resources, environment }: TerraformModel): string {
  const options = isInVpc
    ? '{ vpcId, subnetIds, alarmTopicArns = [] }: CacheOptions'
    : '{ alarmTopicArns = [] }: CacheOptions = {}';
  return `/// <reference path="../.sst/platform/config.d.ts" />

export interface CacheOptions {
${isInVpc ? '  vpcId: $util.Input<string>;\n  subnetIds: $util.Input<string>[];\n' : ''}  /** The SNS topics that alarms tell. */
  alarmTopicArns?: $util.Input<string>[];
}

/** ${description} */
export function createCache(${options}) {
${resources.map(construct).join('\n')}
  return {
    /** For each function that uses the cache. */
    environment: ${term({ map: environment }, 2)},
    /** For each function's \`policies\`. */
    readerPolicy: ${variable('aws_iam_policy', 'cache_reader')}.arn,
    writerPolicy: ${variable('aws_iam_policy', 'cache_writer')}.arn,
    maintainerPolicy: ${variable('aws_iam_policy', 'cache_maintainer')}.arn,
${isInVpc ? `    functionSecurityGroup: ${variable('aws_security_group', 'cache_function')}.id,\n` : ''}  };
}
`;
}

const construct = ({ type, name, body }: TerraformResource): string => {
  const id = pascal(`${name}_${lastWord(type)}`);
  return `  const ${variable(type, name)} = new aws.${CLASSES[type]}('${id}', ${mapping(body, 1)});`;
};

const lastWord = (type: string): string => type.replace(/^aws_([a-z\d]+_)?/, '');

const pascal = (name: string): string =>
  name.replace(/(^|_)([a-z\d])/g, (_, __, letter: string) => letter.toUpperCase());

const camel = (name: string): string =>
  name.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());

const variable = (type: string, name: string): string =>
  camel(`${name}_${lastWord(type)}`.replace(/^cache_cache_/, 'cache_'));

/** Names of documents and of the environment have no lower letter behind a `_`, so they stay as they are. */
function mapping(body: Body, depth: number): string {
  const lines = Object.entries(body).map(([name, value]) => {
    const isRepeated = typeof value === 'object' && 'block' in value && name in LISTS;
    const text = term(value, depth + 1);
    return `${'  '.repeat(depth + 1)}${LISTS[name] ?? camel(name)}: ${isRepeated ? `[${text}]` : text},\n`;
  });
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`;
}

function term(value: Term, depth: number): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map((each) => term(each, depth)).join(', ')}]`;
  if ('map' in value) return mapping(value.map, depth);
  if ('document' in value) return `$jsonStringify(${mapping(value.document, depth)})`;
  if ('block' in value) return mapping(value.block, depth);
  if ('blocks' in value) return `[${value.blocks.map((each) => mapping(each, depth)).join(', ')}]`;
  if ('reference' in value) return path(value.reference);
  if ('variable' in value) return camel(value.variable);
  const text = value.template.map((part) =>
    typeof part === 'string' ? part : `\${${path(part)}}`,
  );
  return `$interpolate\`${text.join('')}\``;
}

function path({ type, name, attribute }: Reference): string {
  const owner = variable(type, name);
  // A list of one in Terraform, whose name Pulumi has in the plural.
  if (attribute === 'endpoint[0].address') return `${owner}.endpoints[0].address`;
  return `${owner}.${camel(attribute)}`;
}
