import type { CacheStore } from '../model/cache-store.js';

/** The abilities of a store besides `get`, `set` and `del`. */
export interface StoreCapabilities {
  /** No record is evicted before its TTL, so absence is proof. */
  readonly isDurable: boolean;
  /** The store reads and compares versions, and so refuses fills that are older than an invalidation. */
  readonly fences: boolean;
  /** The store has tiers, and may return a copy from an upper one. */
  readonly hasTiers: boolean;
  /** The store holds values in this process, and can return them without waiting. */
  readonly holdsLocally: boolean;
  /** The store can write a record only if it is absent. */
  readonly leases: boolean;
  readonly deletesPatterns: boolean;
  /** Values of several megabytes are kept. */
  readonly keepsLarge: boolean;
}

/** Probes a store once, because its capabilities do not change while it is used. */
export const capabilitiesOf = (store: CacheStore): StoreCapabilities => ({
  isDurable: store.durable === true,
  fences: store.getVersioned !== undefined && store.setIfUnchanged !== undefined,
  hasTiers: store.getNearest !== undefined,
  holdsLocally: store.getIfPresent !== undefined,
  leases: store.add !== undefined,
  deletesPatterns: store.delByPattern !== undefined,
  keepsLarge: store.keepsLarge === true,
});
