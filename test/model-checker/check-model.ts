import type { Fault } from '@glasswork/cache/testing';
import type { Gap } from './client.js';
import { describeOperation, type Scenario, scenario } from './operations.js';
import { Random } from './random.js';
import { type Outcome, runSchedule } from './schedule.js';
import type { CreateSubject } from './subject.js';

export interface ModelOptions {
  readonly createSubject: CreateSubject;
  readonly schedules: number;
  readonly seed: number;
  readonly faults: readonly Fault['kind'][];
  /** Default none. */
  readonly gaps?: readonly Gap[] | undefined;
  /** The most calls of one schedule. */
  readonly operations?: number;
  /** The most runs in which a counterexample is made smaller: the same on a machine of any speed. */
  readonly shrinkRuns?: number;
}

/** A schedule that breaks the promise, made as small as was cheap. */
export interface Counterexample {
  /** `MODEL_SEED` of this value and `MODEL_SCHEDULES=1` run it again. */
  readonly seed: number;
  /** How many schedules it took to find it. */
  readonly schedules: number;
  readonly violation: string;
  readonly report: string;
}

const TRIES_A_CUT = 40;

/** Runs schedules until one breaks the promise; undefined when none does. */
export async function checkModel(options: ModelOptions): Promise<Counterexample | undefined> {
  const { createSubject, schedules, seed, faults, gaps, operations = 14 } = options;
  for (let i = 0; i < schedules; i++) {
    const own = seed + i;
    const found = scenario(new Random(own), { operations, faults });
    const outcome = await runSchedule(createSubject, found, own, gaps);
    if (outcome.violations.length === 0) continue;
    const smallest = await shrink(options, { scenario: found, seed: own, outcome });
    return {
      seed: own,
      schedules: i + 1,
      violation: smallest.outcome.violations[0] ?? '',
      report: report(own, smallest),
    };
  }
  return undefined;
}

interface Failing {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly outcome: Outcome;
}

/** Leaves out one call after the other, as long as some order of events still breaks the promise. */
async function shrink(
  { createSubject, gaps, shrinkRuns = 1_000 }: ModelOptions,
  failing: Failing,
): Promise<Failing> {
  let left = shrinkRuns;
  let smallest = failing;
  for (let cut = true; cut; ) {
    cut = false;
    for (const smaller of smallerThan(smallest.scenario)) {
      for (let attempt = 0; attempt < TRIES_A_CUT && !cut; attempt++) {
        if (left-- <= 0) return smallest;
        const seed = attempt === 0 ? smallest.seed : failing.seed + attempt * 7_919;
        const outcome = await runSchedule(createSubject, smaller, seed, gaps);
        if (outcome.violations.length === 0) continue;
        smallest = { scenario: smaller, seed, outcome };
        cut = true;
      }
      if (cut) break;
    }
  }
  return shortest({ createSubject, gaps }, smallest, left);
}

function* smallerThan(from: Scenario): Generator<Scenario> {
  const { processes, operations } = from;
  if (from.faultRate > 0) yield { ...from, faultRate: 0, faults: [] };
  if (from.faults.length > 1) {
    for (const kind of from.faults)
      yield { ...from, faults: from.faults.filter((other) => other !== kind) };
  }
  for (const what of ['freezes', 'sleeps'] as const) {
    if (from[what]) yield { ...from, [what]: false };
  }
  for (let i = 0; i < operations.length; i++) {
    yield { ...from, operations: operations.filter((_operation, at) => at !== i) };
  }
  for (let i = 0; i < processes.length; i++) {
    const config = processes[i];
    if (!config) continue;
    if (i === processes.length - 1 && !operations.some(({ process }) => process === i))
      yield { ...from, processes: processes.slice(0, i) };
    if (config.backgroundFill)
      yield { ...from, processes: processes.with(i, { ...config, backgroundFill: false }) };
    for (const name of ['tagTTL', 'versionTTL', 'skewMs'] as const) {
      if (config[name] !== 0)
        yield { ...from, processes: processes.with(i, { ...config, [name]: 0 }) };
    }
  }
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i];
    if (!operation) continue;
    const { load, options } = operation;
    const plainLoad = { outcome: 'value', steps: 1, addTags: [] } as const;
    const { ttl } = options;
    const with_ = (change: Partial<typeof operation>): Scenario => ({
      ...from,
      operations: operations.with(i, { ...operation, ...change }),
    });
    if (JSON.stringify(load) !== JSON.stringify(plainLoad)) yield with_({ load: plainLoad });
    for (const name of Object.keys(options)) {
      if (name === 'ttl') continue;
      const { [name as keyof typeof options]: _left, ...rest } = options;
      yield with_({ options: rest });
    }
    if (ttl !== '1d') yield with_({ options: { ...options, ttl: '1d' } });
    if (operation.tags.length > 0) yield with_({ tags: operation.tags.slice(1) });
  }
}

/** The order with the fewest events, among several of the same calls. */
async function shortest(
  { createSubject, gaps }: Pick<ModelOptions, 'createSubject' | 'gaps'>,
  failing: Failing,
  runs: number,
): Promise<Failing> {
  let best = failing;
  for (let attempt = 0; attempt < Math.min(300, runs); attempt++) {
    const seed = failing.seed + attempt * 104_729;
    const outcome = await runSchedule(createSubject, failing.scenario, seed, gaps);
    if (outcome.violations.length > 0 && outcome.trace.length < best.outcome.trace.length)
      best = { ...failing, seed, outcome };
  }
  return best;
}

function report(seed: number, { scenario: { processes, operations }, outcome }: Failing): string {
  return [
    `The promise is broken: ${outcome.violations[0]}`,
    `Run it again with MODEL_SEED=${seed} MODEL_SCHEDULES=1. At its smallest:`,
    ...processes.map((config, i) => `p${i} ${JSON.stringify(config)}`),
    `${operations.length} calls: ${operations.map(describeOperation).join('; ')}`,
    ...outcome.trace,
  ].join('\n');
}
