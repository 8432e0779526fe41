import { describe, expect, it } from 'vitest';
import { gated, settle, URL_1, world } from './helpers.js';

const PRIVATE = { 'cache-control': 'private' };

describe('a response that passes', () => {
  it.each([
    ['a 304', 304, { 'if-none-match': '"1"' }],
    ['a 500', 500, {}],
    ['a 503', 503, {}],
    ['that of a user', 200, { cookie: 'user=1' }],
  ])(
    'as %s says nothing about the next one, which is waited for again',
    async (_name, status, asking) => {
      const made = world({ ttl: 60 });
      made.origin = () => new Response('mine', { headers: PRIVATE });
      await made.get();
      made.clock.advance(6_000);
      made.origin = () => new Response(null, { status, headers: PRIVATE });
      expect((await made.get(asking)).status).toBe(status);
      // Ten seconds after the first response, but not after the second one.
      made.clock.advance(5_000);
      const origin = gated(made, () => new Response('all'));
      const all = Array.from({ length: 3 }, () => made.send(new Request(URL_1)));
      await settle();
      expect(origin.waiting.length).toBe(1);
      await origin.open();
      for (const each of all) expect(await (await each).text()).toBe('all');
    },
  );

  it('tells an edge its tags, which may still have it', async () => {
    const made = world({ ttl: 60, tagHeader: 'cache-tag', tags: () => ['own'] });
    made.origin = () => new Response('mine', { headers: { ...PRIVATE, 'cache-tag': 'product:1' } });
    const tags = (await made.get()).headers.get('cache-tag')?.split(',');
    expect(tags).toEqual(expect.arrayContaining(['own', 'product:1']));
  });

  it('is shown to the function for tags only if an edge reads them', async () => {
    const shown: string[] = [];
    const tags = (_request: Request, response: Response) => {
      shown.push(response.headers.get('cache-control') ?? '');
      return ['own'];
    };
    for (const tagHeader of ['x-tags', 'cache-tag']) {
      const made = world({ ttl: 60, tagHeader, tags });
      made.origin = () => new Response('mine', { headers: PRIVATE });
      await made.get();
      expect(shown).toEqual(tagHeader === 'x-tags' ? [] : ['private']);
    }
  });
});
