import { DynamoDBCacheStore } from '@glasswork/cache';
import { describe, expect, it, onTestFinished } from 'vitest';
import { credentials, type Reply, serveHttp } from '../../aws/servers.js';

const lost: Reply = (_response, request) => request.socket.destroy();

/** Loses the reply to the first write; to the second one its condition fails, over an item that `writer` wrote. */
async function serve(writer: 'us' | 'others', tells: 'item' | 'nothing' = 'item') {
  let item: object | undefined;
  const { url, requests } = await serveHttp(({ headers, body }) => {
    if (headers['x-amz-target']?.endsWith('.GetItem')) {
      // A replica that lags does not show the write yet.
      const { ConsistentRead } = JSON.parse(body);
      return { body: JSON.stringify(ConsistentRead ? { Item: item } : {}) };
    }
    if (!item) {
      const { ':ver': ver, ':value': value } = JSON.parse(body).ExpressionAttributeValues;
      item = {
        pk: { S: 'k' },
        value,
        ver: writer === 'us' ? ver : { S: 'another' },
        n: { N: '1' },
      };
      return lost;
    }
    const __type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
    const failed = { __type, ...(tells === 'item' && { Item: item }) };
    return { status: 400, body: JSON.stringify(failed) };
  });
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href },
    credentials: async () => credentials,
  });
  onTestFinished(() => store.close());
  return { store, requests };
}

describe('a reply that is lost', () => {
  it.each(['item', 'nothing'] as const)(
    'makes no refusal of a fill that was written: the condition fails on our own version (and tells %s)',
    async (tells) => {
      const { store } = await serve('us', tells);
      expect(await store.setIfUnchanged('k', 'value', 60, '')).toBe(true);
    },
  );

  it('makes a refusal of a fill that somebody else came before', async () => {
    const { store } = await serve('others');
    expect(await store.setIfUnchanged('k', 'value', 60, '')).toBe(false);
  });

  it('lets an add find its own token', async () => {
    expect(await (await serve('us')).store.add('k', 'token', 60)).toBe(true);
    expect(await (await serve('others')).store.add('k', 'token', 60)).toBe(false);
  });

  it('has an unconditional set sent no second time: the copy could undo what was written between', async () => {
    const { store, requests } = await serve('us');
    await expect(store.set('k', 'value', 60)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(requests).toHaveLength(1);
  });
});
