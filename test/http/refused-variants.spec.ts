import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it } from 'vitest';
import { bareStore, watched } from '../cache-service/helpers.js';
import { START, URL_1, world } from './helpers.js';

describe('a response that may not be stored, of a variant that nobody knows', () => {
  it.each([
    ['without leases, because a client can invent header values', false, false, 0],
    ['with leases that the store does not have', true, true, 0],
    ['with leases, so that no process waits for the next one', true, false, 1],
  ])('is noted in the store %s: %#', async (_name, lease, isBare, records) => {
    const clock = createVirtualClock(START);
    const memory = new MemoryCacheStore({ clock });
    const { store, calls } = watched(isBare ? bareStore(memory) : memory);
    const made = world({ ttl: 60, lease }, {}, { clock, store });
    made.origin = () => new Response('body', { headers: { vary: 'x-a' } });
    await made.get({ 'x-a': '1' });
    made.origin = () => new Response('mine', { headers: { 'cache-control': 'private' } });
    calls.length = 0;
    await made.get({ 'x-a': 'invented' });
    const isRecord = (value: unknown) => JSON.stringify(value)?.includes('"private"');
    const written = calls.filter(
      ({ operation, args }) =>
        /^(set|add)/.test(operation) && String(args[0]).includes(URL_1) && args.some(isRecord),
    );
    expect(written.length).toBe(records);
  });

  it('is noted without leases, too, if its variant is known', async () => {
    const clock = createVirtualClock(START);
    const { store, calls } = watched(new MemoryCacheStore({ clock }));
    const made = world({ ttl: 60 }, {}, { clock, store });
    made.origin = () => new Response('body', { headers: { vary: 'x-a' } });
    await made.get({ 'x-a': '1' });
    clock.advance(59_000);
    await made.get({ 'x-a': '2' });
    clock.advance(2_000);
    made.origin = () => new Response('mine', { headers: { 'cache-control': 'private' } });
    calls.length = 0;
    await made.get({ 'x-a': '1' });
    expect(JSON.stringify(calls)).toContain('"private"');
  });
});
