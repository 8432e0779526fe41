import type { CacheStore, CacheVersion } from '../../model/cache-store.js';
import { CacheError } from '../../model/errors.js';

/** One key's value and version, as a store returns them. */
export interface StoredValue {
  readonly value: unknown;
  readonly version: CacheVersion | undefined;
  /** The reason why the stored value cannot be read. */
  readonly error?: unknown;
}

/** Reads one key in one of the ways below. */
export type ReadStored = (store: CacheStore, storageKey: string) => Promise<StoredValue>;

/** Reads from the nearest tier that has the value. A copy has no version. */
export const readNearest: ReadStored = (store, storageKey) =>
  store.getNearest?.(storageKey) ?? readVersioned(store, storageKey);

/** Reads with the version that a fill compares. */
export const readVersioned: ReadStored = (store, storageKey) =>
  store.getVersioned?.(storageKey) ?? readPlain(store, storageKey);

/** The same without replication lag. */
export const readConsistent: ReadStored = (store, storageKey) =>
  store.getVersioned?.(storageKey, { consistent: true }) ?? readPlain(store, storageKey);

/** Reads without a version. */
export const readPlain: ReadStored = async (store, storageKey) => {
  try {
    return { value: await store.get(storageKey), version: undefined };
  } catch (error) {
    if (isCorrupt(error)) return { value: undefined, version: undefined, error };
    throw error;
  }
};

/** Reads all values. An unreadable one does not affect the others. */
export async function readAll(
  store: CacheStore,
  storageKeys: readonly string[],
): Promise<StoredValue[]> {
  if (store.getMany && storageKeys.length > 0) {
    try {
      return (await store.getMany(storageKeys)).map((value) => ({ value, version: undefined }));
    } catch (error) {
      if (!isCorrupt(error)) throw error;
    }
  }
  return Promise.all(storageKeys.map((storageKey) => readPlain(store, storageKey)));
}

const isCorrupt = (error: unknown): boolean =>
  error instanceof CacheError && error.code === 'CORRUPT';
