import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBCacheStore } from '@glasswork/cache';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { startDynalite } from '../../servers/dynalite.js';
import { createCacheTable, createClient, credentials, region } from '../../servers/table.js';

const { endpoint, stop } = await startDynalite();
const sdk = createClient(endpoint);
let TableName: string;
let store: DynamoDBCacheStore;
beforeEach(async () => {
  TableName = await createCacheTable(endpoint);
  store = new DynamoDBCacheStore({
    ...{ tableName: TableName, region, endpoint },
    credentials: async () => credentials,
  });
});
afterAll(async () => {
  sdk.destroy();
  await stop();
});

const put = (Item: Record<string, AttributeValue>) =>
  sdk.send(new PutItemCommand({ TableName, Item }));
const left = async () => {
  const { Items = [] } = await sdk.send(new ScanCommand({ TableName }));
  return Items.map(({ pk }) => pk?.S).sort();
};

it('items of another program that has a version of its own stay, and stop no pattern', async () => {
  const version = { S: '1.4.0' };
  await put({ pk: { S: 'a:name' }, ver: version, key: { S: 'name' }, value: { S: 'A' } });
  await put({ pk: { S: 'a:number' }, ver: version, key: { N: '5' }, value: { S: '"A"' } });
  await put({ pk: { S: 'a:ends' }, ver: version, expiresAt: { N: '9999999999' } });
  await put({ pk: { S: 'a:stays' }, ver: version, n: { N: '3' }, value: { S: 'A' } });
  await store.set('a:mine', 'value', 60);
  expect(await store.delByPattern('*')).toBe(1);
  await store.clear();
  expect(await left()).toEqual(['a:ends', 'a:name', 'a:number', 'a:stays']);
});

it('an item with a key attribute of its own is found by its name once the store has written to it', async () => {
  await put({ pk: { S: 'a:taken' }, key: { S: 'not JSON' } });
  await store.set('a:taken', 'value', 60);
  expect(await store.delByPattern('a:*')).toBe(1);
  expect(await store.get('a:taken')).toBeUndefined();
});

const hash = 'f'.repeat(64);

it.each([
  ['no JSON', 'not JSON'],
  ['half of it', '"a'],
  ['a number', '5'],
  ['an object', '{"a":1}'],
  ['null', 'null'],
  ['a key that has another hash', '"a:other"'],
  ['nothing', ''],
])(
  'an item whose name ends like a hash and whose key is %s is known by its name',
  async (_, key) => {
    const name = `a:item~${hash}`;
    // As the store would have written it, but for the key.
    await put({
      ...{ pk: { S: name }, key: key ? { S: key } : { NULL: true }, value: { S: '"A"' } },
      ...{ ver: { S: 'id' }, n: { N: '1' }, expiresAt: { N: '9999999999' } },
      exp: { N: '9999999999999' },
    });
    await store.set('a:mine', 'value', 60);
    expect(await store.delByPattern('a:other')).toBe(0);
    expect(await store.delByPattern('a:mine')).toBe(1);
    expect(await store.delByPattern('a:item~*')).toBe(1);
  },
);

it.each<[string, Record<string, AttributeValue>]>([
  ['no version', {}],
  ['half a version', { n: { N: '3' } }],
  ['the other half', { ver: { S: '1.4.0' } }],
])('an item of another program with %s and no value is a miss', async (_, attributes) => {
  await put({ pk: { S: 'k' }, expiresAt: { N: '9999999999' }, ...attributes });
  expect(await store.has('k')).toBe(false);
  expect(await store.get('k')).toBeUndefined();
  expect(await store.getVersioned('k')).toEqual({ value: undefined, version: '?' });
});

it('a number of another program is no value, and is overwritten', async () => {
  await put({ pk: { S: 'k' }, value: { N: '5' }, expiresAt: { N: '9999999999' } });
  await expect(store.get('k')).rejects.toMatchObject({ code: 'CORRUPT', subject: 'k' });
  await store.set('k', 6, 60);
  expect(await store.get('k')).toBe(6);
});

it('an item of another program that counts, too, is filled over', async () => {
  await put({ pk: { S: 'k' }, n: { N: '3' } });
  const { version } = await store.getVersioned('k');
  expect(await store.setIfUnchanged('k', 'value', 60, version)).toBe(true);
  expect(await store.get('k')).toBe('value');
});
