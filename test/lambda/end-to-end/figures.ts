import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, loadavg, platform } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../../bench/statistics.js';
import { clientVersion } from '../../../scripts/runtime-client.js';
import type { LambdaFunction } from '../emulator/lambda-function.js';
import type { Runtime } from '../emulator/runtimes.js';
import { promise } from './events.js';
import type { World } from './world.js';

/** Costs and benefits of the extension on one runtime; medians in milliseconds. */
export interface Figures {
  readonly runtime: string;
  readonly client: string;
  readonly invocations: number;
  /** Invocations whose refresh was in the table when the sandbox slept. */
  readonly refreshed: number;
  /** From the event to the response: with a stale value, and of a handler that reads nothing. */
  readonly staleMs: number;
  readonly uncachedMs: number;
  /** From the event to the freeze, which is what Lambda bills. */
  readonly billedMs: number;
  readonly starts: number;
  /** From the start of the process to the first freeze: with the registration, and what that adds. */
  readonly registeredInitMs: number;
  readonly registrationMs: number;
  /** From the start of the process to the first response, a miss: a part of the registration is work that it needs too. */
  readonly registeredColdMs: number;
  readonly registrationColdMs: number;
}

/** Longer than the handler, so that every refresh has to outlive its response. */
const LOADS_TAKE_MS = [0, 2, 5, 10, 20];

/** Takes turns, so that the load of the machine falls on both. */
export async function measure(
  world: World,
  runtime: Runtime,
  { invocations, starts }: { invocations: number; starts: number },
): Promise<Figures> {
  const env = { ENDPOINT: world.tableEndpoint };
  const cached = world.start(runtime, 'promise', { env });
  const uncached = world.start(runtime, 'uncached');
  const key = randomUUID();
  const samples = { stale: [] as number[], uncached: [] as number[], billed: [] as number[] };
  let refreshed = 0;
  world.origin.value = 'before';
  for (let i = 0; i < 10; i++) {
    await timed(cached, key);
    await timed(uncached, key);
  }
  for (let i = 0; i < invocations; i++) {
    world.origin.delayMs = LOADS_TAKE_MS[i % LOADS_TAKE_MS.length] ?? 0;
    world.origin.value = `${i}`;
    const { answerMs, endMs } = await timed(cached, key);
    if ((await world.stored(key)) === `${i}`) refreshed += 1;
    samples.stale.push(answerMs);
    samples.billed.push(endMs);
    samples.uncached.push((await timed(uncached, key)).answerMs);
    // A value is stale a millisecond after its load.
    await sleep(2);
  }
  world.origin.delayMs = 0;
  const started = await measureStarts(world, runtime, starts);
  return {
    runtime: runtime.name,
    client: clientVersion(runtime.client),
    invocations,
    refreshed,
    staleMs: median(samples.stale),
    uncachedMs: median(samples.uncached),
    billedMs: median(samples.billed),
    starts,
    ...started,
  };
}

/**
 * A registration's cost is the median of the differences between neighbours: the speed of a machine changes from
 * minute to minute by more than that, and hardly from one start to the next.
 */
async function measureStarts(world: World, runtime: Runtime, starts: number) {
  const samples = { init: [] as number[], cold: [] as number[] };
  const added = { init: [] as number[], cold: [] as number[] };
  const env = { ENDPOINT: world.tableEndpoint };
  const start = async (MODE: 'extension' | 'detached') => {
    const lambda = world.start(runtime, 'promise', { env: { ...env, MODE } });
    const invocation = lambda.invoke({ key: randomUUID() });
    const { ms } = await invocation.answered;
    await invocation.ended;
    await lambda.stop();
    const { initMs: init = Number.NaN } = invocation;
    return { init, cold: init + ms };
  };
  for (let i = 0; i < starts; i++) {
    const first = await start(i % 2 === 0 ? 'extension' : 'detached');
    const second = await start(i % 2 === 0 ? 'detached' : 'extension');
    const [extension, detached] = i % 2 === 0 ? [first, second] : [second, first];
    for (const name of ['init', 'cold'] as const) {
      samples[name].push(extension[name]);
      added[name].push(extension[name] - detached[name]);
    }
  }
  return {
    registeredInitMs: median(samples.init),
    registrationMs: median(added.init),
    registeredColdMs: median(samples.cold),
    registrationColdMs: median(added.cold),
  };
}

async function timed(lambda: LambdaFunction, key: string) {
  const { answered, ended } = lambda.invoke({ key });
  const answer = await answered;
  promise.answer(answer);
  return { answerMs: answer.ms, endMs: (await ended).ms };
}

/** One line a runtime. */
export function describeFigures(figures: readonly Figures[]): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return figures
    .map((figure) => {
      const { runtime, client, refreshed, invocations, staleMs, uncachedMs, billedMs } = figure;
      return [
        `${runtime} (aws-lambda-ric ${client})`,
        `  refreshed before the freeze  ${refreshed} of ${invocations}`,
        `  response with a stale value  ${ms(staleMs)}, ${ms(staleMs - uncachedMs)} more than without a cache (goal 5 ms)`,
        `  until the freeze             ${ms(billedMs)}`,
        `  initialisation               ${ms(figure.registeredInitMs)}, of which the registration ${ms(figure.registrationMs)} (goal 10 ms)`,
        `  and the first response       ${ms(figure.registeredColdMs)}, of which the registration ${ms(figure.registrationColdMs)}`,
      ].join('\n');
    })
    .join('\n');
}

/** Keeps the figures with the machine they are from. */
export async function saveFigures(file: string, figures: readonly Figures[]): Promise<void> {
  const machine = {
    node: process.version,
    platform: `${platform()}-${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    loadAverage: loadavg()[0],
  };
  await mkdir(dirname(file), { recursive: true });
  const content = { at: new Date().toISOString(), machine, figures };
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}
