import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Document, parseEmf } from '../../metrics/emf-schema.js';
import type { LambdaFunction } from '../emulator/lambda-function.js';
import { describeOnLambda } from '../suite.js';
import { World } from './world.js';

/** Each line of metrics that the function has printed, checked, in its order. */
const documents = (lambda: LambdaFunction): Document[] =>
  lambda.lines.filter((line) => line.includes('CloudWatchMetrics')).map(parseEmf);

describeOnLambda('The metrics of a function', (runtime) => {
  let world: World;

  beforeAll(async () => {
    world = await World.start(['metrics']);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  it.each(['extension', 'await'])(
    'are one line an invocation, with the work after the response, in mode %s',
    async (MODE) => {
      const lambda = world.start(runtime, 'metrics', { env: { MODE } });
      const key = randomUUID();
      const before = Date.now();
      for (const value of ['one', 'two', 'three']) {
        world.origin.value = value;
        await lambda.invokeAndFreeze({ key });
      }
      const [first, second, third, ...more] = documents(lambda);
      expect(more).toEqual([]);
      expect(first).toMatchObject({ Misses: 1, 'Misses.absent': 1, Loads: 1, Fills: 1 });
      expect(first).not.toHaveProperty('Hits');
      // The refresh runs after the response, and belongs to the invocation that has started it.
      const refreshed = { Hits: 1, StaleHits: 1, Refreshes: 1, Loads: 1, Fills: 1 };
      expect(second).toMatchObject(refreshed);
      expect(third).toMatchObject(refreshed);
      for (const line of [first, second, third]) {
        expect(line?.FunctionName).toBe(first?.FunctionName);
        expect(line?.BytesWritten).toBeGreaterThan(0);
        expect(line?.StoreTime).toHaveLength(Number(line?.StoreCalls));
      }
      const times = [first, second, third].map((line) => line?._aws.Timestamp ?? 0);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(before);
    },
  );

  it('wait for a load that ends long after the response', async () => {
    const lambda = world.start(runtime, 'metrics');
    const key = randomUUID();
    await lambda.invokeAndFreeze({ key });
    const { requests } = world.origin;
    const release = world.origin.hold();
    const { answered, ended } = lambda.invoke({ key });
    await answered;
    await world.origin.asked(requests + 1);
    expect(documents(lambda)).toHaveLength(1);
    release();
    await ended;
    expect(documents(lambda).at(-1)).toMatchObject({ StaleHits: 1, Loads: 1, Fills: 1 });
    expect(documents(lambda)).toHaveLength(2);
  });
});
