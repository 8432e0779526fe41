import { AsyncLocalStorage } from 'node:async_hooks';
import { type CacheEvent, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import {
  advance,
  brokenStore,
  flush,
  hangingStore,
  never,
  storeLike,
  useFakeTime,
} from './helpers.js';

interface Told {
  readonly request: string | undefined;
  readonly type: CacheEvent['type'];
  readonly key: string | undefined;
}

/** A service whose listener notes which request it was called for. */
function inRequests(store: ConstructorParameters<typeof CacheService>[0]) {
  const request = new AsyncLocalStorage<string>();
  const told: Told[] = [];
  const cache = new CacheService(store, {
    versionTTL: '1d',
    breaker: false,
    onEvent(event) {
      const key = 'key' in event ? event.key : undefined;
      told.push({ request: request.getStore(), type: event.type, key });
    },
  });
  return { cache, request, told };
}

const keyOf = (request: string) => `of ${request}`;

describe('an event in the asynchronous context of its call', () => {
  useFakeTime();

  it('of a call that one timer for all gives up', async () => {
    const { cache, request, told } = inRequests(hangingStore());
    const calls = ['a', 'b', 'c'].map((name) =>
      request.run(name, () => cache.wrap(keyOf(name), 60, () => name)),
    );
    await advance(2_600);
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
    const errors = told.filter(({ type, key }) => type === 'store-error' && key);
    expect(errors.map(({ request: name, key }) => [name, key])).toEqual(
      ['a', 'b', 'c'].map((name) => [name, keyOf(name)]),
    );
    for (const event of told.filter(({ key }) => key))
      expect(event.key).toBe(keyOf(`${event.request}`));
  });

  it('of calls that begin in different turns of the event loop', async () => {
    const { cache, request, told } = inRequests(hangingStore());
    const first = request.run('a', () => cache.get(keyOf('a')));
    await advance(1_000);
    const second = request.run('b', () => cache.get(keyOf('b')));
    await advance(1_000);
    const third = request.run('c', () => cache.set(keyOf('c'), 1));
    await advance(10_000);
    await Promise.all([first, second, third]);
    const errors = told.filter(({ type }) => type === 'store-error');
    expect(new Set(errors.map(({ request: name }) => name))).toEqual(new Set(['a', 'b', 'c']));
    for (const { key, request: name } of told) if (key) expect(key).toBe(keyOf(`${name}`));
  });

  it('of an invalidation that is given up', async () => {
    const { cache, request, told } = inRequests(
      storeLike(new MemoryCacheStore(), { del: () => never() }),
    );
    const other = request.run('a', () => cache.del(keyOf('a')).catch(() => 'a'));
    const deleting = request.run('b', () => cache.del(keyOf('b')).catch(() => 'b'));
    await advance(5_100);
    expect(await Promise.all([other, deleting])).toEqual(['a', 'b']);
    expect(told.map(({ request: name, key }) => [name, key])).toEqual([
      ['a', keyOf('a')],
      ['b', keyOf('b')],
    ]);
  });

  it('of a store that fails at once, of hits, and of a refresh', async () => {
    const { store, state } = brokenStore();
    const { cache, request, told } = inRequests(store);
    const wrap = (name: string) =>
      request.run(name, () => cache.wrap(keyOf(name), { ttl: 60, staleTTL: 10 }, () => name));
    await Promise.all(['a', 'b'].map(wrap));
    state.broken = false;
    await Promise.all(['a', 'b'].map(wrap));
    await advance(10_000);
    await Promise.all(['a', 'b'].map(wrap));
    await flush();
    await cache.settled();
    expect(new Set(told.map(({ type }) => type))).toContain('refresh');
    for (const { key, request: name } of told) if (key) expect(key).toBe(keyOf(`${name}`));
  });
});
