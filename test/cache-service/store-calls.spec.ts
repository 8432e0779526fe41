import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type CacheEvent,
  type CacheListener,
  CacheService,
  type CacheStore,
  DynamoDBCacheStore,
  MemoryCacheStore,
  TieredCacheStore,
  type TrafficReport,
} from '@glasswork/cache';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { advance, bareStore, brokenStore, hangingStore, useFakeTime } from './helpers.js';

type StoreEvent = Extract<CacheEvent, { type: 'store' }>;

/** A service whose listener asks for the calls to its store. */
function measured(store: CacheStore) {
  const calls: StoreEvent[] = [];
  const listener: CacheListener = (event) => {
    if (event.type === 'store') calls.push(event);
  };
  const onEvent = Object.assign(listener, { storeCalls: true });
  const cache = new CacheService(store, { onEvent });
  const sum = (name: 'bytesRead' | 'bytesWritten') =>
    calls.reduce((bytes, call) => bytes + call[name], 0);
  return { cache, calls, sum };
}

async function dynamoDB(): Promise<CacheStore> {
  const server = await startDynalite();
  const tableName = await createCacheTable(server.endpoint);
  const store = new DynamoDBCacheStore({
    tableName,
    endpoint: server.endpoint,
    region,
    credentials: async () => credentials,
  });
  onTestFinished(async () => {
    await store.close?.();
    await server.stop();
  });
  return store;
}

describe('calls to the store', () => {
  it('are events for a listener that asks for them, and for no other', async () => {
    const types: string[] = [];
    const plain = new CacheService(new MemoryCacheStore(), {
      onEvent: ({ type }) => types.push(type),
    });
    await plain.wrap('k', '1m', async () => 1);
    expect(types).not.toContain('store');

    const { cache, calls } = measured(new MemoryCacheStore());
    await cache.wrap('k', '1m', async () => 1);
    await cache.del('k');
    expect(calls.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['fill', 'del']),
    );
    for (const call of calls) {
      expect(call).toMatchObject({ store: 'memory', failure: undefined });
      expect(call.durationMs).toBeGreaterThan(0);
    }
  });

  it('are measured with the bytes of values, as the store holds them', async () => {
    const { cache, sum } = measured(await dynamoDB());
    const value = 'ü'.repeat(1_000);
    await cache.set('k', value);
    const written = sum('bytesWritten');
    expect(written).toBeGreaterThanOrEqual(2_002);
    expect(written).toBeLessThan(2_100);
    await cache.get('k');
    expect(sum('bytesRead')).toBe(written);
    await cache.get('absent');
    expect(sum('bytesRead')).toBe(written);
  });

  it('of tiers are measured with the bytes of the last one', async () => {
    const last = await dynamoDB();
    const { cache, sum } = measured(new TieredCacheStore([new MemoryCacheStore(), last]));
    await cache.set('k', 'v'.repeat(1_000));
    expect(sum('bytesWritten')).toBeGreaterThan(1_000);
    await cache.get('k');
    const read = sum('bytesRead');
    expect(read).toBeGreaterThan(1_000);
    await cache.get('k');
    expect(sum('bytesRead')).toBe(read);
  });

  it('count no copy as traffic', async () => {
    const { cache, sum } = measured(await dynamoDB());
    const load = async () => 'v'.repeat(1_000);
    await Promise.all([1, 2, 3].map(() => cache.wrap('k', '1m', load)));
    expect(sum('bytesRead')).toBe(0);
    expect(sum('bytesWritten')).toBeLessThan(2_000);
  });

  it('are not measured by a store unless somebody asks', () => {
    const reports: TrafficReport[] = [];
    const measure = (report: TrafficReport) => void reports.push(report);
    const store: CacheStore = Object.assign(new MemoryCacheStore(), { measure });
    new CacheService(store, { onEvent: () => {} });
    new CacheService(store);
    expect(reports).toEqual([]);
    measured(store);
    expect(reports).toHaveLength(1);
  });

  it('arrive in the context of their caller', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const listener: CacheListener = ({ type }) => {
      if (type === 'store') seen.push(storage.getStore());
    };
    const onEvent = Object.assign(listener, { storeCalls: true });
    const cache = new CacheService(await dynamoDB(), { onEvent });
    await Promise.all(['a', 'b'].map((name) => storage.run(name, () => cache.get(name))));
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(new Set(seen)).toEqual(new Set(['a', 'b']));
  });
});

describe('a call to the store that fails', () => {
  useFakeTime();

  it('is named by the code or the name of its error', async () => {
    const { cache, calls } = measured(brokenStore().store);
    await cache.get('k');
    expect(calls[0]).toMatchObject({ operation: 'get', failure: 'Error' });
  });

  it('has the time after which the service gave it up', async () => {
    const { cache, calls } = measured(hangingStore());
    const read = cache.get('k');
    await advance(3_000);
    await read;
    expect(calls[0]).toMatchObject({ failure: 'TIMEOUT' });
    expect(calls[0]?.durationMs).toBeGreaterThanOrEqual(2_500);
  });

  it('are not the waits for writes under way', async () => {
    const { cache, calls } = measured(bareStore());
    await cache.del('k');
    expect(calls.map(({ operation }) => operation)).toEqual(['del']);
  });
});
