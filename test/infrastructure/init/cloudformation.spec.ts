import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STORES } from '../../../src/cli/init/blueprint.js';
import { BLUEPRINTS, templateFor } from '../../../src/cli/init/instructions.js';
import { mergeTemplate } from '../../../src/cli/init/merge.js';
import { yaml } from '../../../src/cli/init/yaml.js';
import { describeWithDynamoDBLocal } from '../../servers/available.js';
import { createClient, createTable, freshTableName } from '../../servers/table.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { newApp } from '../app.js';
import { customTags } from '../template.js';

const folder = temporaryFolder('cloudformation', afterAll);

let files = 0;
/** Throws for a property that CloudFormation does not know, or one that is missing. */
function validated(text: string): Template {
  const templateFile = join(folder, `${files++}.yaml`);
  writeFileSync(templateFile, text);
  const app = newApp();
  const stack = new Stack(app, 'Stack');
  new CfnInclude(stack, 'Template', { templateFile });
  return Template.fromStack(stack);
}

/** The tags of conditions are read as the lists that follow them. */
const options = { customTags, logLevel: 'error' } as const;

describe.each(STORES)('a template for %s', (store) => {
  it('is valid for CloudFormation', () => {
    const template = validated(templateFor('cloudformation', store).text);
    const { resources } = BLUEPRINTS[store]();
    expect(Object.keys(template.toJSON().Resources)).toEqual(
      expect.arrayContaining(Object.keys(resources)),
    );
  });

  it('is valid for SAM, with the variables of every function', () => {
    const { text } = templateFor('sam', store);
    const { Globals, Transform, ...rest } = parse(text, options);
    expect(Transform).toBe('AWS::Serverless-2016-10-31');
    const { environment, functionSecurityGroup } = BLUEPRINTS[store]();
    expect(Globals.Function.Environment.Variables).toEqual(environment);
    expect('VpcConfig' in Globals.Function).toBe(functionSecurityGroup !== undefined);
    validated(text.replace(/^# Every[\s\S]*?(?=^Resources:)/m, ''));
    expect(Object.keys(rest.Resources)).toEqual(Object.keys(BLUEPRINTS[store]().resources));
  });

  it('is valid for the Serverless Framework', () => {
    const { text, steps } = templateFor('serverless', store);
    validated(text);
    const pasted = steps.join('\n').match(/^provider:[\s\S]*?^resources:\n.*$/m)?.[0] ?? '';
    const { provider, resources } = parse(pasted, options);
    expect(provider.environment).toEqual(BLUEPRINTS[store]().environment);
    expect(provider.iam.role.managedPolicies).toEqual([{ Ref: 'CacheWriterPolicy' }]);
    expect(resources).toEqual(['${file(cache.yml)}']);
    expect('vpc' in provider).toBe(BLUEPRINTS[store]().functionSecurityGroup !== undefined);
  });

  it('is deleted with its stack', () => {
    const holders = Object.values(BLUEPRINTS[store]().resources).filter(({ Type }) =>
      /Table|Bucket|ReplicationGroup|ServerlessCache/.test(Type),
    );
    expect(holders.length).toBeGreaterThan(0);
    for (const holder of holders)
      expect(holder).toMatchObject({ DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
  });

  it('has alarms, which tell a topic if one is given', () => {
    const alarms = Object.values(BLUEPRINTS[store]().resources).filter(
      ({ Type }) => Type === 'AWS::CloudWatch::Alarm',
    );
    expect(alarms.length).toBeGreaterThan(0);
    for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveProperty('Fn::If');
  });
});

describe('the validation', () => {
  it.each([
    ['a misspelt property', 'BillingMode:', 'BilingMode:'],
    ['a missing property', /^ {6}KeySchema:\n.*\n.*\n/m, ''],
    ['a reference to nothing', '!GetAtt CacheTable.Arn', '!GetAtt Table.Arn'],
  ])('refuses %s', (_what, from, to) => {
    const { text } = templateFor('cloudformation', 'dynamodb');
    expect(text.match(from)).not.toBeNull();
    expect(() => validated(text.replace(from, to))).toThrow();
  });
});

describeWithDynamoDBLocal('the table of the template', (endpoint) => {
  it('is accepted by DynamoDB', async () => {
    const table = BLUEPRINTS.dynamodb().resources.CacheTable;
    const { TimeToLiveSpecification, PointInTimeRecoverySpecification, ...input } = {
      ...table?.Properties,
    };
    const TableName = freshTableName();
    const client = createClient(endpoint);
    // The blueprint is typed for every resource, so its parts have no type of the SDK.
    await createTable(client, { TableName, ...(input as object) } as never);
    const change = { TableName, TimeToLiveSpecification } as never;
    await client.send(new UpdateTimeToLiveCommand(change));
    client.destroy();
  });
});

describe('merging into a template', () => {
  const existing = `# My stack
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  # The queue
  Queue:
    Type: AWS::SQS::Queue

Outputs:
  QueueUrl:
    Value: !Ref Queue
`;
  const added = templateFor('cloudformation', 'dynamodb').text;

  it('keeps the existing parts, and adds the rest', () => {
    const merged = mergeTemplate(existing, added).text;
    expect(merged).toContain('# The queue\n  Queue:\n');
    const resources = Object.keys(validated(merged).toJSON().Resources);
    expect(resources).toEqual(expect.arrayContaining(['Queue', 'CacheTable', 'CacheWriterPolicy']));
    expect(Object.keys(parse(merged, options).Outputs)).toContain('QueueUrl');
  });

  it('follows another indent', () => {
    const wide = existing.replace(/^( {2})+/gm, (spaces) => ' '.repeat(spaces.length * 2));
    expect(Object.keys(validated(mergeTemplate(wide, added).text).toJSON().Resources)).toContain(
      'CacheTable',
    );
  });

  it('refuses to overwrite', () => {
    const merged = mergeTemplate(existing, added).text;
    expect(() => mergeTemplate(merged, added)).toThrow(/has AlarmTopicArn already/);
  });
});

describe('YAML', () => {
  it.each([
    'plain',
    'on ~cache:* -@all +get',
    'yes',
    '2012-10-17',
    '0',
    '',
    '-1',
    'a: b',
    'a #b',
    'ends:',
    "it's",
    '"quoted"',
    '*',
    '&a',
    '!Ref x',
    '{a}',
    '[a]',
    'two\nlines',
    'null',
    '~',
    'dynamodb:GetItem',
    'AWS::DynamoDB::Table',
    '\u{1f600}',
  ])('of %j is that text', (text) => {
    expect(parse(`key:${yaml(text)}`)).toEqual({ key: text });
    expect(parse(`key:${yaml([text, { [text || 'x']: text }])}`)).toEqual({
      key: [text, { [text || 'x']: text }],
    });
  });

  it('has the short tags of CloudFormation, and mappings on the lines of their dashes', () => {
    expect(yaml({ Ref: 'A' })).toBe(' !Ref A\n');
    expect(yaml({ 'Fn::Sub': 'a-${B}' })).toBe(' !Sub a-${B}\n');
    expect(yaml({ 'Fn::GetAtt': ['A', 'Arn'] })).toBe(' !GetAtt A.Arn\n');
    expect(yaml({ 'Fn::If': ['C', [{ Ref: 'A' }], { Ref: 'AWS::NoValue' }] })).toBe(
      ' !If [C, [!Ref A], !Ref AWS::NoValue]\n',
    );
    expect(yaml([{ a: 1, b: 'c' }])).toBe('\n- a: 1\n  b: c\n');
  });

  it('of lists and mappings in each other', () => {
    const value = { a: [[1, 2], { b: [], c: {} }, true], d: { e: [{ f: 1, g: [{ h: 2 }] }] } };
    expect(parse(`key:${yaml(value, 1)}`)).toEqual({ key: value });
  });
});
