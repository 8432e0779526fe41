import { expect, it } from 'vitest';
import { checkModel } from './check-model.js';
import { s3 } from './s3-subject.js';
import { findCounterexample, schedules, seed, shrinkRuns } from './settings.js';

it(`keeps the promise on S3 (MODEL_SEED=${seed})`, async () => {
  const found = await checkModel({
    createSubject: s3(),
    schedules: schedules(500),
    seed,
    shrinkRuns,
    faults: ['error', 'hang', 'lost-reply', 'replay'],
    gaps: ['lateFill'],
  });
  expect(found?.report).toBeUndefined();
});

it('finds a bucket that ignores the conditions of writes', async () => {
  const found = await findCounterexample({
    createSubject: s3((request) => {
      const { 'if-match': _, 'if-none-match': __, ...headers } = request.headers;
      return { ...request, headers };
    }),
    faults: [],
  });
  expect(found?.violation).toMatch(/whose load by p\d began/);
});
