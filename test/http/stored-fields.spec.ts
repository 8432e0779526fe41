import { describe, expect, it } from 'vitest';
import { at, URL_1, world } from './helpers.js';

/** The answer of the origin as a client gets it from the cache. */
async function hitOf(answer: () => Response) {
  const made = world({ ttl: 60 });
  made.origin = answer;
  await made.get();
  made.clock.advance(5_000);
  const hit = await made.get();
  expect(hit.headers.get('cache-status')).toContain('hit');
  expect(made.asked.length).toBe(1);
  return hit;
}

describe('a stored response', () => {
  it('keeps the ETag of the origin, and no other beside it', async () => {
    const hit = await hitOf(() => new Response('body', { headers: { etag: '"mine"' } }));
    expect(hit.headers.get('etag')).toBe('"mine"');
  });

  it('keeps fields that are named like members of every object', async () => {
    const fields = new Headers([
      ['constructor', 'a'],
      ['tostring', 'b'],
    ]);
    const hit = await hitOf(() => new Response('body', { headers: fields }));
    expect([...fields].map(([name]) => hit.headers.get(name))).toEqual(['a', 'b']);
  });

  it('has only those members that say something', async () => {
    const membersOf = async (headers: Record<string, string>, tags: string[] = []) => {
      const made = world({ ttl: 60, tags });
      made.origin = () => new Response('body', { headers });
      await made.get({ 'x-a': '1' });
      const entry = await made.store.get<{ value: object }>(`http:${URL_1}#`);
      return Object.keys(entry?.value ?? {});
    };
    const always = ['kind', 'key', 'status', 'headers', 'receivedMs', 'freshMs', 'text'];
    expect(await membersOf({})).toEqual(always);
    const control = 'public, max-age=60, stale-while-revalidate=5, stale-if-error=9';
    const some = await membersOf({ 'cache-control': control, age: '3' }, ['t']);
    const more = ['tags', 'isPublic', 'isExplicit', 'ageMs', 'staleMs', 'errorMs'];
    expect(some.toSorted()).toEqual([...always, ...more].toSorted());
  });

  it('keeps a field of two lines as one', async () => {
    const headers: [string, string][] = [
      ['link', '</a>'],
      ['link', '</b>'],
    ];
    const hit = await hitOf(() => new Response('body', { headers }));
    expect(hit.headers.get('link')).toBe('</a>, </b>');
  });

  it('gets an ETag only if it can be asked for with one', async () => {
    expect((await hitOf(() => new Response('body'))).headers.get('etag')).toMatch(/^"[\w-]{43}"$/);
    const missing = () => new Response('none', { status: 404 });
    expect((await hitOf(missing)).headers.get('etag')).toBeNull();
  });

  it('keeps its Date, and gets that of its arrival if it has none', async () => {
    const dated = await hitOf(() => new Response('body', { headers: { date: at(-3) } }));
    expect(dated.headers.get('date')).toBe(at(-3));
    expect((await hitOf(() => new Response('body'))).headers.get('date')).toBe(at(0));
  });

  it.each([
    ['text', 'größer', 'text'],
    ['text that is 16 characters longer as JSON', '"'.repeat(21), 'text'],
    ['text that is longer as JSON', '\0'.repeat(100), 'base64'],
    ['bytes', new Uint8Array([255, 254]), 'base64'],
  ] as const)('holds %s in its shorter form', async (_name, body, form) => {
    const made = world({ ttl: 60 });
    made.origin = () => new Response(body);
    await made.get();
    const entry = await made.store.get<{ value: object }>(`http:${URL_1}#`);
    const forms = Object.keys(entry?.value ?? {}).filter((name) => /^(text|base64)$/.test(name));
    expect(forms).toEqual([form]);
  });

  it('of text without a type has none as a hit either', async () => {
    const hit = await hitOf(() => new Response(Buffer.from('text')));
    expect([await hit.text(), hit.headers.has('content-type')]).toEqual(['text', false]);
  });

  it.each([200, 204])('of status %i without a body has none as a hit either', async (status) => {
    const hit = await hitOf(() => new Response(null, { status }));
    expect([hit.status, hit.body, hit.headers.get('content-length')]).toEqual([status, null, null]);
  });
});
