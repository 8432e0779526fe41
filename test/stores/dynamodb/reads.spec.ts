import { DynamoDBCacheStore } from '@glasswork/cache';
import { describe, expect, it, onTestFinished } from 'vitest';
import { credentials, serveHttp } from '../../aws/servers.js';

interface Keys {
  readonly Keys: readonly { readonly pk: { readonly S: string } }[];
  readonly ConsistentRead: boolean;
}

/** DynamoDB's item under every key but `absent`. */
const itemOf = (pk: string) => ({
  ...{ pk: { S: pk }, value: { S: JSON.stringify({ of: pk }) } },
  ...{ exp: { N: '9999999999999' }, ver: { S: 'id' }, n: { N: '1' } },
});

/** A DynamoDB that reads at most so many keys of a batch, and gives back the others. */
async function serve(mostRead = () => 100) {
  const { url, requests } = await serveHttp(({ body, headers }) => {
    const target = headers['x-amz-target'] ?? '';
    const { Key, RequestItems } = JSON.parse(body);
    if (target.endsWith('.UpdateItem')) return { body: '{}' };
    if (target.endsWith('.GetItem')) return { body: JSON.stringify({ Item: itemOf(Key.pk.S) }) };
    const { Keys, ConsistentRead }: Keys = RequestItems.t;
    const most = mostRead();
    const [read, left] = [Keys.slice(0, most), Keys.slice(most)];
    const found = read.flatMap(({ pk }) => (pk.S === 'absent' ? [] : itemOf(pk.S)));
    return {
      body: JSON.stringify({
        Responses: { t: found },
        UnprocessedKeys: left.length > 0 ? { t: { Keys: left, ConsistentRead } } : {},
      }),
    };
  });
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href },
    credentials: async () => credentials,
  });
  onTestFinished(() => store.close());
  const batches = () =>
    requests.flatMap(({ body }): Keys[] => {
      const { RequestItems } = JSON.parse(body);
      return RequestItems ? [RequestItems.t] : [];
    });
  const sizes = () => batches().map(({ Keys }) => Keys.length);
  return { store, requests, batches, sizes };
}

const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}`);

describe('reads issued in the same tick', () => {
  it('are one request, and a GetItem where there is one alone', async () => {
    const { store, requests, sizes } = await serve();
    expect(await store.get('a')).toEqual({ of: 'a' });
    expect(requests).toHaveLength(1);
    expect(sizes()).toEqual([]);
    const read = await Promise.all([store.get('a'), store.getVersioned('b'), store.has('absent')]);
    expect(read).toMatchObject([{ of: 'a' }, { value: { of: 'b' }, version: 'id 1' }, false]);
    expect(requests).toHaveLength(2);
    expect(sizes()).toEqual([3]);
  });

  it('ask for a key once, and give each caller a value of its own', async () => {
    const { store, sizes } = await serve();
    const [first, second, other] = await store.getMany<object>(['a', 'a', 'b']);
    expect([first, second, other]).toEqual([{ of: 'a' }, { of: 'a' }, { of: 'b' }]);
    expect(first).not.toBe(second);
    expect(sizes()).toEqual([2]);
  });

  it('are as many requests as the limit of 100 keys makes of them', async () => {
    const { store, sizes } = await serve();
    const asked = keys(250);
    expect(await store.getMany(asked)).toEqual(asked.map((of) => ({ of })));
    expect(sizes()).toEqual([100, 100, 50]);
  });

  it('go apart where they must be consistent, after a change of this process', async () => {
    const { store, batches } = await serve();
    await store.del('a');
    await store.set('b', 1, 60);
    await store.getMany(['a', 'b', 'c', 'd']);
    const asked = batches().map(({ Keys, ConsistentRead }) => [
      ConsistentRead,
      Keys.map(({ pk }) => pk.S),
    ]);
    expect(Object.fromEntries(asked)).toEqual({ true: ['a', 'b'], false: ['c', 'd'] });
    expect(asked).toHaveLength(2);
  });
});

describe('keys that a throttled table gives back', () => {
  it('are asked for again, and those that were read are not', async () => {
    const { store, sizes } = await serve(() => 4);
    const asked = ['absent', ...keys(9)];
    expect(await store.getMany(asked)).toEqual([undefined, ...keys(9).map((of) => ({ of }))]);
    expect(sizes()).toEqual([10, 6, 2]);
  });

  it('fail after five rounds, and nothing else does', async () => {
    const { store, sizes } = await serve(() => 1);
    const reads = await Promise.allSettled(keys(7).map((key) => store.get(key)));
    expect(sizes()).toEqual([7, 6, 5, 4, 3]);
    expect(reads.slice(0, 5)).toEqual(
      keys(5).map((of) => ({ status: 'fulfilled', value: { of } })),
    );
    const refused = { code: 'STORE_FAILED', message: expect.stringContaining('left unread') };
    expect(reads.slice(5)).toMatchObject([
      { status: 'rejected', reason: refused },
      { status: 'rejected', reason: refused },
    ]);
  });
});
