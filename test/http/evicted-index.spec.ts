import { responseKey } from '@glasswork/cache/http';
import { describe, expect, it } from 'vitest';
import { counting, URL_1, type World, world } from './helpers.js';

const KEY = responseKey(new Request(URL_1)) ?? '';

/** A process that knows nothing of the URL, whose index a full store has evicted after two variants were stored. */
async function afterEviction(): Promise<World> {
  const first = world({ ttl: 600 });
  first.origin = counting((n) => ({ headers: { vary: 'x-v', 'x-n': String(n) } }));
  for (const v of ['a', 'b', 'a']) await first.get({ 'x-v': v });
  await first.store.del(KEY);
  await first.store.del(`${KEY}#`);
  const second = world({ ttl: 600 }, {}, first);
  second.origin = () => new Response('new', { headers: { vary: 'x-v' } });
  return second;
}

describe('the variants of a URL whose index was evicted', () => {
  it.each(['POST', 'DELETE'])('end with a %s of the URL', async (method) => {
    const made = await afterEviction();
    await made.send(new Request(URL_1, { method }));
    await made.cache.settled();
    for (const v of ['a', 'b', 'a', 'b'])
      expect(await (await made.get({ 'x-v': v })).text()).toBe('new');
  });

  it('end with del of its key', async () => {
    const made = await afterEviction();
    await made.cache.del(KEY);
    for (const v of ['a', 'b', 'a', 'b'])
      expect(await (await made.get({ 'x-v': v })).text()).toBe('new');
  });

  it('are stale after expire of its key', async () => {
    const made = await afterEviction();
    await made.cache.expire(KEY);
    for (const v of ['a', 'b', 'a', 'b']) {
      const response = await made.get({ 'x-v': v });
      const isStale = /max-age=0/.test(response.headers.get('cache-control') ?? '');
      expect(isStale || (await response.text()) === 'new').toBe(true);
    }
  });

  it('are found again once another response has told by which headers the URL varies', async () => {
    const made = await afterEviction();
    const bodies: string[] = [];
    for (const v of ['c', 'a', 'b']) bodies.push(await (await made.get({ 'x-v': v })).text());
    expect(bodies[0]).toBe('new');
    expect(new Set(bodies.slice(1))).not.toContain('new');
  });
});

it('the index of a URL outlives a variant of a year', async () => {
  const made = world();
  made.origin = () =>
    new Response('old', { headers: { vary: 'x-v', 'cache-control': 'max-age=31536000' } });
  for (const v of ['a', 'b']) await made.get({ 'x-v': v });
  made.clock.advance(364 * 86_400_000);
  expect((await made.get({ 'x-v': 'b' })).headers.get('cache-status')).toMatch('hit');
  expect(await made.cache.get(KEY)).toMatchObject({ kind: 'index', names: ['x-v'] });
});
