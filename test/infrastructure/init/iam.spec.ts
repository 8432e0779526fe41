import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STORES } from '../../../src/cli/init/blueprint.js';
import { templateFor } from '../../../src/cli/init/instructions.js';
import { DynamoDBCacheStore } from '../../../src/stores/dynamodb/index.js';
import { storeConformance } from '../../../src/testing/index.js';
import { type AnsweringProxy, startAnsweringProxy } from '../../servers/answering-proxy.js';
import { type Dynalite, startDynalite } from '../../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../../servers/table.js';
import { customTags, type Policy } from '../template.js';
import { isAllowed, statementsOf } from './iam.js';
import { watched } from './watched.js';

const ARN = 'arn:aws:dynamodb:eu-central-1:123456789012:table/cache';

describe('the evaluator of policies', () => {
  const statement = (Effect: 'Allow' | 'Deny', Action: string, Resource = '*') => ({
    Effect,
    Action,
    Resource,
  });

  it.each([
    ['nothing', [], false],
    ['an Allow', [statement('Allow', 'dynamodb:GetItem', ARN)], true],
    ['a wildcard', [statement('Allow', 'dynamodb:Get*')], true],
    ['another case', [statement('Allow', 'DynamoDB:getitem')], true],
    ['another action', [statement('Allow', 'dynamodb:GetItems')], false],
    ['another table', [statement('Allow', 'dynamodb:GetItem', `${ARN}s`)], false],
    ['an index of the table', [statement('Allow', 'dynamodb:GetItem', `${ARN}/index/*`)], false],
    ['a Deny beside it', [statement('Allow', '*'), statement('Deny', 'dynamodb:*')], false],
  ])('decides by %s', (_what, statements, allowed) => {
    expect(isAllowed(statements, { action: 'dynamodb:GetItem', resource: ARN })).toBe(allowed);
  });

  it('refuses what it does not understand', () => {
    const Statement = [{ Effect: 'Allow', Action: '*', Resource: '*', Condition: {} }];
    expect(() => statementsOf({ Version: '2012-10-17', Statement })).toThrow('Condition');
  });
});

describe('the policies of the templates', () => {
  let dynalite: Dynalite;
  let proxy: AnsweringProxy;
  const used = { all: new Set<string>(), service: new Set<string>() };

  /** The calls of each case of the conformance suite, by the store alone. */
  beforeAll(async () => {
    dynalite = await startDynalite();
    // By access key, because calls of a case that has failed may still be on their way during the next.
    const maintains = new Set<string>();
    proxy = await startAnsweringProxy(dynalite.endpoint, ({ action, signedBy }) => {
      used.all.add(`dynamodb:${action}`);
      if (!maintains.has(signedBy ?? '')) used.service.add(`dynamodb:${action}`);
      return undefined;
    });
    const tableName = await createCacheTable(dynalite.endpoint);
    for (const [i, { name, run }] of storeConformance.entries()) {
      const accessKeyId = `CASE${i}`;
      const open = () =>
        watched(
          new DynamoDBCacheStore({
            ...{ tableName, region, endpoint: proxy.endpoint },
            credentials: async () => ({ ...credentials, accessKeyId }),
          }),
          () => maintains.add(accessKeyId),
        );
      const subject = { store: open(), another: open(), advance: async () => {} };
      // A case may need a clock or a serializer, and fail without: its calls were made all the same.
      await run(subject).catch((error: Error) => {
        if (!/cannot run|advance|time|expire/i.test(`${name} ${error.message}`)) throw error;
      });
    }
  });
  afterAll(async () => {
    await proxy.stop();
    await dynalite.stop();
  });

  const policies = () => {
    const text = templateFor('cloudformation', 'dynamodb').text;
    const { Resources } = parse(text, { customTags, logLevel: 'error' });
    const of = (name: string) => {
      const { Properties }: Policy = Resources[`Cache${name}Policy`];
      const [statement, ...others] = Properties.PolicyDocument.Statement;
      expect(others).toEqual([]);
      expect(statement?.Resource).toEqual({ 'Fn::GetAtt': ['CacheTable', 'Arn'] });
      const Statement = [{ ...statement, Resource: ARN }];
      return statementsOf({ Version: '2012-10-17', Statement });
    };
    return { reader: of('Reader'), writer: of('Writer'), maintainer: of('Maintainer') };
  };
  const refused = (statements: ReturnType<typeof statementsOf>, actions: Iterable<string>) =>
    [...actions].filter((action) => !isAllowed(statements, { action, resource: ARN }));

  it('let a writer do all that a service needs, and no more', () => {
    const { writer } = policies();
    expect([...used.service].sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:UpdateItem',
    ]);
    expect(refused(writer, used.service)).toEqual([]);
    expect(
      refused(writer, ['dynamodb:Scan', 'dynamodb:DeleteItem', 'dynamodb:PutItem']),
    ).toHaveLength(3);
    expect(isAllowed(writer, { action: 'dynamodb:GetItem', resource: `${ARN}-other` })).toBe(false);
  });

  it('let a maintainer do all that the conformance suite does', () => {
    const { maintainer } = policies();
    expect([...used.all]).toEqual(expect.arrayContaining(['dynamodb:Scan', 'dynamodb:DeleteItem']));
    expect(refused(maintainer, used.all)).toEqual([]);
    expect(refused(maintainer, ['dynamodb:DeleteTable', 'dynamodb:CreateTable'])).toHaveLength(2);
  });

  it('let a reader read only', () => {
    const { reader } = policies();
    expect(refused(reader, used.all).sort()).toEqual([
      'dynamodb:DeleteItem',
      'dynamodb:Scan',
      'dynamodb:UpdateItem',
    ]);
  });

  it.each(STORES)('have one statement a role for %s, without wildcards in actions', (store) => {
    const { Resources } = parse(templateFor('cloudformation', store).text, {
      customTags,
      logLevel: 'error',
    });
    for (const role of ['Reader', 'Writer', 'Maintainer']) {
      const { Statement } = Resources[`Cache${role}Policy`].Properties.PolicyDocument;
      expect(Statement).toHaveLength(1);
      for (const action of Statement[0].Action) expect(action).toMatch(/^[a-z\d]+:\w+$/);
      expect(JSON.stringify(Statement[0].Resource)).not.toContain('"*"');
    }
  });
});
