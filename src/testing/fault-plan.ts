import type { CacheStore } from '../model/cache-store.js';
import { givenList, givenObject } from '../model/given.js';

/** The methods of a store that can fail on purpose. */
export type StoreMethod = Exclude<
  keyof CacheStore,
  | 'name'
  | 'durable'
  | 'sharesFrozen'
  | 'keepsLarge'
  | 'getIfPresent'
  | 'measure'
  | 'problems'
  | 'warm'
  | 'close'
>;

/** One call to a store, as a fault plan and a pause see it. */
export interface StoreOperation {
  readonly method: StoreMethod;
  /** The keys. For `delByPattern` the pattern; for `clear` empty. */
  readonly keys: readonly string[];
  /** The number of earlier operations on this store. */
  readonly index: number;
}

/**
 * The fault of one operation.
 *
 * - `error`: it rejects and is not applied.
 * - `hang`: it never settles; with `applied`, it is still applied.
 * - `lost-reply`: it is applied, but rejects.
 * - `replay`: it is applied and answers, and is applied again later, like a request that was sent twice.
 * - `partial`: of a batch of writes only the first `applied` are applied, and it rejects. Any other operation rejects
 *   and is not applied.
 * - `stale`: a read returns the state of `ageMs` ago, unless it is consistent; needs a `history`.
 * - `evict`: the records are gone before the operation arrives. Only for stores that may evict, never `durable` ones.
 * - `lost-write`: it answers as if applied, but is not. An evicting store may do that to a value by dropping it right
 *   after the check of the condition. For `del` or a tag's version it breaks the contract.
 */
export type Fault =
  | { readonly kind: 'error' | 'lost-reply' | 'replay' | 'evict' | 'lost-write' }
  | { readonly kind: 'hang'; readonly applied?: boolean }
  | { readonly kind: 'partial'; readonly applied: number }
  | { readonly kind: 'stale'; readonly ageMs: number };

/** Decides the fault of an operation. Undefined means none. */
export type FaultPlan = (operation: StoreOperation) => Fault | undefined;

/** The points where an operation can be paused: before it is applied, before it answers, before it is applied again. */
export type StorePoint = 'request' | 'reply' | 'replay';

/** Faults by method, one per call in turn. After the last one nothing fails. */
export function scriptedFaults(
  script: Partial<Record<StoreMethod, readonly (Fault | undefined)[]>>,
): FaultPlan {
  const calls = new Map<StoreMethod, number>();
  return ({ method }) => {
    const call = calls.get(method) ?? 0;
    calls.set(method, call + 1);
    return script[method]?.[call];
  };
}

/**
 * Random faults, the same for the same seed: each operation fails with the probability `rate`, by any of `faults`.
 *
 * @example
 * ```ts
 * import { MemoryCacheStore } from '@glasswork/cache';
 * import { faultyStore, seededFaults } from '@glasswork/cache/testing';
 *
 * const plan = seededFaults({ seed: 7, rate: 0.1, faults: [{ kind: 'error' }, { kind: 'lost-reply' }] });
 * const store = faultyStore(new MemoryCacheStore(), { plan });
 * ```
 */
export function seededFaults(options: {
  readonly seed: number;
  readonly rate: number;
  readonly faults: readonly Fault[];
}): FaultPlan {
  const { rate, faults } = givenObject(options);
  givenList(faults, 'faults');
  let state = options.seed >>> 0;
  const random = () => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => (random() < rate ? faults[Math.floor(random() * faults.length)] : undefined);
}
