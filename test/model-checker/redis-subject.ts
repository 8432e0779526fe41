import { type CacheStore, RedisCacheStore } from '@glasswork/cache';
import type { RedisClient } from '@glasswork/cache/redis';
import type { Redis } from 'ioredis';
import type { Point } from './gates.js';
import type { CreateSubject, World } from './subject.js';

type Call = (method: Method, args: readonly unknown[]) => Promise<unknown>;

/** The commands of the store, and its scripts. */
const METHODS = [
  'ping',
  'getBuffer',
  'getrange',
  'unlink',
  'scanBuffer',
  'glassworkCacheReadBuffer',
  'glassworkCacheWrite',
] as const;
type Method = (typeof METHODS)[number];

/** Takes from the records' lives what has passed. ARGV: milliseconds. */
const AGE = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, math.max(left - ARGV[1], 0)) end
end`;

/**
 * RedisCacheStores over one real server, which is theirs alone, each with a client of its own that waits and fails
 * below the store: its scripts, its tokens and its versions are what is tested.
 *
 * `mutate`: changes the store's scripts, to see that the checks would find out. `through`: what sends the commands of
 * the stores.
 */
export function redis(
  server: Redis,
  mutate = (lua: string) => lua,
  overflowing?: CreateSubject,
  through: RedisClient = server,
): CreateSubject {
  return async (world) => {
    const overflow = await overflowing?.(world);
    await server.flushall();
    const database = new Database(server, through, world);
    const store = (call: Call, overflowStore: CacheStore | undefined): RedisCacheStore => {
      const methods = METHODS.map((method) => [method, (...args: []) => call(method, args)]);
      const client = {
        ...Object.fromEntries(methods),
        defineCommand: (
          name: string,
          { lua, numberOfKeys }: { lua: string; numberOfKeys: number },
        ) => through.defineCommand(name, { lua: mutate(lua), numberOfKeys }),
        on: () => {},
        off: () => {},
      };
      return new RedisCacheStore({
        client,
        overflow: overflowStore,
        ...(overflow && { maxValueBytes: 1 }),
      });
    };
    return {
      process: (index, clock) =>
        store(failing(database, world, index), overflow?.process(index, clock)),
      audit: store(
        (method, args) => world.gates.busy(() => database.call(method, args)),
        overflow?.audit,
      ),
    };
  };
}

/** The real server, whose records age as fast as the schedule's time goes by. */
class Database {
  readonly #server: Redis;
  readonly #through: RedisClient;
  readonly #world: World;
  #agedAt: number;

  constructor(server: Redis, through: RedisClient, world: World) {
    this.#server = server;
    this.#through = through;
    this.#world = world;
    this.#agedAt = world.time.now();
  }

  async call(method: Method, args: readonly unknown[]): Promise<unknown> {
    await this.#age();
    const answer: unknown = await Reflect.get(this.#through, method).apply(this.#through, args);
    if (method === 'glassworkCacheWrite' && answer === 1) {
      // The value is the last line of the body, after the data of its entry; a pointer has none.
      const value = String(args[4]).split('\n').at(-1);
      if (value) this.#world.oracle.stored(JSON.parse(value));
    }
    return answer;
  }

  /** As when the memory is full: any records, even needed ones. */
  async evict(): Promise<void> {
    await this.#age();
    const { random, log } = this.#world;
    const keys = (await this.#server.keys('*')).sort();
    if (keys.length === 0) return;
    const evicted = random.chance(0.7) ? [random.pick(keys)] : random.some(keys);
    log(`  evicted: ${evicted}`);
    await this.#server.del(...evicted);
  }

  async #age(): Promise<void> {
    const passed = this.#world.time.now() - this.#agedAt;
    this.#agedAt += passed;
    if (passed > 0) await this.#server.eval(AGE, 0, passed);
  }
}

/**
 * The client of one process. It sends again what it lost the reply of, as ioredis does with whatever was under way when
 * a connection broke: whether or not its caller still waits, and however much later.
 */
function failing(database: Database, world: World, index: number): Call {
  const { gates, random, faults, faultRate, log } = world;

  const held = (point: Point, label: string): Promise<void> => {
    const sent = point === 'replay' || (point === 'request' && random.chance(0.5));
    return gates.wait(index, point, label, sent ? 'network' : 'process');
  };

  return async (method, args) => {
    // The proof that a master answers: by the wall clock, which the seed does not decide.
    if (method === 'unlink' && String(args[0]).endsWith('\0')) return 0;
    const kind = random.chance(faultRate()) ? random.pick(faults) : undefined;
    const label = `${method} ${args[0] ?? ''}`;
    if (kind) log(`  p${index} fault: ${kind} for ${label}`);
    const apply = () => gates.busy(() => database.call(method, args));
    const again = () => {
      held('replay', label)
        .then(apply)
        .catch(() => {});
    };
    await held('request', label);
    if (kind === 'evict') await gates.busy(() => database.evict());
    if (kind === 'error') throw failure(label, 'it was not applied');
    if (kind === 'hang') {
      if (random.chance(0.5)) await apply().catch(() => {});
      if (random.chance(0.3)) again();
      return new Promise(() => {});
    }
    const answer = await settled(apply());
    if (kind === 'lost-reply') {
      if (random.chance(0.5)) {
        again();
        throw failure(label, 'it was applied all the same');
      }
      await held('request', label);
      const second = await settled(apply());
      await held('reply', label);
      return second();
    }
    if (kind === 'replay' && isRepeatable(method, args)) again();
    await held('reply', label);
    return answer();
  };
}

/** An outcome for later. */
const settled = (promise: Promise<unknown>): Promise<() => Promise<unknown>> =>
  promise.then(
    (value) => async () => value,
    (error) => async () => {
      throw error;
    },
  );

/** An unconditional `set` of a user's key that was answered is not sent again. */
function isRepeatable(method: Method, args: readonly unknown[]): boolean {
  const isValue = !String(args[0]).startsWith('cache:#');
  return !(method === 'glassworkCacheWrite' && args[5] === 'set' && isValue);
}

const failure = (label: string, what: string) => new Error(`${label} failed on purpose: ${what}.`);
