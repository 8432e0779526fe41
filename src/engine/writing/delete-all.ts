import type { CacheStore } from '../../model/cache-store.js';
import { allSettled } from '../../util/all-settled.js';

/** Deletes the keys, given by their storage keys, and adds those that the store has confirmed to `deleted`. */
export async function deleteAll(
  store: CacheStore,
  keys: ReadonlyMap<string, string>,
  deleted: Set<string>,
): Promise<void> {
  if (store.delMany && keys.size > 1) {
    await store.delMany([...keys.keys()]);
    for (const key of keys.values()) deleted.add(key);
    return;
  }
  await allSettled(
    Array.from(keys, async ([storageKey, key]) => {
      await store.del(storageKey);
      deleted.add(key);
    }),
  );
}
