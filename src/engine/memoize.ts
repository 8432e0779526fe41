import { type AnyKey, type CacheKey, type KeyFactory, keyText } from '../model/cache-key.js';
import { invalid } from '../model/errors.js';
import { checkFunction } from '../model/given.js';
import type { Policy } from '../model/policy.js';
import { checkPolicy } from '../model/resolve-policy.js';
import { afterTick } from '../resilience/after-tick.js';
import type { ServiceParts } from './assemble.js';
import { type ChainedLoad, currentLoads } from './inflight/load-chain.js';
import { throwIfAborted, untilAborted } from './loading/caller-wait.js';
import type { LoadContext } from './loading/load-context.js';
import type { LoadMany } from './loading/load-types.js';
import type { Lookup } from './lookup.js';
import { type LoadKeys, type Wanted, wrapEach } from './many.js';

/**
 * A function with the cache around it, from `CacheService.memoize` or `memoizeMany`.
 *
 * @example
 * ```ts
 * import type { Memoized } from '@glasswork/cache';
 *
 * async function rename(userOf: Memoized<{ name: string }, [id: string]>, id: string) {
 *   await userOf.del(id);
 *   return userOf(id);
 * }
 * ```
 */
export interface Memoized<T, A extends readonly unknown[]> {
  (...args: A): Promise<T>;
  /** The factory of its keys. */
  readonly key: KeyFactory<T, A>;
  /** `CacheService.del` for the key of these arguments. */
  del(...args: A): Promise<void>;
  /** `CacheService.expire` for the key of these arguments. */
  expire(...args: A): Promise<void>;
  /** Loads whatever is cached, and caches the outcome. */
  refresh(...args: A): Promise<T>;
}

type Args = readonly unknown[];

/** A function to put the cache around. */
interface Memo<T, A extends Args, Load> {
  readonly key: KeyFactory<T, A>;
  readonly load: Load;
  readonly policy: Policy | undefined;
}

/** See `CacheService.memoize`. */
export function memoize<T, A extends Args>(
  parts: ServiceParts,
  lookup: Lookup,
  memo: Memo<T, A, (...args: [...A, LoadContext<T>]) => T | Promise<T>>,
): Memoized<T, A> {
  const { key, load } = memo;
  checkMemo(memo);
  // Arguments that are left out must not move the context to their place.
  const count = Math.max(key.length, load.length - 1);
  // The number of arguments is known only here, at run time.
  const run = load as (...args: unknown[]) => unknown;
  return withVerbs(parts, memo, (args, options) => {
    const given = Array.from({ length: Math.max(args.length, count) }, (_none, i) => args[i]);
    const own = key(...args);
    return lookup.wrap(own, parts.policyOf(own, options), (context) => run(...given, context));
  });
}

/** See `CacheService.memoizeMany`. */
export function memoizeMany<T, A extends Args>(
  parts: ServiceParts,
  lookup: Lookup,
  memo: Memo<T, A, LoadMany<CacheKey<T, A>, T>>,
): Memoized<T, A> {
  const { key, load } = memo;
  checkMemo(memo);
  const batches = new Batches<CacheKey<T, A>>(parts, lookup, async (missing, context) => {
    return (await load(missing, context)) ?? [];
  });
  return withVerbs(parts, memo, (args, options) => {
    const own = key(...args);
    return batches.wrap({ key: own, policy: parts.policyOf(own, options) });
  });
}

function withVerbs<T, A extends Args>(
  { invalidation, addressOf }: ServiceParts,
  { key, policy = {} }: Memo<T, A, unknown>,
  wrap: (args: A, policy: Policy) => Promise<unknown>,
): Memoized<T, A> {
  const options = typeof policy === 'object' ? policy : { ttl: policy };
  const forced = { ...options, forceFresh: true };
  const call = (args: A, how: Policy): Promise<T> => {
    try {
      // The cache holds values of this key's type.
      return wrap(args, how) as Promise<T>;
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return Object.assign((...args: A) => call(args, policy), {
    key,
    del: async (...args: A) => invalidation.keys([addressOf(key(...args))]),
    expire: async (...args: A) => invalidation.expire(addressOf(key(...args))),
    refresh: (...args: A) => call(args, forced),
  });
}

function checkMemo<T, A extends Args>({ key, load, policy = {} }: Memo<T, A, unknown>): void {
  if (typeof key !== 'function') throw invalid('key', key, 'a factory from createCacheKey');
  checkFunction(load, 'load');
  checkPolicy(policy);
}

/** The calls issued in the same tick. */
interface Batch<K> {
  readonly isForced: boolean;
  /** The loads in which the calls were made. A cycle of loads then fails no other call. */
  readonly callers: readonly ChainedLoad[];
  readonly calls: (Wanted<K> & {
    resolve(value: unknown): void;
    reject(error: unknown): void;
  })[];
}

/** Looks up the keys of all calls issued in the same tick together, so that the missing ones become one load. */
class Batches<K extends AnyKey> {
  readonly #parts: ServiceParts;
  readonly #lookup: Lookup;
  readonly #load: LoadKeys<K>;
  #open: Batch<K>[] = [];

  constructor(parts: ServiceParts, lookup: Lookup, load: LoadKeys<K>) {
    this.#parts = parts;
    this.#lookup = lookup;
    this.#load = load;
  }

  wrap(wanted: Wanted<K>): Promise<unknown> {
    const { signal } = wanted.policy;
    throwIfAborted(signal);
    const hit = this.#lookup.localHit(wanted.key, keyText(wanted.key), wanted.policy);
    if (hit) return hit;
    const waiting = new Promise((resolve, reject) => {
      this.#batchOf(wanted).calls.push({ ...wanted, resolve, reject });
    });
    return signal ? untilAborted(signal, waiting) : waiting;
  }

  #batchOf({ policy }: Wanted<K>): Batch<K> {
    const callers = currentLoads();
    const isForced = policy.forceFresh;
    const open = this.#open.find((batch) => {
      return batch.isForced === isForced && isSame(batch.callers, callers);
    });
    if (open) return open;
    const batch: Batch<K> = { isForced, callers, calls: [] };
    this.#open.push(batch);
    afterTick(() => {
      this.#open = this.#open.filter((each) => each !== batch);
      void this.#send(batch);
    });
    return batch;
  }

  async #send({ calls, callers }: Batch<K>): Promise<void> {
    try {
      const values = await wrapEach(this.#parts, this.#lookup, {
        wanted: calls,
        load: this.#load,
        callers,
      });
      for (const [i, { resolve }] of calls.entries()) resolve(values[i]);
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}

const isSame = (some: readonly ChainedLoad[], others: readonly ChainedLoad[]): boolean =>
  some.length === others.length && some.every((load, i) => load === others[i]);
