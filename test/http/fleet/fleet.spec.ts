import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { startDynalite } from '../../servers/dynalite.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { createCacheTable } from '../../servers/table.js';
import { startFleet, startOrigin } from './fleet.js';

const dynalite = await startDynalite();
const tableName = await createCacheTable(dynalite.endpoint);
afterAll(() => dynalite.stop());

describe('cold processes over DynamoDB', () => {
  describeFleet(() => ['dynamodb', dynalite.endpoint, tableName]);
});

describeWithRedis('cold processes over Redis', (url) => {
  describeFleet(() => ['redis', url, randomUUID()]);
});

/**
 * So long that twelve busy processes cannot be mistaken for some that wait for each other, and so short that the lease
 * of three seconds outlives it.
 */
const ORIGIN_MS = 2_000;

/** The processes take leases: `lease: true`. */
function describeFleet(place: () => string[]): void {
  it('make one origin call for 50 requests at once, of 50 processes', async () => {
    const origin = await startOrigin(1_500);
    const fleet = await startFleet(50, [...place(), origin.url]);
    const replies = await fleet.send(`/${randomUUID()}`);
    expect(replies.map(({ body }) => body)).toEqual(Array(50).fill('answer 1'));
    expect(origin.asked.length).toBe(1);
  });

  it('share no response that may not be stored, and after the first one wait for nobody', async () => {
    const origin = await startOrigin(ORIGIN_MS, { 'cache-control': 'private' });
    const fleet = await startFleet(12, [...place(), origin.url]);
    const path = `/${randomUUID()}`;
    const cold = await fleet.send(path, 50);
    expect(new Set(cold.map(({ body }) => body)).size).toBe(50);
    // One answer tells all of them, and then nobody waits until another one has its answer.
    const [first = 0, ...others] = origin.asked;
    const since = others.map((ms) => ms - first);
    expect(Math.min(...since)).toBeGreaterThanOrEqual(ORIGIN_MS);
    expect(Math.max(...since) - Math.min(...since)).toBeLessThan(ORIGIN_MS);
    // From now on all of them know.
    origin.asked.length = 0;
    const again = await fleet.send(path, 50);
    expect(new Set(again.map(({ body }) => body)).size).toBe(50);
    expect(Math.max(...origin.asked) - Math.min(...origin.asked)).toBeLessThan(ORIGIN_MS);
  });
}
