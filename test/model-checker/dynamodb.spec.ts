import { MemoryCacheStore } from '@glasswork/cache';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { checkModel } from './check-model.js';
import { dynamoDB } from './dynamodb-subject.js';
import { schedules, seed, shrinkRuns } from './settings.js';
import { shared } from './subject.js';

let server: Dynalite;
beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

it(`keeps the promise on DynamoDB (MODEL_SEED=${seed})`, async () => {
  const found = await checkModel({
    createSubject: dynamoDB(server.endpoint),
    schedules: schedules(400),
    seed,
    shrinkRuns,
    faults: ['error', 'hang', 'lost-reply', 'replay', 'partial', 'stale'],
    gaps: ['lateFill'],
  });
  expect(found?.report).toBeUndefined();
});

it(`keeps the promise on DynamoDB with an overflow store (MODEL_SEED=${seed})`, async () => {
  const inMemory = shared((clock) => new MemoryCacheStore({ clock }));
  const found = await checkModel({
    createSubject: dynamoDB(server.endpoint, inMemory),
    schedules: schedules(100),
    seed,
    shrinkRuns,
    faults: ['error', 'hang', 'lost-reply', 'replay', 'partial', 'stale', 'evict'],
    gaps: ['lateFill'],
  });
  expect(found?.report).toBeUndefined();
});
