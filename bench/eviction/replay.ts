import { MemoryCacheStore } from '@glasswork/cache/memory';
import { LRUCache } from 'lru-cache';
import { rawBytes } from '../../src/stores/memory/heap-size.js';
import { frameBytes } from '../../src/stores/memory/record.js';
import type { Item, Trace } from './trace.js';

/** A number of entries, or of bytes as `sizeOf` counts them. */
export type Capacity = { readonly maxEntries: number } | { readonly maxBytes: number };

/** The memory of an item, as `MemoryCacheStore` estimates it: both get the same room. */
export const sizeOf = ({ key, text }: Pick<Item, 'key' | 'text'>): number =>
  frameBytes(key, undefined) + rawBytes(text);

export interface Contestant {
  /** True if the item was found. Otherwise it is stored, if there is room for it. */
  read(item: Item, now: number): boolean | Promise<boolean>;
  write(item: Item, now: number): void | Promise<void>;
}

/** The share of the reads that missed, those of scans left out. */
export async function missRatio({ accesses }: Trace, contestant: Contestant): Promise<number> {
  let reads = 0;
  let misses = 0;
  for (const { kind, item, at, scan } of accesses) {
    if (kind === 'write') {
      await contestant.write(item, at);
      continue;
    }
    const hit = await contestant.read(item, at);
    if (scan) continue;
    reads++;
    if (!hit) misses++;
  }
  return misses / reads;
}

/** `MemoryCacheStore` as the service uses it: a miss leaves a token, and a fill needs it. */
export function memoryStore(capacity: Capacity): Contestant {
  let time = 0;
  const store = new MemoryCacheStore({
    // Not the bound that is compared.
    ...{ maxEntries: Infinity, maxBytes: Infinity, ...capacity },
    clock: { now: () => time },
    serializer: { name: 'text', serialize: String, deserialize: (raw) => raw },
  });
  // A value larger than everything is refused, as lru-cache does without a word.
  const refused = () => {};
  return {
    async read({ key, text, ttlMs }, now) {
      time = now;
      if (store.getIfPresent(key) !== undefined) return true;
      const { version } = await store.getVersioned(key);
      await store.setIfUnchanged(key, text, ttlMs / 1000, version).catch(refused);
      return false;
    },
    async write({ key, text, ttlMs }, now) {
      time = now;
      await store.set(key, text, ttlMs / 1000).catch(refused);
    },
  };
}

/** lru-cache takes its time from the system, so what is too old is deleted here, as it does itself with a `ttl`. */
export function lruCache(capacity: Capacity): Contestant {
  const cache = new LRUCache<string, { expiresAt: number; size: number }>(
    'maxEntries' in capacity
      ? { max: capacity.maxEntries }
      : { maxSize: capacity.maxBytes, sizeCalculation: ({ size }) => size },
  );
  const write = ({ key, text, ttlMs }: Item, now: number) => {
    cache.set(key, { expiresAt: now + ttlMs, size: sizeOf({ key, text }) });
  };
  return {
    read(item, now) {
      const found = cache.get(item.key);
      if (found && now < found.expiresAt) return true;
      if (found) cache.delete(item.key);
      write(item, now);
      return false;
    },
    write,
  };
}
