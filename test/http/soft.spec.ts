import { describe, expect, it } from 'vitest';
import { counting, URL_1, type World, world } from './helpers.js';

const isStale = (response: Response) =>
  response.headers.get('cache-control')?.includes('max-age=0') === true;

/** The number in the body, and whether it is served as fresh. */
async function seen(made: World, headers: Record<string, string> = {}) {
  const response = await made.get(headers);
  return { body: await response.text(), isStale: isStale(response) };
}

describe('a soft invalidation', () => {
  it('of a tag that nothing has carried yet makes the response of a running first load stale or unknown', async () => {
    const made = world({ ttl: 60, tagHeader: 'x-tags' });
    const other = world({ ttl: 60, tagHeader: 'x-tags' }, {}, made);
    let answer: (response: Response) => void = () => {};
    made.origin = () => new Promise((resolve) => (answer = resolve));
    const first = made.send(new Request(URL_1));
    await expect.poll(() => made.asked.length, { timeout: 4_000 }).toBe(1);
    await other.cache.expireTags(['data']);
    answer(new Response('old', { headers: { 'x-tags': 'data' } }));
    await (await first).text();
    made.origin = () => new Response('new', { headers: { 'x-tags': 'data' } });
    await made.cache.settled();
    other.origin = made.origin;
    const next = await seen(other);
    expect(next.body === 'new' || next.isStale).toBe(true);
  });

  it('reaches the first response of a URL, although a request finds it by its variant only later', async () => {
    const made = world({ ttl: 60, tags: ['data'] });
    made.origin = counting(() => ({ headers: { vary: 'x-v' } }));
    expect(await seen(made, { 'x-v': '1' })).toEqual({ body: '1', isStale: false });
    await made.cache.expireTags(['data']);
    expect(await seen(made, { 'x-v': '1' })).toEqual({ body: '2', isStale: false });
  });

  it('is none of the first response otherwise: it is found by its variant without a load', async () => {
    const made = world({ ttl: 60, tags: ['data'] });
    made.origin = counting(() => ({ headers: { vary: 'x-v' } }));
    await made.get({ 'x-v': '1' });
    expect(await seen(made, { 'x-v': '1' })).toEqual({ body: '1', isStale: false });
    expect(made.asked.length).toBe(1);
  });
});
