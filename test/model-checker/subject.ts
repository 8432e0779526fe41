import {
  type CacheEvent,
  CacheService,
  type CacheStore,
  type Clock,
  consoleReporter,
} from '@glasswork/cache';
import {
  type Fault,
  type FaultPlan,
  faultyStore,
  StoreHistory,
  type StoreOperation,
} from '@glasswork/cache/testing';
import type { Gap } from './client.js';
import type { Gates } from './gates.js';
import type { Oracle } from './oracle.js';
import type { Random } from './random.js';
import type { VirtualTime } from './virtual-time.js';

/** The most that an eventually consistent read lags, milliseconds. */
export const LAG_MS = 500;

/** The schedule's tools for the store under test. */
export interface World {
  readonly random: Random;
  readonly gates: Gates;
  readonly oracle: Oracle;
  readonly time: VirtualTime;
  /** The probability of a fault, for each operation; zero when the schedule is over. */
  readonly faultRate: () => number;
  readonly faults: readonly Fault['kind'][];
  readonly gaps: readonly Gap[];
  readonly log: (line: string) => void;
}

/** One shared store, as its processes see it. */
export interface Subject {
  /** The store of one process, which waits at the gates and fails. */
  process(index: number, clock: Clock): CacheStore;
  /** Looks at what the store holds, consistently and without faults. */
  readonly audit: CacheStore;
  /** How long a process may go on serving its copy of what another has deleted or overwritten, milliseconds. Default 0. */
  readonly copyMs?: number;
  /** Much time has passed: a table deletes what has expired. */
  elapsed?(): Promise<void>;
  close?(): Promise<void>;
}

export type CreateSubject = (world: World) => Subject | Promise<Subject>;

const APPLIES_VALUES = ['set', 'setMany', 'setIfUnchanged', 'add'] as const;

/**
 * Processes that share one store which is itself in this process: every wait and fault is of the wrapper's making.
 * `requestLifeMs`: what is on its way for longer is refused, as the signature of a request is after some minutes.
 */
export function shared(
  create: (clock: Clock) => CacheStore,
  requestLifeMs = Number.POSITIVE_INFINITY,
): CreateSubject {
  return (world) => {
    const { random, gates, time } = world;
    const inner = create(time);
    const history = new StoreHistory(time);
    const watched = watch(inner, world);
    const process = (index: number) =>
      faultyStore(watched, {
        history,
        lagMs: LAG_MS,
        plan: faultPlan(world, index, inner),
        async pause({ method, keys }, point) {
          const sent = point !== 'reply' && (point === 'replay' || random.chance(0.5));
          const since = time.now();
          const label = `${method} ${keys.join(',')}`;
          await gates.wait(index, point, label, sent ? 'network' : 'process');
          if (point !== 'reply' && time.now() - since > requestLifeMs)
            throw new Error(`${label}: it has expired on its way`);
        },
      });
    // A process reads its own values without waiting.
    const hasLocal = random.chance(0.5) && inner.getIfPresent;
    const withPeek = (store: CacheStore): CacheStore =>
      hasLocal
        ? { ...store, getIfPresent: <T>(key: string) => (hasLocal<T>).call(inner, key) }
        : store;
    return { process: (index) => withPeek(process(index)), audit: inner };
  };
}

/** Tells the oracle what the store has taken. */
function watch(inner: CacheStore, { oracle, gates }: World): CacheStore {
  const tell = (entry: unknown) => oracle.stored((entry as { value?: unknown } | undefined)?.value);
  return new Proxy(inner, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) =>
        gates.busy(async () => {
          const answer: unknown = await member.apply(target, given);
          if ((APPLIES_VALUES as readonly unknown[]).includes(name) && answer !== false) {
            if (name === 'setMany') for (const { value } of given[0] as []) tell(value);
            else tell(given[1]);
          }
          return answer;
        });
    },
  });
}

function faultPlan(world: World, index: number, inner: CacheStore): FaultPlan {
  const { random, faults, faultRate, log } = world;
  return (operation) => {
    if (!random.chance(faultRate())) return undefined;
    const fault = allowed(random, faults, operation, inner);
    if (fault) log(`  p${index} fault: ${fault.kind} for ${operation.method} ${operation.keys}`);
    return fault;
  };
}

/** A fault that a store which keeps its promises may have. */
function allowed(
  random: Random,
  kinds: World['faults'],
  { method, keys }: StoreOperation,
  inner: CacheStore,
): Fault | undefined {
  const kind = random.pick(kinds);
  const records = keys.every((key) => key.startsWith('#'));
  switch (kind) {
    case 'hang':
      return { kind, applied: random.chance(0.5) };
    case 'partial':
      return { kind, applied: random.below(keys.length + 1) };
    case 'stale':
      return { kind, ageMs: random.below(LAG_MS + 1) };
    case 'replay':
      // Values of `set` are not sent twice; the versions of tags and prefixes must survive even that.
      return /^(get|has)/.test(method) || (/^set(Many)?$/.test(method) && !records)
        ? undefined
        : { kind };
    case 'evict':
      return inner.durable || method === 'delByPattern' ? undefined : { kind };
    case 'lost-write': {
      const value = method === 'setIfUnchanged' || method === 'add';
      return inner.durable || !value ? undefined : { kind };
    }
    default:
      return { kind };
  }
}

/** Sees what is cached as a new process would that trusts nothing it remembers. */
export const auditor = (store: CacheStore, prefix: string, clock: Clock): CacheService =>
  new CacheService(store, {
    ...{ keyPrefix: prefix, versionTTL: 0, tagTTL: 0, breaker: false, clock },
    onEvent: (event) => {
      if (!isEvictedOverflow(event)) report(event);
    },
  });

const report = consoleReporter();

/** A pointer may outlive its value, which the overflow store has evicted: a miss. */
const isEvictedOverflow = (event: CacheEvent): boolean =>
  event.type === 'corrupt' && /it is gone there/.test(String(Object(event.error).cause));
