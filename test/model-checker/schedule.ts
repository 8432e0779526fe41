import { CacheService } from '@glasswork/cache';
import { noteEvent } from './call-events.js';
import { type Client, call, type Gap } from './client.js';
import { Gates } from './gates.js';
import { describeOperation, type Scenario } from './operations.js';
import { Oracle } from './oracle.js';
import { Random } from './random.js';
import { auditor, type CreateSubject, LAG_MS, type Subject, type World } from './subject.js';
import { VirtualTime } from './virtual-time.js';

export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
}

/** A schedule that has not ended by then never does. */
const MOST_STEPS = 100_000;

/** When everything goes well again, nothing may take longer than so many steps to end. */
const MOST_CLOSING_STEPS = 300;

/** Runs one scenario; `seed` decides who goes on when, and what goes wrong. */
export async function runSchedule(
  createSubject: CreateSubject,
  scenario: Scenario,
  seed: number,
  gaps: readonly Gap[] = [],
): Promise<Outcome> {
  const random = new Random(seed);
  const time = new VirtualTime();
  const trace: string[] = [];
  const log = (line: string) => void trace.push(line);
  const oracle = new Oracle();
  const gates = new Gates(random, log);
  let over = false;
  const faultRate = () => (over ? 0 : scenario.faultRate);
  const world: World = {
    random,
    gates,
    oracle,
    time,
    faultRate,
    faults: scenario.faults,
    gaps,
    log,
  };
  const rejected = (reason: unknown) => oracle.fail(`unhandled rejection: ${reason}`);
  process.on('unhandledRejection', rejected);
  const subject = await createSubject(world);
  const uninstall = time.install(() => random.next());
  try {
    const run = new Run(world, scenario, subject);
    await run.main();
    over = true;
    await run.close();
  } finally {
    uninstall();
    process.off('unhandledRejection', rejected);
    await subject.close?.();
  }
  return { violations: oracle.violations, trace };
}

class Run {
  readonly #world: World;
  readonly #subject: Subject;
  readonly #scenario: Scenario;
  readonly #clients: readonly Client[];
  readonly #open = new Map<number, Set<Promise<void>>>();
  #next = 0;

  constructor(world: World, scenario: Scenario, subject: Subject) {
    this.#world = world;
    this.#subject = subject;
    this.#scenario = scenario;
    const { time } = world;
    const leases = scenario.operations.some(({ options }) => Boolean(options.lease));
    this.#clients = scenario.processes.map((config, process): Client => {
      const clock = { now: () => time.now() + config.skewMs };
      const { oracle, gates, log } = world;
      const cache = new CacheService(subject.process(process, clock), {
        keyPrefix: config.prefix,
        tagTTL: config.tagTTL,
        versionTTL: config.versionTTL,
        clock,
        onEvent: noteEvent,
        ...(config.backgroundFill && { waitUntil: () => {} }),
        ...(!config.breaker && { breaker: false }),
      });
      const lagMs = world.faults.includes('stale') ? LAG_MS : 0;
      const { copyMs = 0 } = subject;
      this.#open.set(process, new Set());
      return { process, config, cache, oracle, gates, time, lagMs, copyMs, leases, log };
    });
  }

  /** All calls, one after the other, while what they began goes on in any order. */
  async main(): Promise<void> {
    const { random, gates, oracle } = this.#world;
    const { sleeps, freezes } = this.#scenario;
    // Calls that come one after the other, each while nothing but slow things are left of those before, or in a crowd.
    const pressure = random.pick([0, 0, 5, 15, 40]);
    for (let steps = 0; ; steps++) {
      if (steps === MOST_STEPS) return oracle.fail('the schedule never ends');
      const left = this.#next < this.#scenario.operations.length;
      if (oracle.violations.length > 0 || (!left && this.#isDone() && gates.ready === 0)) return;
      const step = random.weighted({
        start: left ? (gates.quiet ? Math.max(pressure, 60) : pressure) : 0,
        release: gates.ready > 0 ? 90 : 0,
        several: gates.ready > 1 ? 4 : 0,
        wait: gates.ready > 0 ? 4 : 30,
        // Time flies while somebody is frozen.
        sleep: sleeps ? (gates.anyFrozen ? 8 : 0.7) : 0,
        disturb: freezes ? 8 : 0,
        audit: 1,
      });
      await this.#step(step);
    }
  }

  async #step(step: 'start' | 'release' | 'several' | 'wait' | 'sleep' | 'disturb' | 'audit') {
    const { random, gates } = this.#world;
    if (step === 'start') this.#start();
    else if (step === 'release') gates.releaseOne();
    else if (step === 'several') gates.releaseAll();
    else if (step === 'wait') this.#wait(random.pick([1, 20, 150, 1_100, 3_000]));
    else if (step === 'sleep')
      await this.#sleep(random.pick([60_000, 400_000, 1_200_000, 7_200_000]));
    else if (step === 'disturb') this.#disturb();
    else await this.#audit();
    await gates.settle();
  }

  #start(): void {
    const operation = this.#scenario.operations[this.#next++];
    const client = operation && this.#clients[operation.process];
    const { gates, log, oracle } = this.#world;
    if (!operation || !client) return;
    const { process } = client;
    if (gates.isCrashed(process) || gates.isFrozen(process)) return;
    log(describeOperation(operation));
    const open = this.#open.get(process);
    const work = call(client, operation)
      .catch((error) => oracle.fail(`${describeOperation(operation)} rejected with ${error}`))
      .finally(() => open?.delete(work));
    open?.add(work);
  }

  #wait(ms: number): void {
    this.#world.log(`  ${ms} ms pass`);
    this.#world.time.advance(ms);
  }

  /** Minutes or hours; whether the monotonic clock counts them differs from machine to machine. */
  async #sleep(ms: number): Promise<void> {
    const { time, random, log } = this.#world;
    log(`  ${ms / 60_000} minutes pass`);
    time.advance(ms, random.chance(0.5));
    await this.#subject.elapsed?.();
  }

  #disturb(): void {
    const { random, gates, log } = this.#world;
    // A waiting process is worth a freeze.
    const process = gates.someoneWaiting() ?? random.below(this.#clients.length);
    if (gates.isFrozen(process)) {
      log(`p${process} resumes`);
      gates.resume(process);
    } else if (random.chance(0.05)) {
      log(`p${process} crashes`);
      gates.crash(process);
    } else {
      log(`p${process} freezes`);
      gates.freeze(process);
    }
  }

  #isDone(): boolean {
    const { gates } = this.#world;
    return this.#clients.every(
      ({ process }) => gates.isCrashed(process) || this.#open.get(process)?.size === 0,
    );
  }

  /** All goes well from now on: everything must end, and what lies in the store must keep the promise. */
  async close(): Promise<void> {
    const { gates, oracle, time } = this.#world;
    if (oracle.violations.length > 0) return;
    for (const { process } of this.#clients) gates.resume(process);
    let settled = false;
    const running = this.#clients.filter(({ process }) => !gates.isCrashed(process));
    void Promise.all(running.map(({ cache }) => cache.settled())).then(() => {
      settled = true;
    });
    for (let step = 0; !(settled && this.#isDone() && gates.ready === 0); step++) {
      if (step === MOST_CLOSING_STEPS) return oracle.fail('something never ends');
      gates.releaseAll();
      await gates.settle();
      if (gates.ready === 0) time.advance(500);
      await gates.settle();
    }
    await this.#audit();
  }

  /** The store may hold no invalidated value as valid, whatever processes may remember. */
  async #audit(): Promise<void> {
    const { oracle, time } = this.#world;
    const keys = [...new Set(this.#scenario.operations.flatMap((operation) => operation.keys))];
    for (const prefix of new Set(this.#scenario.processes.map((config) => config.prefix))) {
      const since = oracle.tick();
      const cache = auditor(this.#subject.audit, prefix, time);
      const entries = await Promise.all(keys.map((key) => cache.getEntry(key)));
      entries.forEach((entry, i) => {
        const key = `${prefix}:${keys[i]}`;
        const { state = 'fresh', value } = entry ?? {};
        const reading = { process: 'audit', how: 'audit', key, state } as const;
        oracle.check(value, { ...reading, since, sinceMs: time.now() });
      });
    }
  }
}
