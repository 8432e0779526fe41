import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { judgedRuntimes, type Runtime } from '../emulator/runtimes.js';
import { describeOnLambda } from '../suite.js';
import { describeFigures, type Figures, measure, saveFigures } from './figures.js';
import { World } from './world.js';

/** Keeps the figures in this file; any other run keeps them, too, but for itself. */
const file = process.env.LAMBDA_FIGURES ?? 'bench/results/lambda.tmp.json';
/** Starts differ by more than a registration takes: the median of a third as many was off by three milliseconds. */
const starts = 101;

const figures: Figures[] = [];

describeOnLambda('Of 200 invocations', suite, judgedRuntimes);

function suite(runtime: Runtime): void {
  let world: World;
  beforeAll(async () => {
    world = await World.start(['promise', 'uncached']);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  it('every one has its refresh in the table before the freeze', async () => {
    const measured = await measure(world, runtime, { invocations: 200, starts });
    figures.push(measured);
    expect(measured.refreshed).toBe(200);
  });
}

// Told, not asserted: on a machine that does other things as well, times say nothing.
afterAll(async () => {
  console.log(describeFigures(figures));
  await saveFigures(file, figures);
});
