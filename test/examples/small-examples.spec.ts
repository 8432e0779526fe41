import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { casesFor, createVirtualClock } from '@glasswork/cache/testing';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ItemStack } from '../../examples/cdk/stack.js';
import {
  deleteExpired,
  postgresStore,
  SCHEMA,
} from '../../examples/custom-store/postgres-store.js';
import { createCache } from '../../examples/tiers/cache.js';
import { root } from '../../scripts/run.js';
import { startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';

it('the quick start prints what its page says', async () => {
  const read = readFileSync(`${root}examples/quick-start/README.md`, 'utf8');
  const args = ['--import', import.meta.resolve('tsx'), 'examples/quick-start/quick-start.ts'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(read).toContain(`\`\`\`text\n${stdout}\`\`\``);
});

it('the tiers read DynamoDB once, and never show their own process an old value', async () => {
  const dynalite = await startDynalite();
  onTestFinished(() => dynalite.stop());
  const tableName = await createCacheTable(dynalite.endpoint);
  const clock = createVirtualClock(Date.now());
  const open = () => {
    const { endpoint } = dynalite;
    const keys = async () => credentials;
    return new DynamoDBCacheStore({ tableName, region, endpoint, credentials: keys, clock });
  };
  const stores = [open(), open()] as const;
  const [one, other] = [createCache(stores[0], clock), createCache(stores[1], clock)];
  onTestFinished(async () => void (await Promise.all([one.close(), other.close()])));
  let version = 1;
  const load = async () => version;
  expect(await one.wrap('a', '5m', load)).toBe(1);
  expect(await other.wrap('a', '5m', load)).toBe(1);
  const read = vi.spyOn(stores[1], 'getVersioned');
  expect(await other.wrap('a', '5m', load)).toBe(1);
  expect(read).not.toHaveBeenCalled();
  version = 2;
  await one.del('a');
  expect(await one.wrap('a', '5m', load)).toBe(2);
  clock.advance(2_000);
  expect(await other.wrap('a', '5m', load)).toBe(2);
});

describe('the store of one’s own, in PostgreSQL', () => {
  let database: PGlite;
  beforeAll(async () => {
    database = await PGlite.create();
    await database.exec(SCHEMA);
  });
  afterAll(() => database?.close());
  beforeEach(() => database.exec('DELETE FROM cache'));
  const subject = () => {
    const clock = createVirtualClock();
    const open = () => postgresStore(database, clock);
    return { store: open(), another: open(), advance: clock.advance, exactTime: true };
  };
  const { cases } = casesFor({
    ...subject(),
    // The plan looks at the members alone.
    store: postgresStore({ query: async () => ({ rows: [] }) }),
  });

  it('has many cases', () => expect(cases.length).toBeGreaterThan(20));
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, { run }) => run(subject()));

  it('refuses the fill of a load from before an invalidation of another process', async () => {
    const [one, other] = [postgresStore(database), postgresStore(database)];
    let finish = (_: string) => {};
    const value = new Promise<string>((resolve) => {
      finish = resolve;
    });
    let begin = () => {};
    const began = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const loading = new CacheService(one).wrap('a', '1m', () => {
      begin();
      return value;
    });
    await began;
    await new CacheService(other).del('a');
    finish('old');
    expect(await loading).toBe('old');
    expect(await new CacheService(other).get('a')).toBeUndefined();
  });

  it('is emptied of what has expired for an hour', async () => {
    const clock = createVirtualClock(10_000_000);
    const store = postgresStore(database, clock);
    await store.set('old', 1, 1);
    await store.set('new', 1, 7_200);
    await deleteExpired(database, clock.now() + 3_700_000);
    const { rows } = await database.query('SELECT key FROM cache');
    expect(rows).toEqual([{ key: '"new"' }]);
  });
});

describe('the tests of a service', async () => {
  await import('../../examples/testing/price-service.spec.js');
});

it('the application of AWS CDK has a table, and a function that may use it', () => {
  const template = Template.fromStack(new ItemStack(new App(), 'Items'));
  template.resourceCountIs('AWS::DynamoDB::Table', 1);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { CACHE_TABLE: { Ref: Match.stringLikeRegexp('^CacheTable') } } },
  });
  const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
  expect(policies).toContain('dynamodb:UpdateItem');
  expect(policies).not.toContain('dynamodb:*');
});
