import type { Blueprint, Resource, Value } from './blueprint.js';

const MODULES: Readonly<Record<string, string>> = {
  'AWS::CloudWatch': 'aws-cloudwatch',
  'AWS::DAX': 'aws-dax',
  'AWS::DynamoDB': 'aws-dynamodb',
  'AWS::EC2': 'aws-ec2',
  'AWS::ElastiCache': 'aws-elasticache',
  'AWS::IAM': 'aws-iam',
  'AWS::S3': 'aws-s3',
};

/** A stack of CDK's own constructs of each resource, which a function's stack can take over or extend. */
export function cdk({
  description,
  parameters,
  resources,
  environment,
  functionSecurityGroup,
}: Blueprint): string {
  const namespaces = [
    ...new Set(Object.values(resources).map(({ Type }) => namespaceOf(Type))),
  ].sort();
  const props = Object.keys(parameters).map((name) => `  ${propertyLine(name)}`);
  const body = Object.entries(resources).map(([name, resource]) => construct(name, resource));
  const policies = ['CacheReaderPolicy', 'CacheWriterPolicy', 'CacheMaintainerPolicy'];
  return `import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
${namespaces.map((each) => `import * as ${alias(each)} from 'aws-cdk-lib/${MODULES[each]}';`).join('\n')}
import type { Construct } from 'constructs';

export interface CacheStackProps extends StackProps {
${props.join('\n')}
}

/** ${description} */
export class CacheStack extends Stack {
  /** For the environment of each function that uses the cache. */
  readonly cacheEnvironment: Record<string, string>;
${functionSecurityGroup ? '  /** For each function that uses the cache. */\n  readonly functionSecurityGroupId: string;\n' : ''}${policies.map((name) => `  readonly ${camel(name)}: iam.IManagedPolicy;`).join('\n')}

  constructor(scope: Construct, id: string, props: CacheStackProps${Object.keys(parameters).length === 1 ? ' = {}' : ''}) {
    super(scope, id, props);
${body.join('\n')}
    for (const resource of [${Object.entries(resources)
      .filter(([, each]) => each.DeletionPolicy)
      .map(([name]) => camel(name))
      .join(', ')}])
      resource.applyRemovalPolicy(RemovalPolicy.DESTROY);
    this.cacheEnvironment = ${code(environment, 2)};
${functionSecurityGroup ? `    this.functionSecurityGroupId = ${code({ 'Fn::GetAtt': [functionSecurityGroup, 'GroupId'] }, 2)};\n` : ''}${policies.map((name) => `    this.${camel(name)} = iam.ManagedPolicy.fromManagedPolicyArn(this, '${name}Ref', ${camel(name)}.ref);`).join('\n')}
  }
}
`.replace(/^( *)\n(?=\n)/gm, '');
}

const propertyLine = (name: string): string =>
  name === 'AlarmTopicArn'
    ? '/** The SNS topic that alarms tell. Default: none. */\n  readonly alarmTopicArn?: string;'
    : `readonly ${camel(name)}: ${name.endsWith('Ids') ? 'string[]' : 'string'};`;

function construct(name: string, { Type, Properties }: Resource): string {
  const kind = Type.split('::').at(-1);
  return `    const ${camel(name)} = new ${alias(namespaceOf(Type))}.Cfn${kind}(this, '${name}', ${code(Properties, 2)});`;
}

const namespaceOf = (type: string): string => type.split('::').slice(0, 2).join('::');
const alias = (namespace: string): string => (namespace.split('::')[1] ?? '').toLowerCase();

/** A lower first word, as CDK writes CloudFormation's names: `SSESpecification` is `sseSpecification`. */
export function camel(name: string): string {
  const words = name.match(/[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [name];
  return words
    .map((word, i) =>
      i === 0 ? word.toLowerCase() : (word[0] ?? '').toUpperCase() + word.slice(1).toLowerCase(),
    )
    .join('');
}

/** Documents that IAM and CloudFormation read as they are. */
const VERBATIM =
  /^(PolicyDocument|AssumeRolePolicyDocument|ParameterNameValues|AuthenticationMode)$/;

/** TypeScript for a value, in which resources are variables and parameters are properties of `props`. */
function code(value: Value, depth: number, isVerbatim = false): string {
  const computed = computedCode(value);
  if (computed !== undefined) return computed;
  if (Array.isArray(value))
    return `[${value.map((each) => code(each, depth, isVerbatim)).join(', ')}]`;
  if (typeof value !== 'object') return typeof value === 'string' ? quoted(value) : String(value);
  const lines = Object.entries(value).map(([name, each]) => {
    const isEnvironment = /^CACHE_/.test(name);
    const key = isVerbatim || isEnvironment ? name : camel(name);
    const shown = /^[A-Za-z_]\w*$/.test(key) ? key : quoted(key);
    return `${'  '.repeat(depth + 1)}${shown}: ${code(each, depth + 1, isVerbatim || VERBATIM.test(name))},\n`;
  });
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`;
}

function computedCode(value: Value): string | undefined {
  const [[name, argument] = []] = Object.entries(value);
  if (name === 'Ref') return reference(String(argument));
  if (name === 'Fn::GetAtt') return attributeOf(String(argument[0]), String(argument[1]));
  if (name === 'Fn::Sub') {
    const text = String(argument).replace(/\$\{([^}]+)\}/g, (_, inner: string) => {
      const [resource = '', ...path] = inner.split('.');
      return `\${${path.length > 0 ? attributeOf(resource, path.join('.')) : reference(inner)}}`;
    });
    return `\`${text}\``;
  }
  return name === 'Fn::If' ? 'props.alarmTopicArn ? [props.alarmTopicArn] : undefined' : undefined;
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::StackName': 'this.stackName.toLowerCase()',
  'AWS::Partition': 'this.partition',
  'AWS::Region': 'this.region',
  'AWS::AccountId': 'this.account',
};
const PARAMETERS = ['VpcId', 'SubnetIds', 'AlarmTopicArn'];

function reference(name: string): string {
  return (
    PSEUDO[name] ?? (PARAMETERS.includes(name) ? `props.${camel(name)}` : `${camel(name)}.ref`)
  );
}

const attributeOf = (resource: string, path: string): string => {
  const name = path
    .split('.')
    .map((part) => camel(part))
    .map((part) => (part[0] ?? '').toUpperCase() + part.slice(1))
    .join('');
  return `${camel(resource)}.attr${name}`;
};

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
