import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type CacheEvent, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { diagnosticsChannel } from '@glasswork/cache/metrics';
import { expect, it } from 'vitest';

it.each([undefined, 'own'])(
  'publishes each event on its channel (%s), without its key',
  async (name) => {
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
    const { key, ...others } = hit;
    expect(events).toContainEqual(others);
    expect(JSON.stringify(events)).not.toContain(JSON.stringify(key));
    expect(events.filter((event) => Object(event).type === 'hit')).toHaveLength(1);
    await cache.close();
  },
);

it('publishes keys, tags and errors if they are wanted', async () => {
  const events: unknown[] = [];
  const note = (event: unknown) => void events.push(event);
  const error = new Error('no row with secret-key');
  const heard = async (keys: boolean) => {
    events.length = 0;
    const onEvent = diagnosticsChannel('asked', { keys });
    const cache = new CacheService(new MemoryCacheStore(), { onEvent });
    subscribe('asked', note);
    await cache.invalidateTags(['secret-tag']);
    await cache
      .wrap('secret-key', '1m', async () => {
        throw error;
      })
      .catch(() => {});
    unsubscribe('asked', note);
    await cache.close();
    return [...events];
  };
  const asked = await heard(true);
  expect(asked).toContainEqual(expect.objectContaining({ key: 'secret-key', error }));
  expect(JSON.stringify(asked)).toContain('secret-tag');
  const unasked = await heard(false);
  expect(unasked.map((event) => Object(event).type)).toEqual(
    asked.map((event) => Object(event).type),
  );
  expect(JSON.stringify(unasked)).not.toContain('secret');
  expect(unasked).toContainEqual(expect.objectContaining({ error: { code: 'Error' } }));
});
