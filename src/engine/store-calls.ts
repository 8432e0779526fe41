import type { CacheStore } from '../model/cache-store.js';
import type { StoreCall } from '../model/events.js';
import { monotonic } from '../model/time.js';

export type TellStoreCall = (store: string, call: StoreCall) => void;

/** Begins the measurement of one call. The returned function ends it, with the code of an error if it failed. */
export type StoreCalls = (operation: string, key: string | undefined) => (failure?: string) => void;

/**
 * Measures the calls to a store, for a listener that asks for them. The bytes since the last call go with the next one
 * that ends: their sums are right, although the calls of a batch share them in no particular way.
 */
export function storeCalls(store: CacheStore, tell: TellStoreCall): StoreCalls {
  const name = String(store.name ?? '');
  let bytes = { read: 0, written: 0 };
  store.measure?.((direction, count) => {
    bytes[direction] += count;
  });
  return (operation, key) => {
    const startMs = monotonic();
    return (failure) => {
      const durationMs = monotonic() - startMs;
      const { read, written } = bytes;
      bytes = { read: 0, written: 0 };
      tell(name, { operation, key, durationMs, failure, bytesRead: read, bytesWritten: written });
    };
  };
}
