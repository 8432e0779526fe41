import type { Blueprint, Value } from './blueprint.js';
import { yaml } from './yaml.js';

const HAS_TOPIC = `Conditions:
  HasAlarmTopic: !Not [!Equals [!Ref AlarmTopicArn, none]]
`;

// Templates are objects of texts, numbers, lists and such objects.
const section = (name: string, value: object): string => `${name}:${yaml(value as Value, 1)}`;

/** The names that other stacks and people need. */
function outputs({ resources, environment }: Blueprint): object {
  const policies = Object.keys(resources).filter((name) =>
    /^Cache(Reader|Writer|Maintainer)Policy$/.test(name),
  );
  return {
    ...Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [pascal(name), { Value: value }]),
    ),
    ...Object.fromEntries(policies.map((name) => [`${name}Arn`, { Value: { Ref: name } }])),
  };
}

/** `CACHE_TABLE` as `CacheTableName`, since a resource may have the plain name. */
const pascal = (name: string): string =>
  `${name.toLowerCase().replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase())}Name`;

export function cloudFormation(blueprint: Blueprint): string {
  const { description, parameters, resources } = blueprint;
  return [
    `AWSTemplateFormatVersion: "2010-09-09"\nDescription: ${JSON.stringify(description)}\n`,
    section('Parameters', parameters),
    HAS_TOPIC,
    section('Resources', resources),
    section('Outputs', outputs(blueprint)),
  ].join('\n');
}

export function sam(blueprint: Blueprint): string {
  const { description, parameters, resources, environment, functionSecurityGroup } = blueprint;
  const vpc = functionSecurityGroup && {
    VpcConfig: {
      SubnetIds: { Ref: 'SubnetIds' },
      SecurityGroupIds: [{ 'Fn::GetAtt': [functionSecurityGroup, 'GroupId'] }],
    },
  };
  const globals = { Function: { Environment: { Variables: environment }, ...vpc } };
  return [
    `AWSTemplateFormatVersion: "2010-09-09"\nTransform: AWS::Serverless-2016-10-31\nDescription: ${JSON.stringify(description)}\n`,
    section('Parameters', parameters),
    HAS_TOPIC,
    `# Every function of this template finds the cache by these variables.\n${section('Globals', globals)}`,
    section('Resources', resources),
    `  # Your functions go here:
  #
  # ApiFunction:
  #   Type: AWS::Serverless::Function
  #   Metadata:
  #     BuildMethod: esbuild
  #     BuildProperties: { Format: esm, OutExtension: [.js=.mjs], Target: node24, EntryPoints: [handler.ts] }
  #   Properties:
  #     Runtime: nodejs24.x
  #     Handler: handler.handler
  #     Policies: [!Ref CacheWriterPolicy]
`,
    section('Outputs', outputs(blueprint)),
  ].join('\n');
}

/** A file for `resources: - ${file(cache.yml)}`, which the Serverless Framework merges into its template. */
export function serverless(blueprint: Blueprint): string {
  const { parameters, resources } = blueprint;
  return [
    section('Parameters', parameters),
    HAS_TOPIC,
    section('Resources', resources),
    section('Outputs', outputs(blueprint)),
  ].join('\n');
}

/** The lines for serverless.yml itself. */
export function serverlessProvider({ environment, functionSecurityGroup }: Blueprint): string {
  const vpc = functionSecurityGroup && {
    vpc: {
      securityGroupIds: [{ 'Fn::GetAtt': [functionSecurityGroup, 'GroupId'] }],
      subnetIds: { Ref: 'SubnetIds' },
    },
  };
  const provider = {
    environment,
    ...vpc,
    iam: { role: { managedPolicies: [{ Ref: 'CacheWriterPolicy' }] } },
  };
  return `${section('provider', provider)}resources:\n  - \${file(cache.yml)}\n`;
}
