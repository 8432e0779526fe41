import type { Blueprint, Store } from './blueprint.js';
import { cdk } from './cdk.js';
import { cloudFormation, sam, serverless, serverlessProvider } from './cloudformation.js';
import { daxBlueprint, dynamodbBlueprint } from './dynamodb.js';
import { redisBlueprint, serverlessBlueprint } from './redis.js';
import { s3Blueprint } from './s3.js';
import { sst } from './sst.js';
import { TERRAFORM } from './terraform/stores.js';
import { terraform } from './terraform/terraform.js';

export const TOOLS = ['sam', 'cdk', 'terraform', 'serverless', 'sst', 'cloudformation'] as const;
export type Tool = (typeof TOOLS)[number];

export const BLUEPRINTS: Readonly<Record<Store, () => Blueprint>> = {
  dynamodb: dynamodbBlueprint,
  redis: redisBlueprint,
  'valkey-serverless': serverlessBlueprint,
  s3: s3Blueprint,
  dax: daxBlueprint,
};

export interface Template {
  /** The file that the tool expects. */
  readonly file: string;
  readonly text: string;
  /** The next steps, such as a text to paste. */
  readonly steps: readonly string[];
}

/** The template of a store for a tool. */
export function templateFor(tool: Tool, store: Store): Template {
  const blueprint = BLUEPRINTS[store]();
  const last = `Then run: glasswork-cache doctor ${DOCTOR[store]}`;
  const steps = (...own: readonly string[]) => [...own, CODE[store], last];
  switch (tool) {
    case 'sam':
      return {
        ...{ file: 'template.yaml', text: sam(blueprint) },
        steps: steps(
          'Give each function `Policies: [!Ref CacheWriterPolicy]`. The variables are in Globals already.',
        ),
      };
    case 'cloudformation':
      return {
        ...{ file: 'cache.yaml', text: cloudFormation(blueprint) },
        steps: steps(
          'Deploy it: aws cloudformation deploy --stack-name cache --template-file cache.yaml --capabilities CAPABILITY_IAM',
          "Attach the policy CacheWriterPolicyArn to your function's role, and set its variables from the outputs.",
        ),
      };
    case 'serverless':
      return {
        ...{ file: 'cache.yml', text: serverless(blueprint) },
        steps: steps(`Paste into serverless.yml:\n\n${serverlessProvider(blueprint)}`),
      };
    case 'cdk':
      return {
        ...{ file: 'cache-stack.ts', text: cdk(blueprint) },
        steps: steps(
          "Create it in your app: const cache = new CacheStack(app, 'Cache');",
          'Give each NodejsFunction `environment: cache.cacheEnvironment`, and its role `fn.role?.addManagedPolicy(cache.cacheWriterPolicy)`.',
        ),
      };
    case 'terraform':
      return {
        ...{ file: 'cache.tf', text: terraform(TERRAFORM[store]()) },
        steps: steps(
          'Put the file beside your other .tf files.',
          'Set the output cache_environment as the variables of each function, and attach cache_writer_policy_arn to its role.',
        ),
      };
    case 'sst':
      return {
        ...{ file: 'infra/cache.ts', text: sst(TERRAFORM[store]()) },
        steps: steps(
          "In sst.config.ts: const cache = (await import('./infra/cache')).createCache();",
          'Give each sst.aws.Function `environment: cache.environment` and `policies: [cache.writerPolicy]`.',
        ),
      };
  }
}

const DOCTOR: Readonly<Record<Store, string>> = {
  dynamodb: '--table <the name of the table>',
  dax: '--table <the name of the table>',
  redis: '--redis <the url>',
  'valkey-serverless': '--redis <the url>',
  s3: '--bucket <the name of the bucket>',
};

const CODE: Readonly<Record<Store, string>> = {
  dynamodb: "In the code: new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? '' })",
  dax: 'In the code: new DynamoDBCacheStore({ tableName, client: () => a DaxDocument of CACHE_DAX }), see docs/dynamodb.md',
  redis:
    'In the code: new RedisCacheStore({ url: process.env.CACHE_URL }) with an IAM token, see docs/redis.md#elasticache',
  'valkey-serverless':
    'In the code: new RedisCacheStore({ client: a Cluster of CACHE_URL }) with an IAM token, see docs/redis.md#elasticache',
  s3: "In the code: new S3CacheStore({ bucket: process.env.CACHE_BUCKET ?? '' })",
};
