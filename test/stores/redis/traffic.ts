import { setTimeout as delay } from 'node:timers/promises';
import { CacheError, type CacheEvent, CacheService, type CacheStore } from '@glasswork/cache';
import { expect } from 'vitest';
import { STORE_BUDGET_MS } from '../../../src/engine/store-access.js';
import { Random } from '../../model-checker/random.js';
import { until } from '../../servers/until.js';

/** Which calls are made; how they interleave is up to the machine. `TRAFFIC_SEED` makes the same calls again. */
const seed = Number(process.env.TRAFFIC_SEED ?? Date.now() % 1_000_000_000);
const random = new Random(seed);

interface Row {
  readonly key: string;
  readonly version: number;
}

/** The cached rows, which change. */
export class Origin {
  readonly #versions = new Map<string, number>();
  loads = 0;

  async load(key: string): Promise<Row> {
    this.loads++;
    const row = { key, version: this.versionOf(key) };
    // Slow enough for an invalidation to come in between.
    await delay(random.next() * 10);
    return row;
  }

  change(key: string): number {
    const version = this.versionOf(key) + 1;
    this.#versions.set(key, version);
    return version;
  }

  versionOf(key: string): number {
    return this.#versions.get(key) ?? 0;
  }
}

/** Soon enough for a test to see the breaker close again. */
const COOLDOWN_MS = 300;

/** A cache as one process has it, and what it told of itself. */
export class Process {
  readonly cache: CacheService;
  readonly events: CacheEvent[] = [];

  constructor(store: CacheStore) {
    this.cache = new CacheService(store, {
      defaultTTL: '1h',
      versionTTL: 0,
      breaker: { cooldown: `${COOLDOWN_MS}ms` },
      onEvent: (event) => void this.events.push(event),
    });
  }

  has(type: CacheEvent['type'], key?: string): boolean {
    return this.events.some(
      (event) => event.type === type && (!key || ('key' in event && event.key === key)),
    );
  }

  get breaker(): string[] {
    return this.events.flatMap((event) => (event.type === 'breaker' ? [event.state] : []));
  }

  /** The store's error messages. */
  get errors(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'store-error' ? [String(event.error)] : [],
    );
  }
}

/** Time that a call may take beyond the cache's time limits, for its load and the limits of connections. */
const SLACK_MS = 1_500;

/** A read, which then fails open; nothing is filled after it. */
export const WRAP_LIMIT_MS = STORE_BUDGET_MS + SLACK_MS;
/** Twice, as for tags, which are tried again. */
export const INVALIDATION_LIMIT_MS = 2 * 5_000 + SLACK_MS;

const TICK_MS = 50;

/**
 * Fails when the work takes longer, in turns of the event loop that are 50 ms apart. The cache counts its limits so, too:
 * a machine that is busy with other programs stretches both alike.
 */
export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (++ticks * TICK_MS > limitMs) reject(new Error(`${what} took longer than ${limitMs} ms`));
    }, TICK_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearInterval(timer);
  }
}

/** While the store is out of order: every caller gets its value in time, and no invalidation claims to be done. */
export async function expectOutage(processes: readonly Process[], origin: Origin): Promise<void> {
  await Promise.all(processes.map((process) => expectOneOut(process, origin)));
}

async function expectOneOut({ cache, events }: Process, origin: Origin): Promise<void> {
  events.length = 0;
  const wrap = async (i: number) => {
    const key = `outage:${i}`;
    const work = cache.wrap(key, '1h', () => origin.load(key));
    const row = await within(WRAP_LIMIT_MS, 'wrap', work);
    expect(row).toEqual({ key, version: origin.versionOf(key) });
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map(wrap));
  await wrap(6);
  expect(events.filter(({ type }) => type === 'breaker')).toEqual([
    { type: 'breaker', state: 'open' },
  ]);
  expect(await within(WRAP_LIMIT_MS, 'set', cache.set('outage:set', 1))).toBe(false);
  // Every kind tries, breaker or not, and rejects in time.
  const invalidations = {
    del: cache.del('outage:0'),
    delMany: cache.delMany(['outage:0', 'outage:1']),
    invalidateTags: cache.invalidateTags(['outage']),
    clear: cache.clear(),
    delByPattern: cache.delByPattern('outage:*'),
  };
  await Promise.all(
    Object.entries(invalidations).map(async ([name, work]) => {
      const error = await within(INVALIDATION_LIMIT_MS, name, outcome(work));
      expect(error, name).toBeInstanceOf(CacheError);
      expect(error, name).toMatchObject({ code: 'NOT_CONFIRMED' });
    }),
  );
}

/** That the store is out of order by now: nothing is confirmed, and reads have opened the breaker. */
export async function expectBroken(process: Process, origin: Origin): Promise<void> {
  const { cache } = process;
  const error = await within(INVALIDATION_LIMIT_MS, 'del', outcome(cache.del('broken')));
  expect(error).toMatchObject({ code: 'NOT_CONFIRMED' });
  const keys = Array.from({ length: 5 }, (_, i) => `broken:${i}`);
  const reads = keys.map((key) => cache.wrap(key, '1h', () => origin.load(key)));
  await within(WRAP_LIMIT_MS, 'wrap', Promise.all(reads));
  expect(process.breaker.at(-1)).toBe('open');
}

const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'confirmed',
    (error) => error,
  );

/** All is well again, by itself: values are cached, the breakers are closed, invalidations hold in every process. */
export async function expectRecovery(processes: readonly Process[], origin: Origin): Promise<void> {
  for (const [i, process] of processes.entries()) {
    const { cache, events } = process;
    const key = `recovery:${i}`;
    const wrap = () =>
      within(
        WRAP_LIMIT_MS,
        'wrap',
        cache.wrap(key, '1h', () => origin.load(key)),
      );
    events.length = 0;
    await until(
      async () => {
        await wrap();
        return process.has('hit', key);
      },
      'a value to be cached again',
      30_000,
    );
    // A call that was answered while the breaker was open says nothing of what follows.
    events.length = 0;
    expect(await wrap()).toEqual({ key, version: origin.versionOf(key) });
    expect(events.map(({ type }) => type)).toEqual(['hit']);
  }
  const [first] = processes;
  for (const key of ['recovery:shared', 'outage:0']) {
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        processes.map(({ cache }) => cache.wrap(key, '1h', () => origin.load(key))),
      );
      const version = origin.change(key);
      await first?.cache.del(key);
      for (const { cache } of processes)
        expect(await cache.wrap(key, '1h', () => origin.load(key))).toEqual({ key, version });
    }
  }
}

/** Calls of several processes at random, held against what the fence promises. */
export class Traffic {
  readonly #processes: readonly Process[];
  readonly #origin: Origin;
  readonly keys: readonly string[];
  /** The least version that each process may be given of each key. */
  readonly #floors: Map<string, number>[];
  #workers: Promise<void>[] = [];
  #running = false;
  #era = 0;
  #failingOver = false;
  calls = 0;
  unconfirmed = 0;
  readonly violations: string[] = [];

  constructor(processes: readonly Process[], origin: Origin, keys = 12) {
    this.#processes = processes;
    this.#origin = origin;
    this.keys = Array.from({ length: keys }, (_, i) => `traffic:${i}`);
    this.#floors = processes.map(() => new Map());
  }

  start(workersEach = 4): void {
    this.#running = true;
    this.#workers = this.#processes.flatMap((process, i) =>
      Array.from({ length: workersEach }, () => this.#work(process, i)),
    );
  }

  /** Resolves when `count` more calls have ended. */
  async more(count: number): Promise<void> {
    const target = this.calls + count;
    await until(() => this.calls >= target, `${count} more calls`, 60_000);
  }

  /** A failover may lose invalidations confirmed before it. */
  async lose(failover: () => Promise<void>): Promise<void> {
    this.#failingOver = true;
    await failover();
    this.#failingOver = false;
    this.#era++;
    for (const floors of this.#floors) floors.clear();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#workers);
    expect(this.violations, `TRAFFIC_SEED=${seed}`).toEqual([]);
  }

  async #work(process: Process, index: number): Promise<void> {
    while (this.#running) {
      const key = random.pick(this.keys);
      try {
        if (random.chance(0.15)) await this.#invalidate(process, index, key);
        else await this.#read(process, index, key);
      } catch (error) {
        this.violations.push(String(error));
      }
      this.calls++;
      // Without a pause the loop would turn a million times while a breaker is open.
      await delay(3);
    }
  }

  async #read({ cache, events }: Process, index: number, key: string): Promise<void> {
    const era = this.#era;
    const own = this.#floors[index]?.get(key) ?? 0;
    const all = Math.max(...this.#floors.map((floors) => floors.get(key) ?? 0));
    const before = events.length;
    const wrapping = cache.wrap(key, '1h', () => this.#origin.load(key));
    // A read, a mark that has to be made, and a fill, each of which the fault may hit.
    const row = await within(4 * STORE_BUDGET_MS + SLACK_MS, `wrap of ${key}`, wrapping);
    // A process that cannot read the store may share a load that another invalidated; no value is cached by that.
    const blind = events
      .slice(before)
      .some(({ type }) => type === 'store-error' || type === 'skip' || type === 'join');
    const least = blind ? own : all;
    if (era === this.#era && !this.#failingOver && row.version < least)
      this.violations.push(`p${index} was given version ${row.version} of ${key}, not ${least}`);
  }

  async #invalidate({ cache }: Process, index: number, key: string): Promise<void> {
    const era = this.#era;
    const version = this.#origin.change(key);
    const error = await within(INVALIDATION_LIMIT_MS, 'del', outcome(cache.del(key)));
    if (error === 'confirmed') {
      if (era !== this.#era) return;
      const floors = this.#floors[index];
      floors?.set(key, Math.max(floors.get(key) ?? 0, version));
    } else {
      this.unconfirmed++;
      if (!(error instanceof CacheError && error.code === 'NOT_CONFIRMED')) throw error;
    }
  }
}
