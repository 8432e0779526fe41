import { describe } from 'vitest';
import { describeRuntime, type Runtime, runtimeProblem, runtimes } from './emulator/runtimes.js';

/**
 * One suite for each runtime of Lambda. Where this machine cannot run one, its suite is skipped and the title says why; in CI
 * that fails the run.
 */
export function describeOnLambda(
  title: string,
  suite: (runtime: Runtime) => void,
  on: readonly Runtime[] = runtimes,
): void {
  for (const runtime of on) {
    const name = `${title} on ${describeRuntime(runtime)}`;
    const problem = runtimeProblem(runtime);
    if (problem === undefined) {
      describe(name, () => suite(runtime));
    } else if (process.env.CI) {
      throw new Error(`${name}: ${problem}`);
    } else {
      describe.skip(`${name} (skipped: ${problem})`, () => suite(runtime));
    }
  }
}
