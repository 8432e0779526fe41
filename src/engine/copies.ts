import type { CacheStore } from '../model/cache-store.js';
import { withTimeout } from '../model/time.js';
import { copyOfData, structuralCopy } from '../util/clone.js';
import { freezeDeep, isFrozenDeep, isObject } from '../util/deep-freeze.js';
import { STORE_BUDGET_MS } from './store-access.js';

/** Stands for the copy of a value that cannot be copied. The value itself must not be returned instead. */
export const NOT_COPIED: unique symbol = Symbol('not copied');

/**
 * A copy of the value as a hit would return it, or a promise of one if the store's serializer is asynchronous. The
 * store makes it by a round trip through its serializer. For a store without `copy` it is a structured clone.
 *
 * Never throws or rejects: if the copy fails or takes too long, it returns `NOT_COPIED`. Copying starts at the call, so
 * later changes by the value's owner do not show in the copy.
 */
export function copyAsHit(store: CacheStore, value: unknown, storageKey: string): unknown {
  // A load may return undefined, which no store holds. Text is never copied.
  if (value === undefined || typeof value === 'string') return value;
  try {
    const copy = store.copy ? store.copy(value, storageKey) : structuralCopy(value);
    if (!isPromise(copy)) return asGiven(store, copy);
    const inTime = withTimeout(copy, STORE_BUDGET_MS, () => NOT_COPIED);
    return inTime.then(
      (made) => asGiven(store, made),
      () => NOT_COPIED,
    );
  } catch {
    return NOT_COPIED;
  }
}

/** A copy of a value that the store returned, or the value itself if the store shares frozen values. */
export function copyOfHit(store: CacheStore, value: unknown, storageKey: string): unknown {
  const isShared = store.sharesFrozen && isObject(value) && isFrozenDeep(value);
  return isShared ? value : copyAsHit(store, value, storageKey);
}

/**
 * A copy to write in place of a loaded value, which its caller may change before the store serialises it. The copy of
 * plain data is lossless. Anything else goes through the store's serializer: a class instance may have a `toJSON`, which
 * a clone would lack, and a serializer may not know the `Date` of another realm. May be a promise, like that of
 * `copyAsHit`.
 */
export function copyForStore(store: CacheStore, value: unknown, storageKey: string): unknown {
  if (isFrozenDeep(value)) return value;
  try {
    return copyOfData(value, 'own realm');
  } catch {
    return store.copy ? copyAsHit(store, value, storageKey) : NOT_COPIED;
  }
}

/** A load whose joiners get one common copy if the store shares frozen values. */
interface Shared {
  readonly storageKey: string;
  shared?: unknown;
}

/** The copy for a caller that joined the load: its own, or the common one if the store shares frozen values. */
export function copyForJoiner(store: CacheStore, load: Shared, value: unknown): unknown {
  if (load.shared === undefined || !isFrozenDeep(load.shared))
    load.shared = copyAsHit(store, value, load.storageKey);
  return load.shared;
}

function asGiven(store: CacheStore, copy: unknown): unknown {
  // A serializer that returns undefined has lost the value: such a record is never a hit.
  if (copy === undefined) return NOT_COPIED;
  if (store.sharesFrozen) freezeDeep(copy);
  return copy;
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof Object(value).then === 'function';
