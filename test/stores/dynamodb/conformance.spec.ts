import { DynamoDB, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
} from '../../../src/stores/dynamodb/index.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { createTableFromTemplate } from '../../infrastructure/template.js';
import { describeWithDynamoDBLocal } from '../../servers/available.js';
import { startDynalite } from '../../servers/dynalite.js';
import {
  createCacheTable,
  createClient,
  credentials,
  freshTableName,
  region,
} from '../../servers/table.js';
import { describeConformance } from '../conformance.js';

type Client = DynamoDBCacheStoreOptions['client'];
type CreateTable = (endpoint: string, tableName: string) => Promise<unknown>;

const dynalite = await startDynalite();
afterAll(() => dynalite.stop());

describe('on dynalite', () => {
  describeStore('lean', dynalite.endpoint, createCacheTable);
  describeStore('with a DynamoDBClient', dynalite.endpoint, createCacheTable, (sdk) => sdk);
  describeStore('with a DynamoDBDocumentClient', dynalite.endpoint, createCacheTable, (sdk) =>
    DynamoDBDocumentClient.from(sdk),
  );
});

describe('a key that is another one, hashed', () => {
  it('is a key of its own', async () => {
    const { endpoint } = dynalite;
    const tableName = await createCacheTable(endpoint);
    const sdk = createClient(endpoint);
    const store = new DynamoDBCacheStore({ tableName, client: sdk });
    const long = 'k'.repeat(3_000);
    await store.set(long, 'long', 60);
    const { Items = [] } = await sdk.send(new ScanCommand({ TableName: tableName }));
    const hashed = Items[0]?.pk?.S ?? '';
    expect(hashed).not.toBe(long);
    expect(hashed).toMatch(/^k+.*[0-9a-f]{64}$/);
    expect(await store.get(hashed)).toBeUndefined();
    await store.set(hashed, 'hashed', 60);
    expect(await store.getMany([long, hashed])).toEqual(['long', 'hashed']);
    await store.del(hashed);
    expect(await store.getMany([long, hashed])).toEqual(['long', undefined]);
    sdk.destroy();
  });
});

describe('an invalid client', () => {
  it.each<[string, Client]>([
    ['an object of another kind', { query() {} }],
    ['what a function gives that returns nothing', () => undefined as never],
  ])('is refused where it is first needed: %s', async (_, client) => {
    const store = new DynamoDBCacheStore({ tableName: 'cache', client });
    await expect(store.get('key')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      subject: 'client',
    });
  });
});

describeWithDynamoDBLocal('on DynamoDB Local', (endpoint) => {
  describeStore('lean, on the table of the SAM template', endpoint, createTableFromTemplate);
  describeStore(
    'with a function that returns a DynamoDBClient',
    endpoint,
    createCacheTable,
    (sdk) => () => sdk,
  );
  describeStore(
    'with a promise of a DynamoDBDocumentClient',
    endpoint,
    createCacheTable,
    (sdk) => async () => DynamoDBDocumentClient.from(sdk),
  );
  describeStore('with a DynamoDB', endpoint, createCacheTable, () => {
    return new DynamoDB({ endpoint, region, credentials });
  });
  describeStore('with a DynamoDBDocument', endpoint, createCacheTable, (sdk) =>
    DynamoDBDocument.from(sdk),
  );
});

/** The whole conformance suite, on a table of its own; without a client over the lean transport. */
function describeStore(
  title: string,
  endpoint: string,
  createTable: CreateTable,
  clientFrom?: (sdk: DynamoDBClient) => Client,
): void {
  describe(title, () => {
    const tableName = freshTableName();
    const sdk = createClient(endpoint);
    const client = clientFrom?.(sdk);
    beforeAll(() => createTable(endpoint, tableName));
    afterAll(() => sdk.destroy());

    describeConformance(
      'a DynamoDB store',
      () => {
        // The system's time to begin with: a table deletes what its TTL says is over.
        const clock = createVirtualClock(Date.now());
        const opened: DynamoDBCacheStore[] = [];
        const open = (options?: Partial<DynamoDBCacheStoreOptions>) => {
          const way = client
            ? { client }
            : { endpoint, region, credentials: async () => credentials };
          // Time limits are not tested here, and many test files may share the processor.
          const timeouts = { connect: '20s', request: '20s', total: '60s' } as const;
          const store = new DynamoDBCacheStore({ tableName, clock, timeouts, ...way, ...options });
          opened.push(store);
          return store;
        };
        return {
          store: open(),
          another: open(),
          advance: clock.advance,
          exactTime: true,
          waits: true,
          withSerializer: (serializer) => open({ serializer }),
          dispose: async () => {
            await Promise.all(opened.map((store) => store.close()));
          },
        };
      },
      { lacks: ['the store has no getIfPresent'] },
    );
  });
}
