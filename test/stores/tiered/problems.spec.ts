import {
  type CacheEvent,
  CacheService,
  type CacheStore,
  MemoryCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { never, storeLike } from '../../cache-service/helpers.js';

const broken = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:1'));
const failing = (members: Record<string, unknown>): CacheStore =>
  storeLike(new MemoryCacheStore(), { name: 'redis', ...members });
const memory = () => new MemoryCacheStore();
const channel = {
  ...{ publish: async () => {}, listen: () => {}, close: async () => {} },
  sync: broken,
};

async function linesOf(store: CacheStore): Promise<string[]> {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const cache = new CacheService(store, { keyPrefix: 'shop' });
  for (let i = 0; i < 3; i++) {
    expect(await cache.wrap('user:secret', 60, () => 'value')).toBe('value');
    await cache.get('user:secret');
  }
  await cache.settled();
  return warn.mock.calls.map((line) => line.join(' '));
}

describe('a failure above the last tier, with which no call rejects', () => {
  const line = (operation: string) =>
    `@glasswork/cache: store "tiered": ${operation} failed (Error): connect ECONNREFUSED 127.0.0.1:1. Until this is fixed, the tiers below answer.`;

  it('is one line on the console: a tier that cannot be read', async () => {
    const store = new TieredCacheStore([failing({ getVersioned: broken }), memory()]);
    expect(await linesOf(store)).toEqual([line('tier read')]);
  });

  it('is one line on the console: the middle one of three tiers', async () => {
    const middle = failing({ getVersioned: broken });
    expect(await linesOf(new TieredCacheStore([memory(), middle, memory()]))).toEqual([
      line('tier read'),
    ]);
  });

  it('is one line on the console: a tier that takes no copies', async () => {
    const store = new TieredCacheStore([failing({ setIfUnchanged: broken }), memory()]);
    expect(await linesOf(store)).toEqual([line('tier copy')]);
  });

  it('is one line on the console: a channel without a connection', async () => {
    const store = new TieredCacheStore([memory(), memory()], { channel });
    expect(await linesOf(store)).toEqual([line('tier channel')]);
  });

  it('is none where all tiers answer', async () => {
    expect(await linesOf(new TieredCacheStore([memory(), memory(), memory()]))).toEqual([]);
  });

  it('is an event of each service on the store, and counts', async () => {
    const store = new TieredCacheStore([failing({ getVersioned: broken }), memory()]);
    const events: CacheEvent[] = [];
    const onEvent = (event: CacheEvent) => events.push(event);
    const caches = [new CacheService(store, { onEvent }), new CacheService(store, { onEvent })];
    await caches[0]?.get('key');
    const problem = { type: 'store-error', operation: 'tier read', key: undefined };
    const told = events.filter(({ type }) => type === 'store-error');
    expect(told).toEqual([expect.objectContaining(problem), expect.objectContaining(problem)]);
    expect(caches[0]?.stats().storeErrors).toBe(1);
  });

  it.each<[string, object, string[]]>([
    ['takes no copies', { setIfUnchanged: broken }, ['tier copy']],
    ['drops none either', { setIfUnchanged: broken, del: broken }, ['tier copy', 'tier drop']],
  ])('is told by a read and by a fill, of a tier that %s', async (_, members, operations) => {
    const last = memory();
    const store = new TieredCacheStore([failing({ ...members }), last]);
    const told: string[] = [];
    store.problems((operation) => void told.push(operation));
    await last.set('key', 1, 60);
    expect(await store.get('key')).toBe(1);
    expect(told.splice(0)).toEqual(operations);
    const { version } = await last.getVersioned('key');
    expect(await store.setIfUnchanged('key', 2, 60, version)).toBe(true);
    expect(told).toEqual(operations);
  });

  it('names a tier that does not answer', async () => {
    vi.useFakeTimers();
    const store = new TieredCacheStore([failing({ getVersioned: never }), memory()]);
    const told: unknown[] = [];
    store.problems((operation, error) => told.push([operation, String(error)]));
    const reading = store.get('key');
    await vi.advanceTimersByTimeAsync(1_100);
    expect(await reading).toBeUndefined();
    expect(told).toEqual([
      ['tier read', 'CacheError: The tier "redis" did not answer within 1000 ms.'],
    ]);
    vi.useRealTimers();
  });
});
