import { type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { isRecord } from '../../src/model/key-space.js';
import { storeLike } from './helpers.js';

export interface HeldWrites {
  readonly store: CacheStore;
  /** The writes of values that wait to be sent, the oldest first. */
  readonly held: { readonly key: string; land(): void; fail(): void }[];
}

/**
 * A store whose writes of values reach `base` when the test says so. Until then nothing is serialised, as in a client
 * that queues what it is given.
 */
export function heldWrites(base: CacheStore = new MemoryCacheStore()): HeldWrites {
  const held: HeldWrites['held'] = [];
  const hold = <T>(key: string, write: () => Promise<T>): Promise<T> =>
    isRecord(key)
      ? write()
      : new Promise((resolve, reject) => {
          const land = () => void write().then(resolve, reject);
          held.push({ key, land, fail: () => reject(new Error('store is down')) });
        });
  const { set, setIfUnchanged } = base;
  const store = storeLike(base, {
    getIfPresent: undefined,
    set: (key: string, value: unknown, ttl: number) =>
      hold(key, () => set.call(base, key, value, ttl)),
    ...(setIfUnchanged && {
      setIfUnchanged: (key: string, value: unknown, ttl: number, version: string) =>
        hold(key, () => setIfUnchanged.call(base, key, value, ttl, version)),
    }),
  });
  return { store, held };
}
