import { beforeEach, describe, expect, it } from 'vitest';
import { URL_1, type World, world } from './helpers.js';

/** A URL with as many variants as it may have, for ten minutes. */
let made: World;
beforeEach(async () => {
  made = world({ ttl: 600, tags: ['t'] });
  made.origin = () => new Response('body', { headers: { vary: 'x-v' } });
  for (let i = 0; i < 64; i++) await made.get({ 'x-v': String(i) });
});

const statusOf = async (v: string) => (await made.get({ 'x-v': v })).headers.get('cache-status');
const indexed = async () =>
  (await made.cache.get<{ variants: unknown[] }>(`http:${URL_1}`))?.variants.length;

describe('a URL with all the variants that it may have', () => {
  it('stores one of them again, and none besides', async () => {
    await made.cache.invalidateTags(['t']);
    expect(await statusOf('7')).toContain('stored');
    expect(await statusOf('other')).toBe('glasswork; fwd=miss');
  });

  it('stores others from the millisecond on in which they end, and forgets them', async () => {
    made.clock.advance(599_999);
    expect(await statusOf('other')).toBe('glasswork; fwd=miss');
    made.clock.advance(1);
    expect(await statusOf('next')).toContain('stored');
    expect(await indexed()).toBe(1);
  });
});
