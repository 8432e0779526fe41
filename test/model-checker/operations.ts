import type { Duration, WrapOptions } from '@glasswork/cache';
import type { Fault } from '@glasswork/cache/testing';
import type { Random } from './random.js';

/** How one load behaves. */
export interface LoadPlan {
  readonly outcome: 'value' | 'undefined' | 'throw' | 'skip';
  /** How often it waits before it ends. */
  readonly steps: number;
  /** Tags that it adds before it asks the origin. */
  readonly addTags: readonly string[];
}

export type OperationKind =
  | 'get'
  | 'getMany'
  | 'getEntry'
  | 'wrap'
  | 'wrapSWR'
  | 'wrapMany'
  | 'set'
  | 'setMany'
  | 'del'
  | 'delMany'
  | 'invalidateTags'
  | 'expire'
  | 'expireTags'
  | 'clear'
  | 'delByPattern';

/** One call of one service, as data, so that a schedule can be made smaller. */
export interface Operation {
  readonly process: number;
  readonly kind: OperationKind;
  readonly keys: readonly string[];
  readonly tags: readonly string[];
  readonly options: WrapOptions;
  readonly load: LoadPlan;
}

export interface ProcessConfig {
  readonly prefix: string;
  /** Seconds. */
  readonly tagTTL: number;
  /** Seconds. */
  readonly versionTTL: number;
  readonly breaker: boolean;
  /** How far its clock is ahead. */
  readonly skewMs: number;
  /** Its fills are background work. */
  readonly backgroundFill: boolean;
}

/** Everything about a schedule but its chance. */
export interface Scenario {
  readonly processes: readonly ProcessConfig[];
  readonly operations: readonly Operation[];
  /** The probability of a fault, for each operation of a store. */
  readonly faultRate: number;
  readonly faults: readonly Fault['kind'][];
  /** Disturbances besides the order of events. */
  readonly freezes: boolean;
  readonly sleeps: boolean;
}

export const SOFT_TIMEOUT = '100ms';
const KEYS = ['a', 'b'];
const TAGS = ['red', 'blue'];

const WEIGHTS: Record<OperationKind, number> = {
  get: 10,
  getMany: 3,
  getEntry: 3,
  wrap: 36,
  wrapSWR: 6,
  wrapMany: 7,
  set: 5,
  setMany: 2,
  del: 12,
  delMany: 3,
  invalidateTags: 13,
  expire: 8,
  expireTags: 10,
  clear: 5,
  delByPattern: 3,
};
const INVALIDATIONS = ['del', 'set', 'invalidateTags', 'expire', 'expireTags', 'clear'] as const;
const OF_TAGS: readonly OperationKind[] = ['invalidateTags', 'expireTags'];
const KINDS = Object.keys(WEIGHTS) as OperationKind[];

export interface ScenarioLimits {
  /** The most calls. */
  readonly operations: number;
  readonly faults: readonly Fault['kind'][];
}

/** Traits that the calls of one scenario share: scenarios that differ much find more than similar ones. */
interface Flavour {
  readonly keys: readonly string[];
  readonly tags: readonly string[];
  /** How likely a call names tags, and a load adds some. */
  readonly tagged: number;
  readonly adding: number;
  readonly weights: Readonly<Record<OperationKind, number>>;
  /** Without special options. */
  readonly plain: boolean;
  /** How each key is used as a rule: a program seldom caches one thing in two ways. */
  readonly templates: readonly Template[];
}

export function scenario(random: Random, limits: ScenarioLimits): Scenario {
  const memory = random.chance(0.4);
  const processes = Array.from({ length: random.pick([2, 2, 3, 4, 5]) }, (_none, i) => ({
    // Another prefix in the same store, now and then: nothing may pass between the two.
    prefix: i > 1 && random.chance(0.15) ? 'other' : 'app',
    tagTTL: memory ? random.pick([0, 2]) : 0,
    versionTTL: memory ? random.pick([0, 5]) : 0,
    breaker: random.chance(0.7),
    skewMs: random.pick([0, 0, 0, 1_500, -1_500, 600_000, -600_000]),
    backgroundFill: random.chance(0.5),
  }));
  const weights = { ...WEIGHTS };
  if (random.chance(0.3)) {
    // A storm: loads, and one way to invalidate them.
    for (const kind of KINDS) weights[kind] = 0;
    Object.assign(weights, { wrap: 3, [random.pick(INVALIDATIONS)]: 2 });
  } else {
    for (const kind of KINDS) if (kind !== 'wrap') weights[kind] *= random.pick([0, 1, 1, 3]);
  }
  const tagsChange = OF_TAGS.some((kind) => weights[kind] > 0);
  const flavour: Omit<Flavour, 'templates'> = {
    // Few keys, or little ever meets.
    keys: random.chance(0.6) ? KEYS.slice(0, 1) : KEYS,
    tags: random.chance(0.6) ? TAGS.slice(0, 1) : TAGS,
    tagged: tagsChange ? random.pick([0.4, 1]) : 0.2,
    adding: tagsChange ? random.pick([0, 0, 0.6]) : 0.05,
    weights,
    plain: random.chance(0.4),
  };
  const templates = flavour.keys.map(() => template(random, flavour));
  const operations = Array.from({ length: 4 + random.below(limits.operations - 3) }, () =>
    operation(random, random.below(processes.length), { ...flavour, templates }),
  );
  return { processes, operations, ...adversity(random, limits.faults) };
}

type Adversity = Pick<Scenario, 'faultRate' | 'faults' | 'freezes' | 'sleeps'>;

/** Nothing, a little of everything, or much of one thing. Where reads may be stale, the checks allow more. */
function adversity(random: Random, faults: ScenarioLimits['faults']): Adversity {
  const much = random.weighted({ nothing: 35, some: faults.length > 1 ? 35 : 0, one: 30 });
  const freezes = random.chance(0.4);
  const sleeps = random.chance(freezes ? 0.8 : 0.3);
  if (faults.length === 0 || much === 'nothing')
    return { faultRate: 0, faults: [], freezes, sleeps };
  if (much === 'one')
    return { faultRate: random.pick([0.15, 0.5]), faults: [random.pick(faults)], freezes, sleeps };
  return { faultRate: 0.06, faults: random.some(faults), freezes, sleeps };
}

type Template = Pick<Operation, 'tags' | 'options'> & Pick<LoadPlan, 'addTags'>;

function template(random: Random, flavour: Omit<Flavour, 'templates'>): Template {
  return {
    tags: random.chance(flavour.tagged) ? random.some(flavour.tags) : [],
    addTags: random.chance(flavour.adding) ? random.some(flavour.tags) : [],
    options: flavour.plain ? { ttl: '1d' } : options(random),
  };
}

function operation(random: Random, process: number, flavour: Flavour): Operation {
  const kind = random.weighted(flavour.weights);
  const many = kind.endsWith('Many');
  const first = random.pick(flavour.keys);
  const usual = flavour.templates[flavour.keys.indexOf(first)];
  const { tags, addTags, options } =
    usual && random.chance(0.8) ? usual : template(random, flavour);
  // wrapSWR takes no tags.
  const ownTags = kind === 'wrapSWR' ? [] : tags;
  return {
    process,
    kind,
    keys: many ? random.some(flavour.keys) : [first],
    tags: OF_TAGS.includes(kind) ? random.some(flavour.tags) : ownTags,
    options,
    load: {
      outcome: flavour.plain
        ? 'value'
        : random.weighted({ value: 80, undefined: 5, throw: 12, skip: 3 }),
      steps: random.pick([0, 1, 3, 8]),
      addTags,
    },
  };
}

function options(random: Random): WrapOptions {
  const ttl = random.pick<Duration>(['1s', '1s', '1m', '1h', '1d']);
  const outlives = random.chance(0.4);
  const chance = random.chance.bind(random);
  return {
    ttl,
    ...(chance(0.4) && { staleTTL: ttl === '1s' ? '300ms' : '900ms' }),
    ...(outlives && { staleIfError: '1d' }),
    ...(chance(outlives ? 0.3 : 0.02) && { softTimeout: SOFT_TIMEOUT }),
    ...(chance(0.2) && { lease: random.pick([true, { wait: 1 }]) }),
    ...(chance(0.1) && { lease: false }),
    ...(chance(0.1) && { hardTimeout: '2s' }),
    ...(chance(0.1) && { forceFresh: true }),
    ...(chance(0.1) && { earlyRefresh: 1 }),
  };
}

export function describeOperation({ process, kind, keys, tags, options, load }: Operation): string {
  const wraps = kind.startsWith('wrap');
  const parts = [
    kind === 'clear' || OF_TAGS.includes(kind) ? '' : keys.join(','),
    tags.length > 0 && (wraps || kind === 'set' || OF_TAGS.includes(kind))
      ? `tags ${tags.join(',')}`
      : '',
    wraps ? JSON.stringify({ ...options, load }) : '',
    kind.startsWith('set') ? `ttl ${options.ttl}` : '',
  ];
  return `p${process} ${kind} ${parts.filter(Boolean).join(' ')}`;
}
