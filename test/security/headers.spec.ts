import { CacheService, jsonSerializer, MemoryCacheStore } from '@glasswork/cache';
import { responseCache } from '@glasswork/cache/http';
import { describe, expect, it } from 'vitest';

// Headers of stored responses, which docs/security.md names as a threat.

describe('header injection', () => {
  const FORGED = 'a\r\nset-cookie: session=1';

  it('by a tag does not reach the tag header', async () => {
    const cache = new CacheService(new MemoryCacheStore(), { onEvent: () => {} });
    const cached = responseCache(cache, { ttl: '1m', tagHeader: 'cache-tag', tags: [FORGED] });
    const answer = () =>
      cached(new Request('https://shop.example.com/'), async () => new Response('ok'));
    for (const _ of [1, 2]) {
      const response = await answer();
      expect(response.headers.has('set-cookie')).toBe(false);
      expect(response.headers.get('cache-tag')).toContain('session');
      expect(response.headers.get('cache-tag')).not.toMatch(/[\r\n]/);
    }
  });

  it('by a header of a poisoned entry is a miss', async () => {
    let isPoisoned = false;
    const poisoning = {
      ...jsonSerializer,
      deserialize: (raw: string | Uint8Array, key: string) =>
        jsonSerializer.deserialize(
          isPoisoned ? String(raw).replaceAll('text/plain', 'a\\r\\nset-cookie: session=1') : raw,
          key,
        ),
    };
    const cache = new CacheService(new MemoryCacheStore({ serializer: poisoning }), {
      onEvent: () => {},
    });
    const cached = responseCache(cache, { ttl: '1m' });
    let loads = 0;
    const headers = { 'content-type': 'text/plain' };
    const answer = async () => {
      const response = await cached(
        new Request('https://shop.example.com/'),
        async () => new Response(`${++loads}`, { headers }),
      );
      return { response, text: await response.text() };
    };
    await answer();
    expect((await answer()).text).toBe('1');
    isPoisoned = true;
    const { response, text } = await answer();
    expect(text).toBe('2');
    expect(response.headers.has('set-cookie')).toBe(false);
  });
});
