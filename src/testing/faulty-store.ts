import type { CacheStore, NearestRead, ReadOptions, VersionedRead } from '../model/cache-store.js';
import { Entry, isEntry } from '../model/entry.js';
import { givenObject } from '../model/given.js';
import { copyOfData } from '../util/clone.js';
import type { FaultPlan, StoreMethod, StoreOperation, StorePoint } from './fault-plan.js';
import type { PastState, StoreHistory } from './store-history.js';

export interface FaultyStoreOptions {
  /** Default: no faults. */
  readonly plan?: FaultPlan;
  /**
   * Awaited at each point of an operation. It gives latency without a clock: the test decides what continues, and when.
   */
  readonly pause?: (operation: StoreOperation, point: StorePoint) => Promise<void> | void;
  /** The earlier states of the records, for `stale`. All wrappers of a store share one history. */
  readonly history?: StoreHistory;
  /**
   * The longest lag of a stale read, milliseconds. For that time after a write this wrapper reads the key without lag,
   * because a process sees its own invalidations. Default 1,000.
   */
  readonly lagMs?: number;
}

/**
 * Wraps a store so that it fails on purpose, like a remote store, for tests of code that must survive it. It has the
 * capabilities of the inner store, so a service treats both alike, except `getIfPresent`, because a remote store holds
 * nothing in this process. One wrapper represents one process.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 * import { faultyStore, scriptedFaults } from '@glasswork/cache/testing';
 *
 * const plan = scriptedFaults({ del: [{ kind: 'lost-reply' }] });
 * const cache = new CacheService(faultyStore(new MemoryCacheStore(), { plan }));
 * await cache.del('user:1').catch((error) => console.log(error.code)); // NOT_CONFIRMED
 * await cache.del('user:1'); // the second try is confirmed
 * ```
 */
export function faultyStore(inner: CacheStore, options: FaultyStoreOptions = {}): CacheStore {
  const { read, write } = operations(givenObject(inner, 'inner'), givenObject(options));
  const { durable, sharesFrozen, keepsLarge, has, add, getMany, setMany, delMany, delByPattern } =
    inner;
  const { clear, copy, warm, close, getNearest, getVersioned, setIfUnchanged, dropCopies } = inner;
  return {
    name: `faulty ${inner.name}`,
    ...(durable !== undefined && { durable }),
    ...(sharesFrozen !== undefined && { sharesFrozen }),
    ...(keepsLarge !== undefined && { keepsLarge }),
    get: <T>(key: string) => read('get', [key], () => inner.get<T>(key), recalled<T | undefined>),
    set: (key, value, ttl) => {
      const sent = asSent(value);
      return write('set', [key], () => inner.set(key, sent, ttl), undefined);
    },
    del: (key) => write('del', [key], () => inner.del(key), undefined),
    ...(has && {
      has: (key) =>
        read(
          'has',
          [key],
          () => has.call(inner, key),
          (now, [past]) => (past ? past.value !== undefined : now),
        ),
    }),
    ...(add && {
      add: (key, value, ttl) => {
        const sent = asSent(value);
        return write('add', [key], () => add.call(inner, key, sent, ttl), true);
      },
    }),
    ...(getMany && {
      getMany: <T>(keys: readonly string[]) =>
        read(
          'getMany',
          keys,
          () => (getMany<T>).call(inner, keys),
          (now, past) => now.map((value, i) => recalled(value, [past[i]])),
        ),
    }),
    ...(setMany && {
      setMany: (entries) => {
        const keys = entries.map(({ key }) => key);
        const sent = entries.map((entry) => ({ ...entry, value: asSent(entry.value) }));
        const apply = (count: number) => setMany.call(inner, sent.slice(0, count));
        return write('setMany', keys, apply, undefined);
      },
    }),
    ...(delMany && {
      delMany: (keys) => {
        const apply = (count: number) => delMany.call(inner, keys.slice(0, count));
        return write('delMany', keys, apply, undefined);
      },
    }),
    ...(delByPattern && {
      delByPattern: (pattern) =>
        write('delByPattern', [pattern], () => delByPattern.call(inner, pattern), 0),
    }),
    ...(clear && { clear: () => write('clear', [], () => clear.call(inner), undefined) }),
    ...(getVersioned && {
      getVersioned: <T>(key: string, how?: ReadOptions) =>
        read(
          'getVersioned',
          [key],
          () => (getVersioned<T>).call(inner, key, how),
          (now, [past]) =>
            // The answer of an earlier read of this key.
            how?.consistent || past?.version === undefined ? now : (past as VersionedRead<T>),
        ),
    }),
    ...(getNearest && {
      getNearest: <T>(key: string) =>
        read(
          'getNearest',
          [key],
          () => (getNearest<T>).call(inner, key),
          // The answer of an earlier read of this key.
          (now, [past]) => (past?.version === undefined ? now : (past as NearestRead<T>)),
        ),
    }),
    ...(setIfUnchanged && {
      setIfUnchanged: (key, value, ttl, version) => {
        const sent = asSent(value);
        const apply = () => setIfUnchanged.call(inner, key, sent, ttl, version);
        return write('setIfUnchanged', [key], apply, true);
      },
    }),
    ...(dropCopies && {
      dropCopies: (key) => write('dropCopies', [key], () => dropCopies.call(inner, key), undefined),
    }),
    ...('serializer' in inner && { serializer: inner.serializer }),
    ...(copy && { copy: <T>(value: T, key: string) => (copy<T>).call(inner, value, key) }),
    ...(warm && { warm: () => warm.call(inner) }),
    ...(close && { close: () => close.call(inner) }),
  };
}

/** Copies the arguments, because a store writes them as they were at the call, however late and however often. */
function asSent<T>(value: T): T {
  // An entry for an entry.
  if (isEntry(value)) return new Entry(value, asSent(value.value)) as T;
  try {
    return copyOfData(value);
  } catch {
    return value;
  }
}

type Past = readonly (PastState | undefined)[];

// The answer of an earlier read of this key.
const recalled = <T>(now: T, [past]: Past): T => (past ? (past.value as T) : now);

function operations(inner: CacheStore, options: FaultyStoreOptions) {
  const { plan, pause, history, lagMs = 1_000 } = options;
  const ownWrites = new Map<string, number>();
  let ownSweep = -Infinity;
  let operationCount = 0;

  const begin = async (method: StoreMethod, keys: readonly string[]) => {
    const operation = { method, keys, index: operationCount++ };
    const fault = plan?.(operation);
    await pause?.(operation, 'request');
    if (fault?.kind === 'error') throw failure(operation, 'it was not applied');
    if (fault?.kind === 'evict') await Promise.all(keys.map((key) => inner.del(key)));
    return { operation, fault };
  };

  const remember = (method: StoreMethod, keys: readonly string[]) => {
    const now = history?.now() ?? 0;
    // Only the store knows the keys that these two change.
    if (method === 'delByPattern' || method === 'clear') ownSweep = now;
    for (const key of keys) ownWrites.set(key, now);
  };

  const pastOf = (key: string, ageMs: number): PastState | undefined => {
    if (!history) return undefined;
    const wroteAt = Math.max(ownWrites.get(key) ?? -Infinity, ownSweep);
    if (history.now() - wroteAt <= lagMs) return undefined;
    return history.asOf(key, Math.min(ageMs, lagMs));
  };

  async function read<R>(
    method: StoreMethod,
    keys: readonly string[],
    apply: () => Promise<R>,
    recall: (now: R, past: Past) => R,
  ): Promise<R> {
    const { operation, fault } = await begin(method, keys);
    if (fault?.kind === 'hang') return new Promise(() => {});
    const now = await apply();
    const past = fault?.kind === 'stale' ? keys.map((key) => pastOf(key, fault.ageMs)) : [];
    await pause?.(operation, 'reply');
    if (fault?.kind === 'lost-reply') throw failure(operation, 'its answer was lost');
    if (fault?.kind === 'partial') throw failure(operation, 'a part of its answer was lost');
    // A clone, because no two reads of a store return the same object.
    return recall(now, structuredClone(past));
  }

  async function write<R>(
    method: StoreMethod,
    keys: readonly string[],
    apply: (count: number) => Promise<R>,
    answer: R,
  ): Promise<R> {
    const { operation, fault } = await begin(method, keys);
    const applied = async (count: number) => {
      remember(method, keys);
      await history?.note(inner, keys.slice(0, count));
      return apply(count).finally(() => remember(method, keys));
    };
    if (fault?.kind === 'hang') {
      if (fault.applied) await applied(keys.length).catch(() => {});
      return new Promise(() => {});
    }
    if (fault?.kind === 'partial') {
      const count = Math.min(fault.applied, keys.length - 1);
      if (count > 0) await applied(count);
      throw failure(operation, `${Math.max(count, 0)} of ${keys.length} were applied`);
    }
    const lost = fault?.kind === 'lost-write';
    const isConditional = method === 'setIfUnchanged' || method === 'add';
    const result = lost && !isConditional ? answer : await applied(keys.length);
    // A store that drops a value immediately has still checked the condition.
    if (lost && isConditional && result === answer) {
      await Promise.all(keys.map((key) => inner.del(key)));
    }
    if (fault?.kind === 'replay') void again(operation, () => applied(keys.length));
    await pause?.(operation, 'reply');
    if (fault?.kind === 'lost-reply') throw failure(operation, 'it was applied');
    return result;
  }

  async function again(operation: StoreOperation, apply: () => Promise<unknown>): Promise<void> {
    try {
      await pause?.(operation, 'replay');
      await apply();
    } catch {
      // Nothing waits for the second of two answers.
    }
  }

  return { read, write };
}

const failure = ({ method, keys }: StoreOperation, what: string) =>
  new Error(`${method} of ${JSON.stringify(keys)} failed on purpose: ${what}.`);
