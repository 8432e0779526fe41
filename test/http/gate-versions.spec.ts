import { CacheService } from '@glasswork/cache';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock, faultyStore } from '@glasswork/cache/testing';
import { expect, it } from 'vitest';
import { gated, START, settle, URL_1, world } from './helpers.js';

const page = (body: string) =>
  new Response(body, { headers: { 'cache-tag': 'red', 'cache-control': 'max-age=60' } });

/** Two processes. The origin of the first and its fills wait until the test lets them go. */
function twoProcesses() {
  const clock = createVirtualClock(START);
  const fills: (() => void)[] = [];
  const waits = { forFills: false };
  const store = faultyStore(new MemoryCacheStore({ clock }), {
    pause: ({ method, keys }, point) => {
      const isFill = method === 'setIfUnchanged' && /^http:.*#$/.test(keys[0] ?? '');
      if (!waits.forFills || !isFill || point !== 'request') return;
      return new Promise((resolve) => fills.push(resolve));
    },
  });
  const made = world({ tagHeader: 'cache-tag' }, { versionTTL: 0 }, { store, clock });
  const other = new CacheService(store, { clock });
  return { made, other, fills, waits };
}

const outcome = async (response: Promise<Response>) => {
  const { headers, text } = await response.then(async (each) => ({
    headers: each.headers,
    text: await each.text(),
  }));
  return `${text}: ${headers.get('cache-control')}`;
};

it('a response does not take over the versions of a later load, which has ended while it was written', async () => {
  const { made, other, fills, waits } = twoProcesses();
  made.origin = () => page('1');
  await made.get();
  made.clock.advance(61_000);
  const origin = gated(made, (n) => page(String(n)));
  const old = made.send(new Request(URL_1));
  await settle();
  await other.invalidateTags(['red']);
  const fresh = made.send(new Request(URL_1));
  await settle();
  waits.forFills = true;
  origin.waiting.shift()?.();
  await settle();
  waits.forFills = false;
  await origin.open();
  expect(fills.length).toBe(1);
  fills[0]?.();
  expect(await outcome(old)).toBe('2: max-age=60, s-maxage=0');
  expect(await outcome(fresh)).toBe('3: max-age=60');
});

it('nor does a request that has joined the first of the two loads', async () => {
  const { made, other, fills, waits } = twoProcesses();
  made.origin = () => page('1');
  // Its tag is known from another URL.
  await made.get({}, `${URL_1}/other`);
  await made.get({}, `${URL_1}/other`);
  const before = made.asked.length;
  const origin = gated(made, (n) => page(`load ${n - before}`));
  const first = made.send(new Request(URL_1));
  await settle();
  await other.invalidateTags(['red']);
  const joined = made.send(new Request(URL_1));
  await settle();
  expect(origin.waiting.length).toBe(1);
  waits.forFills = true;
  origin.waiting.shift()?.();
  await settle();
  waits.forFills = false;
  const fresh = made.send(new Request(URL_1));
  await settle();
  expect(origin.waiting.length).toBe(1);
  await origin.open();
  fills[0]?.();
  await settle();
  await origin.open();
  expect(await outcome(first)).toBe('load 1: max-age=60, s-maxage=0');
  expect(await outcome(fresh)).toBe('load 2: max-age=60');
  expect(await outcome(joined)).toBe('load 3: max-age=60, s-maxage=0');
});
