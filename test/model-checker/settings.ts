import { type Counterexample, checkModel, type ModelOptions } from './check-model.js';

/**
 * Run one schedule again with the `MODEL_SEED` that its report names and `MODEL_SCHEDULES=1`; with many schedules and
 * no seed it is a soak. `MODEL_SHRINK_RUNS`: how many runs a counterexample is made smaller with, at most.
 */
/** A change must not be refused for a schedule that it has nothing to do with: there the seed is the same every time. */
const usualSeed = process.env.CI ? 300_000 : Date.now() % 1_000_000_000;
export const seed = Number(process.env.MODEL_SEED ?? usualSeed);

export const shrinkRuns = Number(process.env.MODEL_SHRINK_RUNS ?? 1_000);

export const schedules = (usual: number): number => Number(process.env.MODEL_SCHEDULES ?? usual);

/** Where a counterexample is expected: the seed is fixed, and another one may only find it later. */
export const findCounterexample = (
  options: Omit<ModelOptions, 'schedules' | 'seed'>,
): Promise<Counterexample | undefined> =>
  checkModel({ ...options, schedules: 8_000, seed: 300_000, shrinkRuns: 0 });
