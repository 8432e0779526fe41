import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type CacheEvent, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { diagnosticsChannel } from '@glasswork/cache/metrics';
import { expect, it } from 'vitest';

it.each([undefined, 'own'])('publishes each event on its channel (%s)', async (name) => {
  const events: unknown[] = [];
  const note = (event: unknown) => void events.push(event);
  const channel = name ?? '@glasswork/cache';
  const cache = new CacheService(new MemoryCacheStore(), { onEvent: diagnosticsChannel(name) });
  await cache.set('k', 1);
  subscribe(channel, note);
  await cache.get('k');
  unsubscribe(channel, note);
  await cache.get('k');
  const hit: CacheEvent = { type: 'hit', key: 'k', state: 'fresh', ageMs: expect.any(Number) };
  expect(events).toContainEqual(hit);
  expect(events.filter((event) => Object(event).type === 'hit')).toHaveLength(1);
  await cache.close();
});
