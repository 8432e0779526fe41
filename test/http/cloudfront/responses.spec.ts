import { type CacheEvent, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { cloudFront } from '@glasswork/cache/cloudfront';
import { responseCache } from '@glasswork/cache/http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { credentials, DISTRIBUTION, startCloudFront } from '../../servers/cloudfront.js';

/** Responses with an edge in front: CloudFront's endpoint of the tests takes the purges. */
async function site(header?: string) {
  const server = await startCloudFront();
  const edge = cloudFront({
    distributionId: DISTRIBUTION,
    endpoint: server.endpoint,
    credentials: async () => credentials,
    header,
  });
  const events: CacheEvent[] = [];
  const cache = new CacheService(new MemoryCacheStore(), {
    keyPrefix: 'shop',
    onInvalidate: edge.onInvalidate,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(async () => {
    await cache.close();
    await server.stop();
  });
  const get = async (path: string, tags: readonly string[]) => {
    const answer = responseCache(cache, { ttl: '1h', tagHeader: edge.tagHeader, tags });
    const request = new Request(`https://shop.example.com${path}`);
    const next = () => new Response('page', { headers: { 'cache-control': 'max-age=600' } });
    const { headers } = await answer(request, next);
    const carried = headers.get(edge.tagHeader)?.toLowerCase().split(',') ?? [];
    return { carried, cacheControl: headers.get('cache-control') };
  };
  /** True if the last purge covers a response with these edge tags. */
  const purges = (carried: readonly string[]) =>
    server.accepted.at(-1)?.items.some((item) => carried.includes(item.slice(1).toLowerCase()));
  const told = () => events.filter(({ type }) => type === 'edge-tags');
  return { cache, get, purges, told };
}

describe('a response behind CloudFront', () => {
  it.each([undefined, 'x-tags'])('is purged by what concerns it (header: %s)', async (header) => {
    const { cache, get, purges } = await site(header);
    const user = await get('/users/1', ['user:1', 'Größe, groß']);
    const other = await get('/users/2', ['user:2']);
    const changes = [
      () => cache.invalidateTags(['user:1']),
      () => cache.invalidateTags(['Größe, groß']),
      () => cache.expireTags(['user:1']),
    ];
    for (const change of changes) {
      await change();
      expect([purges(user.carried), purges(other.carried)]).toEqual([true, false]);
    }
    for (const change of [() => cache.clear(), () => cache.delByPattern('*')]) {
      await change();
      expect([purges(user.carried), purges(other.carried)]).toEqual([true, true]);
    }
  });

  it('is not kept by the edge if it has more tags than that can purge', async () => {
    const { get, told } = await site();
    const tags = Array.from({ length: 60 }, (_, i) => `tag${i}`);
    for (let request = 0; request < 2; request++) {
      expect((await get('/many', tags)).cacheControl).toContain('s-maxage=0');
    }
    expect((await get('/few', tags.slice(0, 10))).cacheControl).not.toContain('s-maxage=0');
    expect(told()).toMatchObject([{ reason: 'too-many' }]);
  });

  it('shares a tag that differs only in case with another, which is an event', async () => {
    const { get, told } = await site();
    await get('/a', ['User']);
    expect(told()).toEqual([]);
    await get('/b', ['user']);
    await get('/b', ['user']);
    expect(told()).toMatchObject([{ reason: 'collision', tags: ['User', 'user'] }]);
  });
});
