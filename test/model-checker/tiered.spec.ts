import { type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { faultyStore } from '@glasswork/cache/testing';
import { expect, it } from 'vitest';
import { checkModel, type ModelOptions } from './check-model.js';
import { findCounterexample, schedules, seed, shrinkRuns } from './settings.js';
import { tiered } from './tiered-subject.js';

type Last = Parameters<typeof tiered>[0];
const memory: Last = (clock) => new MemoryCacheStore({ clock });

const FAULTS: ModelOptions['faults'] = [
  ...(['error', 'hang', 'lost-reply', 'replay', 'partial'] as const),
  ...(['stale', 'evict', 'lost-write'] as const),
];

it.each([
  ['where each process has a tier of its own', 5_000, { own: 100 }],
  ['where the tiers of all processes are full', 2_000, { own: 2 }],
  ['where all processes share the first tier', 2_000, { middle: true }],
  ['over three tiers', 2_000, { own: 100, middle: true }],
])(`keeps the promise %s (MODEL_SEED=${seed})`, async (_what, usual, tiers) => {
  const found = await checkModel({
    createSubject: tiered(memory, tiers),
    schedules: schedules(usual),
    seed,
    shrinkRuns,
    faults: FAULTS,
  });
  expect(found?.report).toBeUndefined();
});

it(`keeps the promise where processes tell each other (MODEL_SEED=${seed})`, async () => {
  const found = await checkModel({
    createSubject: tiered(memory, { own: 100, channel: true }),
    // Many calls: a process must have read, be told, and read again.
    operations: 60,
    schedules: schedules(2_000),
    seed,
    shrinkRuns,
    // A value from a lagging read is copied for as long as it lives.
    faults: FAULTS.filter((kind) => kind !== 'stale'),
  });
  expect(found?.report).toBeUndefined();
});

/** Takes every copy, whatever was invalidated since the look before it. */
const unfenced = (inner: CacheStore): CacheStore => ({
  ...faultyStore(inner),
  async setIfUnchanged(key, value, ttl) {
    await inner.set(key, value, ttl);
    return true;
  },
});

/** Keeps copies for as long as the value lives. */
const unlimited = (inner: CacheStore): CacheStore => ({
  ...faultyStore(inner),
  setIfUnchanged: async (key, value, _ttl, version) =>
    inner.setIfUnchanged?.(key, value, 86_400, version) ?? false,
});

it.each([
  ['that lands after an invalidation', { own: 100, wrap: unfenced }],
  ['that is kept for too long', { own: 100, wrap: unlimited }],
  ['that a message should have ended', { own: 100, channel: 'deaf' as const }],
])('finds a copy %s', async (_what, tiers) => {
  const createSubject = tiered(memory, tiers);
  const found = await findCounterexample({
    createSubject,
    operations: 60,
    faults: [],
  });
  expect(found?.violation).toMatch(/whose (load|set) by p\d began/);
});
