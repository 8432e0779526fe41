import { DynamoDBCacheStore } from '@glasswork/cache';
import { describe, expect, it, onTestFinished } from 'vitest';
import { credentials, errorBody, type Reply, serveHttp } from '../../aws/servers.js';

const page = (units: number, keys: readonly string[], isLast: boolean): Reply => ({
  body: JSON.stringify({
    Items: keys.map((pk) => ({ pk: { S: pk }, exp: { N: '9999999999999' } })),
    ConsumedCapacity: { TableName: 't', CapacityUnits: units },
    ...(!isLast && { LastEvaluatedKey: { pk: { S: keys.at(-1) } } }),
  }),
});

/** A DynamoDB whose scans give these pages. */
async function serve(pages: readonly Reply[], onScan?: () => unknown) {
  const left = pages.slice();
  const { url, requests } = await serveHttp(({ headers }) =>
    headers['x-amz-target']?.endsWith('.Scan') ? (left.shift() ?? {}) : { body: '{}' },
  );
  const told: unknown[] = [];
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href },
    credentials: async () => credentials,
    onScan: onScan ?? ((scan) => told.push(scan)),
  });
  onTestFinished(() => store.close());
  const scans = () =>
    requests.flatMap(({ headers, body }) =>
      headers['x-amz-target']?.endsWith('.Scan') ? JSON.parse(body) : [],
    );
  return { store, told, scans };
}

describe('a scan', () => {
  it('goes on where the page before it ended, and consistently', async () => {
    const { store, scans } = await serve([
      page(3, ['shop:a', 'shop:b'], false),
      page(1, ['shop:c'], true),
    ]);
    expect(await store.delByPattern('shop:*')).toBe(3);
    expect(scans()).toMatchObject([
      { ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' },
      { ConsistentRead: true, ExclusiveStartKey: { pk: { S: 'shop:b' } } },
    ]);
    expect(scans()[0]).not.toHaveProperty('ExclusiveStartKey');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('no'))],
  ])('is confirmed although its listener %s', async (_how, onScan) => {
    const { store } = await serve([page(1, ['shop:a'], true)], onScan);
    expect(await store.delByPattern('shop:*')).toBe(1);
  });

  it('is told once, with what all of its pages cost', async () => {
    const { store, told } = await serve([
      page(3, ['shop:a'], false),
      page(4.5, ['shop:b'], true),
      page(2, ['shop:a'], true),
    ]);
    await store.delByPattern('shop:*');
    await store.clear();
    expect(told).toEqual([
      { operation: 'delByPattern', readUnits: 7.5 },
      { operation: 'clear', readUnits: 2 },
    ]);
  });

  it('is told with what it has cost until it failed', async () => {
    const { store, told } = await serve([
      page(3, ['shop:a'], false),
      { status: 400, body: errorBody('AccessDeniedException') },
    ]);
    await expect(store.delByPattern('shop:*')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(told).toEqual([{ operation: 'delByPattern', readUnits: 3 }]);
  });
});
