import type { CacheStore } from '@glasswork/cache';
import { escapeGlob } from '../../src/util/glob.js';

/** A driver for the second level of bentocache. */
export interface BentoDriver {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ttlMs?: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  deleteMany(keys: string[]): Promise<boolean>;
  pull(key: string): Promise<unknown>;
  clear(): Promise<void>;
  namespace(name: string): BentoDriver;
  disconnect(): Promise<void>;
}

const YEAR_SECONDS = 365 * 86_400;

/** A store as a driver of bentocache: every namespace is a part of the prefix. */
export function bentoDriver(store: CacheStore, prefix: string): BentoDriver {
  const at = (key: string) => `${prefix}:${key}`;
  const driver: BentoDriver = {
    get: (key) => store.get(at(key)),
    async set(key, value, ttlMs) {
      await store.set(at(key), value, ttlMs === undefined ? YEAR_SECONDS : ttlMs / 1000);
      return true;
    },
    async delete(key) {
      const was = await store.has?.(at(key));
      await store.del(at(key));
      return was ?? false;
    },
    async deleteMany(keys) {
      await store.delMany?.(keys.map(at));
      return true;
    },
    async pull(key) {
      const value = await driver.get(key);
      await driver.delete(key);
      return value;
    },
    async clear() {
      await store.delByPattern?.(`${escapeGlob(prefix)}:*`);
    },
    namespace: (name) => bentoDriver(store, at(name)),
    disconnect: async () => {},
  };
  return driver;
}
