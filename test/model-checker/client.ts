import { CacheError, type CacheEvent, type CacheService, type LoadContext } from '@glasswork/cache';
import { noting, stateOf } from './call-events.js';
import type { Gates } from './gates.js';
import { type LoadPlan, type Operation, type ProcessConfig, SOFT_TIMEOUT } from './operations.js';
import type { Invalidation, Kind, Oracle, Reading, Value } from './oracle.js';
import type { VirtualTime } from './virtual-time.js';

/** The tools of one process's calls. */
export interface Client {
  readonly process: number;
  readonly config: ProcessConfig;
  readonly cache: CacheService;
  readonly oracle: Oracle;
  readonly gates: Gates;
  readonly time: VirtualTime;
  readonly lagMs: number;
  readonly copyMs: number;
  /** Misses may wait for a lease. */
  readonly leases: boolean;
  readonly log: (line: string) => void;
}

/**
 * Gaps in the promise, not checked where they are named.
 *
 * - `lateFill`: a client of the user's that freezes between being called and signing sends however much later, when
 *   the tombstone that would refuse a fill is gone. The lean transport looks at the time right before it signs.
 */
export type Gap = 'lateFill';

/** The only error that a load throws: any other that a caller sees comes from the cache. */
class OriginError extends Error {}

type Since = Pick<Reading, 'since' | 'sinceMs'>;
type Served = Since & Pick<Reading, 'state'>;

/** Makes one call, and holds what comes of it against the oracle. */
export const call = (client: Client, operation: Operation): Promise<void> =>
  noting((events) => callNoted(client, operation, events));

async function callNoted(
  client: Client,
  operation: Operation,
  events: readonly CacheEvent[],
): Promise<void> {
  const { kind, keys, tags } = operation;
  const { cache, oracle } = client;
  const key = keys[0] as string;
  switch (kind) {
    case 'get':
    case 'getMany': {
      const since = moment(client);
      const values = kind === 'get' ? [await cache.get(key)] : await cache.getMany(keys);
      for (const [i, value] of values.entries())
        check(client, keys[i], kind, { ...since, state: stateOf(events, keys[i], false) }, value);
      return;
    }
    case 'getEntry': {
      const since = moment(client);
      const entry = await cache.getEntry(key);
      if (entry && entry.value === undefined) oracle.fail(`getEntry of ${key} gave undefined`);
      const { state = 'fresh', value } = entry ?? {};
      return check(client, key, kind, { ...since, state }, value);
    }
    case 'wrap':
    case 'wrapSWR':
    case 'wrapMany':
      return wrap(client, operation, events);
    case 'set':
    case 'setMany':
      return set(client, operation);
    case 'del':
      return invalidate(client, 'del', keys, () => cache.del(key));
    case 'delMany':
      return invalidate(client, 'del', keys, () => cache.delMany(keys));
    case 'invalidateTags':
      return invalidate(client, 'invalidateTags', tags, () => cache.invalidateTags(tags));
    case 'expire':
      return invalidate(client, 'expire', [key], () => cache.expire(key));
    case 'expireTags':
      return invalidate(client, 'expireTags', tags, () => cache.expireTags(tags));
    case 'clear':
      return invalidate(client, 'clear', [], () => cache.clear());
    case 'delByPattern':
      return invalidate(client, 'delByPattern', [], () => cache.delByPattern('*'));
  }
}

const moment = ({ oracle, time }: Client): Since => ({
  since: oracle.tick(),
  sinceMs: time.now(),
});

const fullKey = ({ config }: Client, key: string) => `${config.prefix}:${key}`;

/** `own`: only what this process invalidated itself is held against the value. */
function check(
  client: Client,
  key: string | undefined,
  how: string,
  since: Served,
  value: unknown,
  own = false,
): void {
  const { tagTTL, versionTTL } = client.config;
  const { lagMs: lag, copyMs: copies } = client;
  client.oracle.check(value, {
    ...since,
    process: client.process,
    how,
    key: fullKey(client, key ?? ''),
    slack: { tags: tagTTL * 1_000, prefix: versionTTL * 1_000, lag, copies },
    own,
  });
}

const idOf = (value: unknown): string =>
  value === undefined ? 'nothing' : `#${(value as { id?: number })?.id}`;

/** The outcome of the loads of one `wrap` call. */
interface Loads {
  readonly begun: Map<string, Value>;
  failed: Since | undefined;
}

async function wrap(
  client: Client,
  operation: Operation,
  events: readonly CacheEvent[],
): Promise<void> {
  const { kind, keys, tags, options } = operation;
  const { cache, oracle, log, process } = client;
  const key = keys[0] as string;
  const since = moment(client);
  const loads: Loads = { begun: new Map(), failed: undefined };
  let late: Since | undefined;
  if (options.softTimeout === SOFT_TIMEOUT) {
    // Not later than the cache's own timer: that one starts after the read.
    setTimeout(() => {
      late = moment(client);
    }, 100);
  }
  const load = (asked: readonly string[], context: LoadContext<unknown>) =>
    loadAll(client, operation, loads, since, asked, context);
  const loadOne = async (context: LoadContext<unknown>) => (await load([key], context))[0];
  try {
    let values: readonly unknown[];
    if (kind === 'wrapMany') values = await cache.wrapMany(keys, { ...options, tags }, load);
    else if (kind === 'wrapSWR') values = [await cache.wrapSWR(key, '900ms', '1h', loadOne)];
    else values = [await cache.wrap(key, { ...options, tags }, loadOne)];
    log(`  p${process} ${kind} of ${keys} gave ${values.map(idOf)}`);
    for (const [i, value] of values.entries()) {
      const state = stateOf(events, keys[i], client.leases);
      check(client, keys[i], kind, { ...since, state }, value);
    }
    if (kind === 'wrapMany') return;
    const [value] = values;
    const loaded = loads.begun.get(key);
    if (loads.failed)
      check(client, key, 'staleIfError', { ...loads.failed, state: 'stale' }, value);
    else if (late && loaded && idOf(value) !== `#${loaded.id}`)
      check(client, key, 'softTimeout', { ...late, state: 'stale' }, value);
  } catch (error) {
    if (error instanceof OriginError) return;
    if (error instanceof CacheError && /hardTimeout/.test(error.message)) return;
    oracle.fail(`${kind} of ${keys} rejected, and no load did: ${error}`);
  }
}

async function loadAll(
  client: Client,
  operation: Operation,
  loads: Loads,
  since: Since,
  asked: readonly string[],
  context: LoadContext<unknown>,
): Promise<({ id: number; key: string } | undefined)[]> {
  const { process, oracle, log } = client;
  const began = moment(client);
  if (asked.length === 1) {
    const { staleValue } = context;
    check(client, asked[0], 'staleValue', { ...since, state: 'stale' }, staleValue);
    const atLoad = { ...began, state: 'stale' } as const;
    check(client, asked[0], 'staleValue at the load', atLoad, staleValue, true);
  }
  const tags = operation.kind === 'wrapSWR' ? [] : operation.tags;
  const values = asked.map((each) => {
    const key = fullKey(client, each);
    const value = oracle.value({ key, process, kind: 'load', began: began.since }, tags);
    loads.begun.set(each, value);
    return value;
  });
  log(`  p${process} load begins: ${values.map(({ id }) => `#${id}`)}`);
  try {
    return await runLoad(client, operation.load, values, context);
  } catch (error) {
    loads.failed = moment(client);
    log(`  p${process} load fails: ${values.map(({ id }) => `#${id}`)}`);
    throw error;
  }
}

async function runLoad(
  { gates, process, oracle, config }: Client,
  plan: LoadPlan,
  values: readonly Value[],
  context: LoadContext<unknown>,
): Promise<({ id: number; key: string } | undefined)[]> {
  const label = `${values.map(({ id }) => `#${id}`)}`;
  if (plan.addTags.length > 0) {
    // The tags cover what is read from here on, so this load asks its origin only now.
    await context.addTags(...plan.addTags);
    const named = oracle.tick();
    for (const value of values) {
      for (const tag of plan.addTags) if (!value.tags.has(tag)) value.tags.set(tag, named);
    }
  }
  for (let step = 0; step < plan.steps; step++) await gates.wait(process, 'load', label);
  if (plan.outcome === 'throw') throw new OriginError(`${config.prefix} load of ${label} failed`);
  if (plan.outcome === 'skip') context.skip();
  if (plan.outcome === 'undefined') return values.map(() => undefined);
  return values.map(({ id, key }) => ({ id, key }));
}

async function set(client: Client, { kind, keys, tags, options }: Operation): Promise<void> {
  const { cache, oracle, process, config, time } = client;
  const names = keys.map((key) => fullKey(client, key));
  const invalidation = oracle.invalidation({
    kind: 'set',
    what: names.join(','),
    process,
    covers: ({ key, began }) => names.includes(key) && began < invalidation.called,
  });
  const used = kind === 'set' ? tags : [];
  const values = names.map((key) =>
    oracle.value({ key, process, kind: 'set', began: Number.POSITIVE_INFINITY }, used),
  );
  const cached = values.map(({ id, key }) => ({ id, key }));
  const ttl = options.ttl ?? '1m';
  const taken =
    kind === 'set'
      ? await cache.set(keys[0] as string, cached[0], { ttl, tags })
      : await cache.setMany(keys.map((key, i) => ({ key, value: cached[i], ttl })));
  if (!taken) return;
  oracle.resolve(invalidation, time.now());
  client.log(
    `  p${process} ${kind} ${names} in ${config.prefix} taken: ${values.map(({ id }) => `#${id}`)}`,
  );
  for (const value of values) value.began = invalidation.resolved as number;
}

async function invalidate(
  client: Client,
  kind: Kind,
  what: readonly string[],
  run: () => Promise<unknown>,
): Promise<void> {
  const { oracle, process, time, log } = client;
  const names = what.map((key) => fullKey(client, key));
  const start = fullKey(client, '');
  const covers: Record<Kind, (value: Value, called: number) => boolean> = {
    del: ({ key, began }, called) => names.includes(key) && began < called,
    set: () => false,
    invalidateTags: (value, called) =>
      value.key.startsWith(start) && what.some((tag) => namedAt(value, tag) < called),
    expire: ({ key, began }, called) => names.includes(key) && began < called,
    expireTags: (value, called) => covers.invalidateTags(value, called),
    clear: ({ key, began }, called) => key.startsWith(start) && began < called,
    delByPattern: (value, called) =>
      value.key.startsWith(start) &&
      ((value.kind === 'load' && value.process === process && value.began < called) ||
        (value.storedAt !== undefined && value.storedAt < called)),
  };
  const invalidation: Invalidation = oracle.invalidation({
    kind,
    what: kind === 'clear' || kind === 'delByPattern' ? start : what.join(','),
    process,
    covers: (value) => covers[kind](value, invalidation.called),
  });
  try {
    const answer = await run();
    // A store that knows no patterns has deleted nothing, and says so.
    if (kind === 'delByPattern' && answer === undefined) return;
    oracle.resolve(invalidation, time.now());
    log(`  p${process} ${kind} ${what} resolved`);
  } catch (error) {
    log(`  p${process} ${kind} ${what} rejected`);
    if (error instanceof CacheError && error.code === 'NOT_CONFIRMED') return;
    oracle.fail(`${kind} of ${what} rejected with ${error}`);
  }
}

/** A value of `set` has all its tags from the moment when it was taken. */
function namedAt({ kind, began, tags }: Value, tag: string): number {
  const named = tags.get(tag);
  if (named === undefined) return Number.POSITIVE_INFINITY;
  return kind === 'set' ? began : named;
}
