import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { storeLike } from '../cache-service/helpers.js';
import { START, world } from './helpers.js';

/** Two processes over one store, the second of which has served the response, and so remembers its versions. */
async function twoProcesses(isLocal: boolean, tagTTL: '0s' | '1h') {
  const clock = createVirtualClock(START);
  const memory = new MemoryCacheStore({ clock });
  const store = isLocal ? memory : storeLike(memory, { getIfPresent: undefined });
  const options = { ttl: '1h', tagHeader: 'cache-tag', tags: ['all'] } as const;
  const make = () => world(options, { versionTTL: '5s', tagTTL }, { store, clock });
  const [first, second] = [make(), make()];
  first.origin = () => new Response('old');
  await first.get();
  const hit = await second.get();
  expect(hit.headers.get('cache-status')).toContain('hit');
  expect(hit.headers.get('cache-control')).toBe('s-maxage=3600');
  clock.advance(1_000);
  return { first, second };
}

describe.each([
  ['a store in this process', true],
  ['a remote store', false],
])('versions of %s that a process remembers', (_, isLocal) => {
  it('do not keep a response at an edge that was purged by `clear` meanwhile', async () => {
    const { first, second } = await twoProcesses(isLocal, '0s');
    await first.cache.clear();
    second.origin = () => new Response('new');
    const response = await second.get();
    const isOld = (await response.text()) === 'old';
    const control = response.headers.get('cache-control');
    expect(control).toBe(isOld ? 's-maxage=0' : 's-maxage=3600');
  });

  it('do not keep a response at an edge whose tag was invalidated meanwhile', async () => {
    const { first, second } = await twoProcesses(isLocal, '1h');
    await first.cache.invalidateTags(['all']);
    second.origin = () => new Response('new');
    const response = await second.get();
    const isOld = (await response.text()) === 'old';
    const control = response.headers.get('cache-control');
    expect(control).toBe(isOld ? 's-maxage=0' : 's-maxage=3600');
  });

  it('let a response of one process be kept at the edge for the rest of its time', async () => {
    const { second } = await twoProcesses(isLocal, '1h');
    expect((await second.get()).headers.get('cache-control')).toBe('s-maxage=3599');
  });

  it('count for the first hit of a process that does not know the tags of the response', async () => {
    const clock = createVirtualClock(START);
    const memory = new MemoryCacheStore({ clock });
    const store = isLocal ? memory : storeLike(memory, { getIfPresent: undefined });
    const make = () => world({ ttl: '1h', tagHeader: 'cache-tag' }, {}, { store, clock });
    const [first, second] = [make(), make()];
    first.origin = () => new Response('old', { headers: { 'cache-tag': 'red' } });
    await first.get();
    const hit = await second.get();
    expect(hit.headers.get('cache-status')).toContain('hit');
    expect(hit.headers.get('cache-control')).toBe('s-maxage=3600');
  });

  it('let the answer to HEAD be kept by no edge', async () => {
    const { second } = await twoProcesses(isLocal, '1h');
    const request = new Request('https://example.com/a', { method: 'HEAD' });
    const { headers } = await second.send(request);
    expect(headers.get('cache-status')).toContain('hit');
    expect(headers.get('cache-control')).toBe('s-maxage=0');
  });
});

it('a stale response waits for no versions, because no edge keeps it anyway', async () => {
  const clock = createVirtualClock(START);
  const memory = new MemoryCacheStore({ clock });
  let isHung = false;
  const store = storeLike(memory, {
    getIfPresent: undefined,
    getVersioned: (key: string) =>
      isHung && key.startsWith('#') ? new Promise<never>(() => {}) : memory.getVersioned(key),
    get: (key: string) =>
      isHung && key.startsWith('#') ? new Promise<never>(() => {}) : memory.get(key),
  });
  const options = { ttl: '1h', staleTTL: '30m', tagHeader: 'cache-tag' } as const;
  const made = world(options, { versionTTL: '1h', tagTTL: '1h' }, { store, clock });
  await made.get();
  clock.advance(31 * 60_000);
  isHung = true;
  const response = await made.send(new Request('https://example.com/a'));
  expect(response.headers.get('cache-status')).toContain('hit; ttl=-60');
  // Otherwise the time limit of the store has ended the wait.
  expect(made.events.filter(({ type }) => type === 'store-error')).toEqual([]);
});
