import type { ResponseCacheOptions } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { START, type World, world } from './helpers.js';

/** The key names the user, as the documentation says. */
const key = (request: Request) => {
  const user = request.headers.get('x-user');
  return user === null ? undefined : `${user} ${new URL(request.url).pathname}`;
};
const tags = ({ headers }: Request) => [`user:${headers.get('x-user')}`];

/** An origin that greets the user, and anybody else as a stranger. */
function greeting(
  options: ResponseCacheOptions,
  init: ResponseInit = {},
  shared?: Pick<World, 'clock' | 'store'>,
): World {
  const made = world({ ttl: 60, key, ...options }, {}, shared);
  made.origin = ({ headers }) =>
    new Response(`${headers.get('x-user') ?? 'stranger'} ${made.asked.length}`, init);
  return made;
}

const askAsAda = async (made: World, times: number) => {
  const bodies: string[] = [];
  for (let i = 0; i < times; i++) bodies.push(await (await made.get({ 'x-user': 'ada' })).text());
  return bodies;
};

describe("one user's response", () => {
  it('is loaded with the request of its user when it is stale', async () => {
    const made = greeting({ staleTTL: 10, tags });
    await askAsAda(made, 1);
    made.clock.advance(11_000);
    expect(await askAsAda(made, 2)).toEqual(['ada 2', 'ada 2']);
    await made.cache.invalidateTags(['user:ada']);
    expect(await askAsAda(made, 1)).toEqual(['ada 3']);
  });

  it('is loaded with the request of its user when it was expired softly', async () => {
    const made = greeting({ tags });
    await askAsAda(made, 1);
    await made.cache.expireTags(['user:ada']);
    expect(await askAsAda(made, 2)).toEqual(['ada 2', 'ada 2']);
  });

  it('is loaded with the request of its user when its tags were new', async () => {
    const made = greeting({ tagHeader: 'x-tags' }, { headers: { 'x-tags': 't' } });
    await made.cache.invalidateTags(['t']);
    expect(await askAsAda(made, 3)).toEqual(['ada 1', 'ada 2', 'ada 2']);
  });

  it('is not refreshed early', async () => {
    const made = greeting({ earlyRefresh: Number.MAX_VALUE });
    const { origin } = made;
    made.origin = (request) => {
      made.clock.advance(1);
      return origin(request);
    };
    expect(await askAsAda(made, 3)).toEqual(['ada 1', 'ada 1', 'ada 1']);
  });

  it('replaces a failed one', async () => {
    const made = greeting({ staleTTL: 10, staleIfError: 600 });
    await askAsAda(made, 1);
    made.clock.advance(11_000);
    made.origin = () => new Response('failed', { status: 500 });
    expect(await askAsAda(made, 1)).toEqual(['ada 1']);
  });
});

it("the note that requests pass is replaced by its user's response when it was expired softly", async () => {
  const clock = createVirtualClock(START);
  const shared = { clock, store: new MemoryCacheStore({ clock }) };
  const [one, other] = [1, 2].map(() => greeting({ tags: ['page'] }, {}, shared));
  if (!one || !other) throw new Error('two processes');
  one.origin = () => new Response('own', { headers: { 'cache-control': 'no-store' } });
  await askAsAda(one, 1);
  await one.cache.expireTags(['page']);
  expect(await askAsAda(other, 2)).toEqual(['ada 1', 'ada 1']);
  expect(other.asked).toHaveLength(1);
});

describe('a stale response is refreshed after the response', () => {
  it('if it varies by the field that names the user', async () => {
    const made = greeting({ staleTTL: 10, tags }, { headers: { vary: 'x-user' } });
    // Twice, because the first response of a URL is stored before it is known by what it varies.
    await askAsAda(made, 2);
    made.clock.advance(11_000);
    expect(await askAsAda(made, 2)).toEqual(['ada 2', 'ada 3']);
    await made.cache.invalidateTags(['user:ada']);
    expect(await askAsAda(made, 1)).toEqual(['ada 4']);
  });

  it('if its key is made of the URL alone', async () => {
    const made = greeting({ staleTTL: 10, key: ({ url }) => url });
    await askAsAda(made, 1);
    made.clock.advance(11_000);
    expect(await askAsAda(made, 2)).toEqual(['ada 1', 'stranger 2']);
  });
});
