import { readFileSync } from 'node:fs';
import { type CreateTableCommandInput, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { parse, type ScalarTag } from 'yaml';
import { createClient, createTable, freshTableName } from '../servers/table.js';

/** A value that CloudFormation computes, in the long form of its short tag. */
export type Computed =
  | { readonly Ref: string }
  | { readonly 'Fn::Sub': string }
  | { readonly 'Fn::GetAtt': readonly string[] };

interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: Computed;
}

export interface Policy {
  readonly Type: string;
  readonly Properties: { readonly PolicyDocument: { readonly Statement: readonly Statement[] } };
}

interface TableProperties extends Omit<CreateTableCommandInput, 'TableName'> {
  readonly TableName: Computed;
  readonly TimeToLiveSpecification: { readonly AttributeName: string; readonly Enabled: boolean };
  readonly PointInTimeRecoverySpecification: { readonly PointInTimeRecoveryEnabled: boolean };
}

export interface Template {
  readonly Parameters: Readonly<Record<string, { readonly Default: string }>>;
  readonly Globals: {
    readonly Function: {
      readonly Environment: { readonly Variables: Readonly<Record<string, Computed>> };
    };
  };
  readonly Resources: {
    readonly CacheTable: {
      readonly Type: string;
      readonly DeletionPolicy: string;
      readonly UpdateReplacePolicy: string;
      readonly Properties: TableProperties;
    };
    readonly CachePolicy: Policy;
    readonly CacheMaintenancePolicy: Policy;
  };
  readonly Outputs: Readonly<Record<string, { readonly Value: Computed }>>;
}

export const customTags: ScalarTag[] = [
  { tag: '!Ref', resolve: (name) => ({ Ref: name }) },
  { tag: '!Sub', resolve: (text) => ({ 'Fn::Sub': text }) },
  { tag: '!GetAtt', resolve: (path) => ({ 'Fn::GetAtt': path.split('.') }) },
];

/** The SAM template that the package ships. */
export function readTemplate(): Template {
  return readYaml('sam.yaml');
}

/** One of the files in `infrastructure`, whatever is in it. */
export function readYaml<T>(name: string): T {
  const file = new URL(`../../infrastructure/${name}`, import.meta.url);
  return parse(readFileSync(file, 'utf8'), { customTags, strict: true });
}

/** CloudFormation's result for a text in a stack, with every parameter at its default. */
export function textOf(value: Computed, template: Template, stackName: string): string {
  const named = (name: string): string => {
    const text = name === 'AWS::StackName' ? stackName : template.Parameters[name]?.Default;
    if (text === undefined) throw new Error(`the template has no parameter ${name}`);
    return text;
  };
  if ('Ref' in value) return named(value.Ref);
  if ('Fn::Sub' in value) {
    return value['Fn::Sub'].replace(/\$\{([^}]+)\}/g, (_, name: string) => named(name));
  }
  throw new Error('an attribute of a resource is known only to CloudFormation');
}

/**
 * Creates the table that `infrastructure/sam.yaml` describes, TTL included, and returns its name. Needs DynamoDB Local:
 * dynalite cannot set a TTL.
 */
export async function createTableFromTemplate(
  endpoint: string,
  tableName: string = freshTableName(),
): Promise<string> {
  const { TimeToLiveSpecification, PointInTimeRecoverySpecification, ...properties } =
    readTemplate().Resources.CacheTable.Properties;
  const client = createClient(endpoint);
  try {
    await createTable(client, { ...properties, TableName: tableName });
    await client.send(
      new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }),
    );
  } finally {
    client.destroy();
  }
  return tableName;
}
