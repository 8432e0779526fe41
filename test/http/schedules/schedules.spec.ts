import { describe, expect, it } from 'vitest';
import { schedules, seed } from '../../model-checker/settings.js';
import { runSchedule } from './schedule.js';

/** `MODEL_SCHEDULES=10000` for the whole figure, `MODEL_SEED` with `MODEL_SCHEDULES=1` for one schedule. */
const COUNT = schedules(500);

describe('random schedules of two processes', () => {
  it(`never serve an old response, nor one of another URL, variant or user (seed ${seed})`, async () => {
    for (let i = 0; i < COUNT; i++) {
      const problems = await runSchedule(seed + i);
      expect({ seed: seed + i, problems }).toEqual({ seed: seed + i, problems: [] });
    }
  });
});
