import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { watched } from '../cache-service/helpers.js';
import { START, URL_1, world } from './helpers.js';

describe('a tag that a response brings, whose record a full store evicts while its origin answers', () => {
  it.each(['invalidateTags', 'expireTags'] as const)(
    'does not hide that it met %s: the response is neither cached nor kept by an edge',
    async (invalidate) => {
      const clock = createVirtualClock(START);
      const store = new MemoryCacheStore({ clock });
      const made = world({ ttl: 60, tagHeader: 'cache-tag' }, {}, { store, clock });
      const other = world({ ttl: 60 }, {}, { store, clock });
      let isFirst = true;
      made.origin = async () => {
        const body = isFirst ? 'old' : 'new';
        if (isFirst) {
          isFirst = false;
          await other.cache[invalidate](['red']);
          expect(await store.get('#tag::red')).toBeDefined();
          await store.del('#tag::red');
        }
        return new Response(body, { headers: { 'cache-tag': 'red' } });
      };
      const first = await made.get();
      expect(await first.text()).toBe('old');
      expect(first.headers.get('cache-control')).toContain('s-maxage=0');
      expect(await (await made.get()).text()).toBe('new');
    },
  );

  it('costs no read where responses bring no tags', async () => {
    const { store, calls } = watched();
    const keys = () => calls.flatMap(({ args }) => args.map(String));
    const isOfAllTags = (key: string) => key.startsWith('#tags:');
    const clock = createVirtualClock(START);
    await world({ ttl: 60, tags: ['t'] }, {}, { store, clock }).get();
    expect(keys().filter(isOfAllTags)).toEqual([]);
    await world({ ttl: 60, tagHeader: 'x-tags' }, {}, { store, clock }).get({}, `${URL_1}/b`);
    expect(keys().filter(isOfAllTags)).not.toEqual([]);
  });

  it('costs no second load as long as no tag is invalidated', async () => {
    const made = world({ ttl: 60, tagHeader: 'cache-tag' });
    made.origin = ({ url }) => new Response('body', { headers: { 'cache-tag': url } });
    const urls = Array.from({ length: 5 }, (_, i) => `https://example.com/${i}`);
    for (const url of [...urls, ...urls]) await made.get({}, url);
    expect(made.asked.map(({ url }) => url)).toEqual(urls);
  });
});
