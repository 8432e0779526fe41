import { runInNewContext } from 'node:vm';
import {
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
  MemoryCacheStore,
  type Serializer,
} from '@glasswork/cache';
import { expect, it, onTestFinished } from 'vitest';
import { credentials, errorBody, type Reply, serveHttp } from '../../aws/servers.js';

async function storeAt(reply: Reply) {
  return (await serverAnd(reply)).store;
}

async function serverAnd(reply: Reply, options: Partial<DynamoDBCacheStoreOptions> = {}) {
  const { url, requests } = await serveHttp(() => reply);
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href },
    ...{ credentials: async () => credentials, ...options },
  });
  onTestFinished(() => store.close());
  return { store, requests };
}

it.each<[string, Reply]>([
  ['no JSON', { body: '<html>Sign in</html>' }],
  ['half of it', { body: '{"Item":{"pk":{"S"' }],
  ['nothing', { body: '' }],
  ['null', { body: 'null' }],
  ['text', { body: '"OK"' }],
  ['a list', { body: '[]' }],
  ['an error', { body: errorBody('InternalServerError') }],
])('an answer of status 200 that is %s confirms nothing', async (_, reply) => {
  const store = await storeAt(reply);
  const failed = expect.objectContaining({ code: 'STORE_FAILED', subject: 't' });
  await expect(store.getVersioned('k')).rejects.toEqual(failed);
  await expect(store.getMany(['a', 'b'])).rejects.toEqual(failed);
  await expect(store.set('k', 'value', 60)).rejects.toEqual(failed);
  await expect(store.add('k', 'value', 60)).rejects.toEqual(failed);
  await expect(store.del('k')).rejects.toEqual(failed);
  await expect(store.delByPattern('*')).rejects.toEqual(failed);
});

it('an answer of another status is a failure, whatever it holds', async () => {
  const store = await storeAt({ status: 400, body: '{}' });
  await expect(store.get('k')).rejects.toThrow('(HTTP 400): status 400 without a message');
});

it('a pointer to the overflow store is sent as true', async () => {
  const { url, requests } = await serveHttp(() => ({ body: '{}' }));
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href, maxItemBytes: 200 },
    ...{ credentials: async () => credentials, overflow: new MemoryCacheStore() },
  });
  onTestFinished(() => store.close());
  await store.set('k', 'x'.repeat(300), 60);
  const { ExpressionAttributeValues: values } = JSON.parse(requests[0]?.body ?? '');
  expect(values[':value']).toEqual({ BOOL: true });
});

it.each<[string, () => Uint8Array]>([
  ['a Buffer', () => Buffer.from([1, 2])],
  ['an array of another realm, as in Jest,', () => runInNewContext('new Uint8Array([1, 2])')],
  ['a part of a larger buffer', () => new Uint8Array([0, 1, 2, 3]).subarray(1, 3)],
])('from a serializer, %s is sent as bytes', async (_, serialize) => {
  const serializer: Serializer = { name: 'bytes', serialize, deserialize: (raw) => raw };
  const { store, requests } = await serverAnd({ body: '{}' }, { serializer });
  await store.set('k', 'value', 60);
  const { ExpressionAttributeValues: values } = JSON.parse(requests[0]?.body ?? '');
  // After the name of the serializer.
  expect(Buffer.from(values[':value'].B, 'base64').subarray(-2)).toEqual(Buffer.from([1, 2]));
});

it('a condition that failed may be all that is said', async () => {
  const headers = { 'x-amzn-errortype': 'ConditionalCheckFailedException:http://amazonaws.com/' };
  const store = await storeAt({ status: 400, headers, body: '' });
  expect(await store.add('k', 'value', 60)).toBe(false);
});

it('an answer that a condition failed confirms nothing where none was sent', async () => {
  const reply = { status: 400, body: errorBody('ConditionalCheckFailedException', 'odd') };
  const store = await storeAt(reply);
  const failed = expect.objectContaining({
    code: 'STORE_FAILED',
    message: expect.stringContaining('ConditionalCheckFailedException'),
  });
  for (const call of [
    () => store.del('k'),
    () => store.delMany(['a', 'b']),
    () => store.set('k', 'value', 60),
    () => store.setMany([{ key: 'k', value: 'value', ttl: 60 }]),
    () => store.get('k'),
    () => store.getMany(['a', 'b']),
    () => store.getVersioned('k'),
    () => store.delByPattern('*'),
    () => store.clear(),
  ]) {
    await expect(call()).rejects.toEqual(failed);
  }
  expect(await store.setIfUnchanged('k', 'value', 60, '')).toBe(false);
});

it('a batch that names a key twice writes the last value alone', async () => {
  const { store, requests } = await serverAnd({ body: '{}' });
  const write = (key: string, value: string) => ({ key, value, ttl: 60 });
  await store.setMany([write('a', 'first'), write('b', 'only'), write('a', 'last')]);
  const written = requests.map(({ body }) => {
    const { Key, ExpressionAttributeValues } = JSON.parse(body);
    return [Key.pk.S, ExpressionAttributeValues[':value'].S];
  });
  expect(Object.fromEntries(written)).toEqual({ a: '"last"', b: '"only"' });
  expect(written).toHaveLength(2);
});

it('a store is closed by `await using`, too', async () => {
  const { store, requests } = await serverAnd({ body: '{}' });
  expect(await store.get('k')).toBeUndefined();
  await store[Symbol.asyncDispose]();
  await expect(store.get('k')).rejects.toThrow(/closed/);
  expect(requests).toHaveLength(1);
});
