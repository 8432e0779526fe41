import { DescribeTableCommand, DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { describeWithDynamoDBLocal } from '../servers/available.js';
import { createClient } from '../servers/table.js';
import { createTableFromTemplate, type Policy, readTemplate, textOf } from './template.js';

const template = readTemplate();
const { CacheTable, CachePolicy, CacheMaintenancePolicy } = template.Resources;

describe('the SAM template', () => {
  it('names the table after the stack', () => {
    expect(textOf(CacheTable.Properties.TableName, template, 'shop')).toBe('shop-cache');
  });

  it('keeps no copy of the cache', () => {
    expect(CacheTable).toMatchObject({
      Type: 'AWS::DynamoDB::Table',
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } },
    });
  });

  it.each<[string, Policy, string[]]>([
    ['the cache', CachePolicy, ['BatchGetItem', 'GetItem', 'UpdateItem']],
    ['maintenance', CacheMaintenancePolicy, ['DeleteItem', 'Scan']],
  ])('allows %s these actions, on its own table', (_, policy, actions) => {
    expect(policy.Type).toBe('AWS::IAM::ManagedPolicy');
    const [statement, ...others] = policy.Properties.PolicyDocument.Statement;
    expect(others).toEqual([]);
    expect({ ...statement, Action: statement?.Action.toSorted() }).toEqual({
      Effect: 'Allow',
      Action: actions.map((action) => `dynamodb:${action}`),
      Resource: { 'Fn::GetAtt': ['CacheTable', 'Arn'] },
    });
  });

  it('tells functions and other stacks the name of the table', () => {
    const name = { Ref: 'CacheTable' };
    expect(template.Globals.Function.Environment.Variables).toEqual({ CACHE_TABLE: name });
    expect(template.Outputs.CacheTableName?.Value).toEqual(name);
  });
});

describeWithDynamoDBLocal('the table of the SAM template', (endpoint) => {
  it('is the one that the store expects', async () => {
    const TableName = await createTableFromTemplate(endpoint);
    const client = createClient(endpoint);
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const ttl = await client.send(new DescribeTimeToLiveCommand({ TableName }));
    client.destroy();
    expect(Table).toMatchObject({
      TableName,
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    });
    expect(ttl.TimeToLiveDescription).toEqual({
      AttributeName: 'expiresAt',
      TimeToLiveStatus: 'ENABLED',
    });
  });
});
