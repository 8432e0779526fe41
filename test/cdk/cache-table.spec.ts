import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CacheError } from '@glasswork/cache';
import { CacheTable, type CacheTableProps, esmBundling } from '@glasswork/cache/cdk';
import { App, CfnParameter, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';
import { dynamodbBlueprint } from '../../src/cli/init/dynamodb.js';
import { newApp } from '../infrastructure/app.js';

function world(props?: CacheTableProps) {
  const app = newApp();
  const stack = new Stack(app, 'Shop');
  const cache = new CacheTable(stack, 'Cache', props);
  const fn = new LambdaFunction(stack, 'Items', {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
  return { stack, cache, fn, template: () => Template.fromStack(stack) };
}

interface Found {
  readonly Properties: Readonly<Record<string, unknown>>;
}
const ofType = (template: Template, type: string): Found[] =>
  Object.values(template.findResources(type)).map(({ Properties }) => ({ Properties }));

const blueprint = dynamodbBlueprint().resources;

describe('CacheTable', () => {
  it('is the table of `init`', () => {
    const { template } = world();
    const { PointInTimeRecoverySpecification: _, ...properties } =
      blueprint.CacheTable?.Properties ?? {};
    template().hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: properties,
    });
  });

  it('has the alarms of `init`', () => {
    const { template } = world();
    const alarms = ofType(template(), 'AWS::CloudWatch::Alarm');
    expect(alarms).toHaveLength(2);
    for (const [i, name] of ['CacheReadThrottleAlarm', 'CacheWriteThrottleAlarm'].entries()) {
      const { AlarmActions, Dimensions, ...properties } = blueprint[name]?.Properties ?? {};
      expect(alarms[i]?.Properties).toMatchObject(properties);
      expect(alarms[i]?.Properties.AlarmActions).toBeUndefined();
      expect(alarms[i]?.Properties.Dimensions).toEqual([
        { Name: 'TableName', Value: { Ref: expect.stringMatching(/^CacheTable/) } },
      ]);
    }
  });

  it('tells a topic of alarms', () => {
    const stack = new Stack(newApp(), 'Shop');
    const topic = new Topic(stack, 'Alarms');
    new CacheTable(stack, 'Cache', { alarmTopic: topic });
    const alarms = ofType(Template.fromStack(stack), 'AWS::CloudWatch::Alarm');
    for (const { Properties } of alarms)
      expect(Properties.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^Alarms/) }]);
  });

  it.each([
    ['grantRead', 'CacheReaderPolicy'],
    ['grantUse', 'CacheWriterPolicy'],
    ['grantMaintain', 'CacheMaintainerPolicy'],
  ] as const)('%s allows as much as the policy of `init`, on that table alone', (grant, policy) => {
    const { cache, fn, template } = world();
    cache[grant](fn);
    const [found, ...others] = ofType(template(), 'AWS::IAM::Policy');
    expect(others).toEqual([]);
    const { Statement } = Object(found?.Properties.PolicyDocument);
    const expected = Object(blueprint[policy]?.Properties.PolicyDocument).Statement[0].Action;
    expect(Statement).toEqual([
      {
        Effect: 'Allow',
        Action: expected,
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^CacheTable/), 'Arn'] },
      },
    ]);
  });

  it('sets the variable of the function', () => {
    const { cache, fn, template } = world();
    cache.grantUse(fn);
    template().hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { CACHE_TABLE: { Ref: Match.stringLikeRegexp('^CacheTable') } } },
    });
  });

  it('takes names and a removal policy, and grants to a role', () => {
    const { stack, cache, template } = world({
      tableName: 'my-cache',
      variable: 'MY_TABLE',
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ecs.amazonaws.com') });
    cache.grantUse(role);
    expect(Object.keys(cache.environment)).toEqual(['MY_TABLE']);
    template().hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: { TableName: 'my-cache' },
    });
    template().resourceCountIs('AWS::IAM::Policy', 1);
  });
});

describe('CacheTable refuses', () => {
  const make = (...args: readonly unknown[]): CacheTable => Reflect.construct(CacheTable, args);
  const stack = () => new Stack(new App(), 'Shop');

  it.each<[string, readonly unknown[], string]>([
    ['no arguments', [], 'scope is undefined'],
    ['a scope that is no construct', [{}, 'Cache'], 'scope is object'],
    ['no id', [stack()], 'id is undefined'],
    ['an empty id', [stack(), ''], "id is ''"],
  ])('%s', (_what, args, message) => {
    expect(() => make(...args)).toThrow(CacheError);
    expect(() => make(...args)).toThrow(`CacheTable: ${message}: give `);
  });

  it.each<[string, unknown, string]>([
    ['properties that are none', null, 'props'],
    ['a name for its properties', 'my-cache', 'props'],
    ['an empty name', { tableName: '' }, 'tableName'],
    ['a number for a name', { tableName: 5 }, 'tableName'],
    ['an empty variable', { variable: '' }, 'variable'],
    ['a number for a variable', { variable: 5 }, 'variable'],
    ['the ARN of a topic', { alarmTopic: 'arn:aws:sns:eu-central-1:1:a' }, 'alarmTopic'],
    ['an unknown removal policy', { removalPolicy: 'delete' }, 'removalPolicy'],
  ])('%s, by the path of the construct and the name of the property', (_what, props, subject) => {
    const call = () => make(stack(), 'Cache', props);
    expect(call).toThrow(CacheError);
    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject }));
    expect(call).toThrow(`CacheTable at Shop/Cache: ${subject} is `);
  });

  it.each(['grantRead', 'grantUse', 'grantMaintain'] as const)(
    '%s of anything that has no role',
    (grant) => {
      for (const user of [undefined, null, 'fn', {}]) {
        const call = () => make(stack(), 'Cache')[grant](user as unknown as Role);
        expect(call).toThrow(expect.objectContaining({ subject: 'user' }));
        expect(call).toThrow('CacheTable at Shop/Cache: user is ');
      }
    },
  );

  it('no text that is known only when it is deployed, and nothing that is undefined', () => {
    const tableName = new CfnParameter(stack(), 'Name').valueAsString;
    const none = { tableName: undefined, alarmTopic: undefined, removalPolicy: undefined };
    for (const props of [{ tableName }, none])
      expect(() => make(stack(), 'Cache', props)).not.toThrow();
  });
});

describe('esmBundling', () => {
  const folder = join(root, '.cache', `cdk-${randomUUID()}`);
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    // A package in CommonJS, bundled into an ES module, which has no `require` of its own.
    writeFileSync(
      join(folder, 'old.cjs'),
      "module.exports = { platform: () => require('node:os').platform() };",
    );
    writeFileSync(
      join(folder, 'handler.ts'),
      `import { DynamoDBCacheStore } from '${root}src/stores/dynamodb/index.ts';
      import old from './old.cjs';
      const store = new DynamoDBCacheStore({ tableName: 'cache', region: 'eu-central-1' });
      export const handler = async () => [store.name, typeof old.platform()];
      await Promise.resolve();`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes an ES module that runs, with packages in CommonJS', () => {
    const app = new App({ outdir: join(folder, 'out') });
    new NodejsFunction(new Stack(app, 'Shop'), 'Items', {
      entry: join(folder, 'handler.ts'),
      runtime: Runtime.NODEJS_20_X,
      projectRoot: root,
      depsLockFilePath: join(root, 'package-lock.json'),
      bundling: esmBundling(),
    });
    const { directory } = app.synth();
    const [asset = ''] = readdirSync(directory).filter((name) => name.startsWith('asset.'));
    expect(readdirSync(join(directory, asset)).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    const code = `const { handler } = await import('./index.mjs'); console.log(JSON.stringify(await handler()))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: join(directory, asset),
      encoding: 'utf8',
    });
    expect([stderr, JSON.parse(stdout || 'null')]).toEqual(['', ['dynamodb', 'string']]);
  });

  it('gives way to settings of the user, and keeps both banners', () => {
    const bundling = esmBundling({ minify: false, banner: '/* ours */', externalModules: ['a'] });
    expect(bundling).toMatchObject({
      format: OutputFormat.ESM,
      minify: false,
      externalModules: ['a'],
    });
    expect(bundling.banner).toMatch(/createRequire[\s\S]*\n\/\* ours \*\/$/);
    expect(esmBundling().banner).toMatch(/^import .*;$/);
  });

  it.each<[string, unknown, string]>([
    ['null', null, 'options is null'],
    ['a text', 'min', "options is 'min'"],
    ['a banner that is no text', { banner: 5 }, 'banner is 5'],
  ])('refuses %s', (_what, options, message) => {
    const call = () => esmBundling(options as BundlingOptions);
    expect(call).toThrow(CacheError);
    expect(call).toThrow(`esmBundling: ${message}: give `);
  });
});
