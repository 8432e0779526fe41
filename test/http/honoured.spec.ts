import { describe, expect, it } from 'vitest';
import { counting, URL_1, world } from './helpers.js';

async function filled() {
  const made = world({ ttl: 60, honourRequest: true });
  made.origin = counting();
  await made.get();
  return made;
}
const head = (cacheControl: string, url = URL_1) =>
  new Request(url, { method: 'HEAD', headers: { 'cache-control': cacheControl } });

describe('the directives of a request that are honoured', () => {
  it.each([
    ['no-cache', 2],
    ['max-age=9', 2],
    ['max-age=10', 1],
    ['min-fresh=51', 2],
    ['min-fresh=50', 1],
    ['no-store', 2],
    ['only-if-cached', 1],
  ])('are those of HEAD, too: %s', async (cacheControl, asked) => {
    const { send, clock, ...others } = await filled();
    clock.advance(10_000);
    expect((await send(head(cacheControl))).status).toBe(200);
    expect(others.asked.length).toBe(asked);
  });

  it.each<[string, RequestInit, string]>([
    ['HEAD', { method: 'HEAD' }, '/other'],
    ['a range', { headers: { range: 'bytes=0-1' } }, ''],
    ['a condition', { headers: { 'if-match': '"a"' } }, ''],
    ['a cookie', { headers: { cookie: 'a=1' } }, ''],
    ['a long URL', {}, `?${'x'.repeat(9_000)}`],
  ])('forward no request with only-if-cached: %s', async (_name, init, rest) => {
    const { send, asked } = await filled();
    const headers = { ...init.headers, 'cache-control': 'only-if-cached' };
    const response = await send(new Request(URL_1 + rest, { ...init, headers }));
    expect([response.status, asked.length]).toEqual([504, 1]);
  });

  it('forward none whose responses cannot be stored either', async () => {
    const refused = world({ honourRequest: true });
    await refused.get();
    expect((await refused.get({ 'cache-control': 'only-if-cached' })).status).toBe(504);
    expect(refused.asked.length).toBe(1);
  });

  it('leave nothing behind if they are refused', async () => {
    const made = world({ ttl: 60, honourRequest: true });
    expect((await made.get({ 'cache-control': 'only-if-cached' })).status).toBe(504);
    for (let i = 0; i < 2; i++) expect(await (await made.get()).text()).toBe('body');
    expect(made.asked.length).toBe(1);
  });

  it('are others where they are not honoured', async () => {
    const made = world({ ttl: 60 });
    expect((await made.get({ 'cache-control': 'only-if-cached' })).status).toBe(200);
    expect((await made.send(head('no-cache'))).headers.get('cache-status')).toContain('hit');
  });

  it('fail nobody who asks for the same at the same time', async () => {
    const made = world({ ttl: 60, honourRequest: true });
    made.origin = counting();
    const [refused, loaded] = await Promise.all([
      made.send(new Request(URL_1, { headers: { 'cache-control': 'only-if-cached' } })),
      made.send(new Request(URL_1)),
    ]);
    expect([refused.status, await loaded.text()]).toEqual([504, '1']);
  });
});
