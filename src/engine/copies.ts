import type { CacheStore } from '../model/cache-store.js';
import { withTimeout } from '../model/time.js';
import { structuralCopy } from '../util/clone.js';
import { freezeDeep, isFrozenDeep } from '../util/deep-freeze.js';
import { STORE_BUDGET_MS } from './store-access.js';

/** Stands for the copy of a value that cannot be copied. Nobody may be given the value itself in its place. */
export const NOT_COPIED: unique symbol = Symbol('not copied');

/**
 * A copy of the value as a hit would give it, or a promise of one where the store's serializer is asynchronous. The
 * store makes it by a round trip through its serializer; for a store that has no `copy` it is a structured clone.
 *
 * Never throws or rejects: without a copy, or without one in time, it gives `NOT_COPIED`. The copy is begun at the call,
 * so that it does not show what the owner of the value does to it afterwards.
 */
export function copyAsHit(store: CacheStore, value: unknown, storageKey: string): unknown {
  // A load may give undefined, which no store holds.
  if (value === undefined || isPlainText(value)) return value;
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

/** A copy of what the store gave a reader: the value itself where the store shares it. */
export function copyOfHit(store: CacheStore, value: unknown, storageKey: string): unknown {
  return store.sharesFrozen && isFrozenDeep(value) ? value : copyAsHit(store, value, storageKey);
}

/** A load whose joiners are given one copy in common, where the store shares. */
interface Shared {
  readonly storageKey: string;
  shared?: unknown;
}

/** The copy for one who joined the load: its own, or the one of all who joined where the store shares it. */
export function copyForJoiner(store: CacheStore, load: Shared, value: unknown): unknown {
  if (!store.sharesFrozen) return copyAsHit(store, value, load.storageKey);
  if (load.shared === undefined || !isFrozenDeep(load.shared))
    load.shared = copyAsHit(store, value, load.storageKey);
  return load.shared;
}

function asGiven(store: CacheStore, copy: unknown): unknown {
  // A serializer that gives undefined for a value has none: such a record is never a hit.
  if (copy === undefined) return NOT_COPIED;
  if (store.sharesFrozen) freezeDeep(copy);
  return copy;
}

/** Text and its like: nobody can change it, and a hit gives it as it is. */
const isPlainText = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'boolean' || value === null;

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof Object(value).then === 'function';
