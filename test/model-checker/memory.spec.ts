import { MemoryCacheStore } from '@glasswork/cache';
import { expect, it } from 'vitest';
import { checkModel } from './check-model.js';
import { schedules, seed, shrinkRuns } from './settings.js';
import { shared } from './subject.js';

it(`keeps the promise on memory (MODEL_SEED=${seed})`, async () => {
  const found = await checkModel({
    createSubject: shared((clock) => new MemoryCacheStore({ clock })),
    schedules: schedules(8_000),
    seed,
    shrinkRuns,
    faults: ['error', 'hang', 'lost-reply', 'replay', 'partial', 'stale', 'evict', 'lost-write'],
  });
  expect(found?.report).toBeUndefined();
});

it(`keeps it where records are evicted all the time (MODEL_SEED=${seed})`, async () => {
  const found = await checkModel({
    createSubject: shared((clock) => new MemoryCacheStore({ clock, maxEntries: 3 })),
    schedules: schedules(3_000),
    seed,
    shrinkRuns,
    faults: ['error', 'lost-reply', 'replay'],
  });
  expect(found?.report).toBeUndefined();
});
