import { MemoryCacheStore } from '@glasswork/cache';
import { expect, it } from 'vitest';
import { checkModel, type ModelOptions } from './check-model.js';
import { schedules, seed, shrinkMs, timeout } from './settings.js';
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
])(`keeps the promise %s (MODEL_SEED=${seed})`, { timeout }, async (_what, usual, tiers) => {
  const found = await checkModel({
    createSubject: tiered(memory, tiers),
    schedules: schedules(usual),
    seed,
    shrinkMs,
    faults: FAULTS,
    gaps: ['joins'],
  });
  expect(found?.report).toBeUndefined();
});
