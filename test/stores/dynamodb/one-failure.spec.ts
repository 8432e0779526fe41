import { type CacheEvent, CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { credentials, errorBody, type Reply, serveHttp } from '../../aws/servers.js';

const DENIED: Reply = { status: 400, body: errorBody('AccessDeniedException') };

async function serviceAt(answer: () => Reply, failures: number) {
  const { url, requests } = await serveHttp(answer);
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href },
    credentials: async () => credentials,
  });
  onTestFinished(() => store.close());
  const types: CacheEvent['type'][] = [];
  const cache = new CacheService(store, {
    breaker: { failures },
    onEvent: ({ type }) => types.push(type),
  });
  const count = (type: CacheEvent['type']) => types.filter((each) => each === type).length;
  return { cache, count, requests };
}

describe('one request that fails', () => {
  it('counts once, whatever it was to read', async () => {
    const { cache, count, requests } = await serviceAt(() => DENIED, 3);
    for (const [i, tags] of [[], ['red'], ['red', 'green', 'blue']].entries()) {
      expect(count('breaker')).toBe(0);
      await cache.wrap('k', { ttl: 60, tags }, () => 'value');
      expect(requests).toHaveLength(i + 1);
    }
    expect(count('breaker')).toBe(1);
    // The entry, the prefix's version, and the tags'.
    expect(count('store-error')).toBe(2 + 3 + 5);
  });

  it('counts once for many callers, too', async () => {
    const { cache, count, requests } = await serviceAt(() => DENIED, 2);
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => cache.wrap(key, 60, () => key)));
    expect(requests).toHaveLength(1);
    expect(count('breaker')).toBe(0);
    await cache.get('k');
    expect(count('breaker')).toBe(1);
  });

  it('counts for each request, where there are several at once', async () => {
    const { cache, count, requests } = await serviceAt(() => DENIED, 2);
    const keys = Array.from({ length: 150 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => cache.wrap(key, 60, () => key)));
    expect(requests).toHaveLength(2);
    expect(count('breaker')).toBe(1);
  });
});

it('a store that rejects with one and the same error fails each time', async () => {
  const down = new Error('down');
  const fail = () => Promise.reject(down);
  const types: string[] = [];
  const cache = new CacheService(
    { name: 'broken', get: fail, set: fail, del: fail },
    { breaker: { failures: 5 }, onEvent: ({ type }) => types.push(type) },
  );
  for (let i = 0; i < 5; i++) await cache.get('k');
  expect(types).toContain('breaker');
});

it('reads go on after a fake nextTick was dropped', async () => {
  const item = { pk: { S: 'k' }, value: { S: '1' }, exp: { N: '9999999999999' } };
  const { url } = await serveHttp(() => ({ body: JSON.stringify({ Item: item }) }));
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href },
    credentials: async () => credentials,
  });
  onTestFinished(() => store.close());
  vi.useFakeTimers({ toFake: ['queueMicrotask'] });
  const dropped = vi.spyOn(process, 'nextTick').mockImplementation(() => {});
  const during = store.get('k');
  await Promise.resolve();
  dropped.mockRestore();
  vi.useRealTimers();
  expect(await store.get('k')).toBe(1);
  expect(await during).toBe(1);
});
