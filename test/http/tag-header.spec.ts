import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { counting, gated, START, settle, URL_1, world } from './helpers.js';

const KEY = `http:${URL_1}`;

describe('the header for tags', () => {
  it.each([
    ['x-tags', 'red wine, white', ['red wine', 'white'], ['red', 'wine']],
    ['surrogate-key', 'red wine, white', ['red', 'wine', 'white'], ['red wine']],
    ['Surrogate-Key', 'red\twine', ['red', 'wine'], ['red\twine']],
  ])('%s: %s has its own separators', async (tagHeader, field, tags, others) => {
    for (const [tag, body] of [...tags.map((t) => [t, '2']), ...others.map((t) => [t, '1'])]) {
      const made = world({ ttl: 60, tagHeader });
      made.origin = counting(() => ({ headers: { [tagHeader]: field } }));
      await made.get();
      await made.cache.invalidateTags([tag ?? '']);
      expect(await (await made.get()).text()).toBe(body);
    }
  });

  it.each(['x-tags', 'cache-tag'])(
    '%s keeps its tags over 304s that do not name them',
    async (tagHeader) => {
      const made = world({ tagHeader, tags: ['ü, 💥'] });
      const fields = { etag: '"1"', 'cache-control': 'max-age=10' };
      made.origin = ({ headers }) =>
        headers.has('if-none-match')
          ? new Response(null, { status: 304, headers: fields })
          : new Response('old', { headers: { ...fields, [tagHeader]: 'a, b' } });
      await made.get();
      for (let i = 0; i < 3; i++) {
        made.clock.advance(11_000);
        const tags = (await made.get()).headers.get(tagHeader);
        expect(tags?.endsWith(',a,b') ?? false).toBe(tagHeader === 'cache-tag');
      }
      expect(made.asked.length).toBe(4);
      made.origin = () => new Response('new', { headers: fields });
      await made.cache.invalidateTags(['b']);
      expect(await (await made.get()).text()).toBe('new');
    },
  );

  it('has the tags of a 304 that names some', async () => {
    const made = world({ tagHeader: 'x-tags' });
    const fields = { etag: '"1"', 'cache-control': 'max-age=10' };
    made.origin = ({ headers }) =>
      headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { ...fields, 'x-tags': 'b' } })
        : new Response('old', { headers: { ...fields, 'x-tags': 'a' } });
    for (let i = 0; i < 3; i++) {
      await made.get();
      made.clock.advance(11_000);
    }
    await made.get();
    made.origin = () => new Response('new', { headers: fields });
    await made.cache.invalidateTags(['a']);
    expect(await (await made.get()).text()).toBe('old');
    await made.cache.invalidateTags(['b']);
    expect(await (await made.get()).text()).toBe('new');
  });

  it('has tags that end a response although it is found by its variant only later', async () => {
    const made = world({ ttl: 60, tagHeader: 'x-tags' });
    const response = (tag: string) => () =>
      new Response(tag, { headers: { vary: 'x-v', 'x-tags': tag } });
    made.origin = response('a');
    await made.get({ 'x-v': '1' });
    // A full store has evicted the index, so that the next response is a first one again.
    await made.store.del(KEY);
    const other = world({ ttl: 60, tagHeader: 'x-tags' }, {}, made);
    other.origin = response('b');
    await other.get({ 'x-v': '2' });
    made.origin = response('new');
    await made.get({ 'x-v': '2' });
    await other.cache.invalidateTags(['b']);
    expect(await (await made.get({ 'x-v': '2' })).text()).toBe('new');
  });

  it('lets requests with credentials store public responses after a load for new tags', async () => {
    const made = world({ tagHeader: 'x-tags' });
    await made.cache.invalidateTags(['a']);
    const headers = { 'cache-control': 'public, max-age=60', 'x-tags': 'a' };
    made.origin = counting(() => ({ headers }));
    await made.get();
    expect(made.asked.length).toBe(2);
    await made.cache.del(KEY);
    const response = await made.get({ cookie: 'a=1' });
    expect(response.headers.get('cache-status')).toContain('stored');
  });

  it.each([
    ['private', { headers: { 'cache-control': 'private' } }],
    ['a failure', { status: 503 }],
    ['too large', {}],
  ])('has new tags that are loaded again, whose response ends if it is %s', async (_name, init) => {
    const made = world({ ttl: 60, tagHeader: 'x-tags', maxBodyBytes: 5 });
    await made.cache.invalidateTags(['a']);
    let isCancelled = false;
    const body = new ReadableStream({
      async pull(controller) {
        await settle();
        controller.enqueue(new Uint8Array(6));
      },
      cancel() {
        isCancelled = true;
      },
    });
    made.origin = () =>
      made.asked.length === 1
        ? new Response('first', { headers: { 'x-tags': 'a' } })
        : new Response(body, init);
    const first = await made.get();
    expect(first.headers.get('cache-status')).not.toContain('stored');
    expect(await first.text()).toBe('first');
    expect([made.asked.length, isCancelled]).toEqual([2, true]);
  });

  it('is shared by requests at the same time', async () => {
    const made = world({ ttl: 60, tagHeader: 'x-tags' });
    const origin = gated(made, (n) => new Response(String(n), { headers: { 'x-tags': 'a' } }));
    const all = [1, 2, 3].map(() => made.send(new Request(URL_1)));
    await settle();
    await origin.open();
    for (const each of all) expect(await (await each).text()).toBe('1');
    expect(made.asked.length).toBe(1);
  });

  it('ends a load under way for all who come after the invalidation of a tag', async () => {
    const made = world({ ttl: 60, tagHeader: 'x-tags' });
    const other = world({ ttl: 60 }, {}, made);
    const origin = gated(made, (n) => new Response(String(n), { headers: { 'x-tags': 'a' } }));
    const first = made.send(new Request(URL_1));
    await settle();
    await other.cache.invalidateTags(['a']);
    const later = made.send(new Request(URL_1));
    await settle();
    await origin.open();
    await origin.open();
    expect(await (await first).text()).toBe('1');
    expect(await (await later).text()).toBe('2');
  });

  it('loses the tags of a response that new ones without tags replace', async () => {
    const made = world({ ttl: 60, tagHeader: 'x-tags' });
    made.origin = () => new Response('1', { headers: { 'x-tags': 'a' } });
    await made.get();
    made.origin = () => new Response('2');
    for (let i = 0; i < 2; i++) {
      made.clock.advance(61_000);
      await made.get();
    }
    await made.cache.invalidateTags(['a']);
    made.origin = () => new Response('3');
    expect(await (await made.get()).text()).toBe('2');
  });

  it('tells other processes of new tags of a URL, so that they load it once', async () => {
    const clock = createVirtualClock(START);
    const shared = { clock, store: new MemoryCacheStore({ clock }) };
    const options = { ttl: 60, tagHeader: 'x-tags' };
    const [made, other] = [world(options, {}, shared), world(options, {}, shared)];
    // The versions of tags that were invalidated are known only to who has read them before the load.
    await made.cache.invalidateTags(['a', 'b']);
    for (const tag of ['a', 'b']) {
      made.origin = () => new Response(tag, { headers: { 'x-tags': tag } });
      await made.get();
      clock.advance(61_000);
    }
    other.origin = made.origin;
    expect((await other.get()).headers.get('cache-status')).toContain('stored');
    expect((await other.get()).headers.get('cache-status')).toContain('hit');
    expect(other.asked.length).toBe(1);
  });
});
