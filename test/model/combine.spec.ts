import { type CacheEvent, type CacheListener, combine } from '@glasswork/cache';
import { expect, it } from 'vitest';

const hit: CacheEvent = { type: 'hit', key: 'k', state: 'fresh', ageMs: 1 };
const call: CacheEvent = {
  type: 'store',
  store: 'memory',
  operation: 'get',
  key: 'k',
  durationMs: 1,
  failure: undefined,
  bytesRead: 0,
  bytesWritten: 0,
};

it('gives each listener every event, in order, whatever the others throw or reject', async () => {
  const seen: string[] = [];
  const listener = combine(
    () => void seen.push('first'),
    () => {
      throw new Error('no');
    },
    async () => {
      throw new Error('no');
    },
    () => void seen.push('last'),
  );
  listener(hit);
  listener(hit);
  // An unhandled rejection would fail the run.
  await new Promise(setImmediate);
  expect(seen).toEqual(['first', 'last', 'first', 'last']);
});

it('asks for calls to the store if one of them does, and gives them to those alone', () => {
  const seen: string[] = [];
  const plain: CacheListener = ({ type }) => void seen.push(`plain ${type}`);
  const asking = Object.assign(((event) => void seen.push(event.type)) satisfies CacheListener, {
    storeCalls: true,
  });
  expect(combine(plain).storeCalls).toBe(false);
  const listener = combine(plain, asking);
  expect(listener.storeCalls).toBe(true);
  listener(call);
  listener(hit);
  expect(seen).toEqual(['store', 'plain hit', 'hit']);
});
