/** An attribute of a resource, such as `aws_dynamodb_table.cache.arn`. */
export interface Reference {
  readonly type: string;
  readonly name: string;
  readonly attribute: string;
}

/** Values of Terraform's AWS provider. SST takes the same resources, under Pulumi's names. */
export type Term =
  | string
  | number
  | boolean
  | { readonly reference: Reference }
  | { readonly variable: string }
  /** Texts and references, joined. */
  | { readonly template: readonly (string | Reference)[] }
  /** A nested block. */
  | { readonly block: Body }
  /** A nested block that is repeated. */
  | { readonly blocks: readonly Body[] }
  /** A map or a document. */
  | { readonly map: Body }
  | { readonly document: Body }
  | readonly Term[];
export interface Body {
  readonly [name: string]: Term;
}

export interface TerraformResource {
  readonly type: string;
  readonly name: string;
  readonly body: Body;
}

export interface TerraformModel {
  readonly description: string;
  readonly isInVpc: boolean;
  /** Each names only those before it. */
  readonly resources: readonly TerraformResource[];
  readonly environment: Body;
}

export const resource = (type: string, name: string, body: Body): TerraformResource => ({
  type,
  name,
  body,
});

export const of = (type: string, name: string, attribute: string): { reference: Reference } => ({
  reference: { type, name, attribute },
});

export const policyOf = (name: string, actions: readonly string[], resources: readonly Term[]) =>
  resource('aws_iam_policy', `cache_${name}`, {
    policy: {
      document: {
        Version: '2012-10-17',
        Statement: [{ map: { Effect: 'Allow', Action: actions, Resource: resources } }],
      },
    },
  });

export const alarmOf = (
  name: string,
  description: string,
  [namespace, metric, statistic, threshold]: readonly [string, string, string, number],
  dimensions: Body,
) =>
  resource('aws_cloudwatch_metric_alarm', `cache_${name}`, {
    alarm_name: `cache-${name.replaceAll('_', '-')}`,
    alarm_description: description,
    namespace,
    metric_name: metric,
    dimensions: { map: dimensions },
    statistic,
    period: 60,
    evaluation_periods: 5,
    threshold,
    comparison_operator: 'GreaterThanThreshold',
    treat_missing_data: 'notBreaching',
    alarm_actions: { variable: 'alarm_topic_arns' },
  });

export const groups = (ports: readonly number[]): TerraformResource[] => [
  resource('aws_security_group', 'cache_function', {
    description: 'Functions that use the cache',
    vpc_id: { variable: 'vpc_id' },
    egress: { block: { from_port: 0, to_port: 0, protocol: '-1', cidr_blocks: ['0.0.0.0/0'] } },
  }),
  resource('aws_security_group', 'cache', {
    description: 'The cache, for those functions alone',
    vpc_id: { variable: 'vpc_id' },
    ingress: {
      block: {
        from_port: Math.min(...ports),
        to_port: Math.max(...ports),
        protocol: 'tcp',
        security_groups: [of('aws_security_group', 'cache_function', 'id')],
      },
    },
  }),
];

/** The place of a server in the user's VPC, for the functions of `groups` alone. */
export const IN_VPC = {
  subnet_ids: { variable: 'subnet_ids' },
  security_group_ids: [of('aws_security_group', 'cache', 'id')],
} as const;

/** An array has a member `map`, too, so it is told apart first. */
export const isList = (value: Term): value is readonly Term[] => Array.isArray(value);
