import { describe, expect, it } from 'vitest';
import { gated, settle, URL_1, world } from './helpers.js';

const PRIVATE = { 'cache-control': 'private' };

describe('a request', () => {
  it('cannot pass the cache by the header of its refreshes, whose value nobody else knows', async () => {
    const made = world({ ttl: 60 });
    await made.get();
    const marked = await made.get({ 'x-glasswork-refresh': 'undefined.1' });
    expect(marked.headers.get('cache-status')).toContain('hit');
    expect(made.asked.length).toBe(1);
  });

  it.each([
    ['no-store', true, 2],
    ['no-store', false, 1],
    ['max-age=60', true, 1],
  ])('with %s, honoured: %s, asks the origin %i times', async (field, honourRequest, times) => {
    const made = world({ ttl: 60, honourRequest });
    made.origin = () => new Response(String(made.asked.length));
    await made.get();
    const own = await made.get({ 'cache-control': field });
    expect(await own.text()).toBe(String(times));
    // A response that was asked for with no-store replaces nothing.
    expect(await (await made.get()).text()).toBe('1');
    expect(made.reasons().includes('no-store')).toBe(times === 2);
  });
});

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
