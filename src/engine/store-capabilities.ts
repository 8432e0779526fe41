import type { CacheStore } from '../model/cache-store.js';

/** The abilities of a store besides `get`, `set` and `del`. */
export interface StoreCapabilities {
  /** Absence is proof: no record is evicted before its TTL. */
  readonly isDurable: boolean;
  /** Readers share one frozen value. */
  readonly sharesFrozen: boolean;
  /** It reads versions and compares them, and so refuses a fill that an invalidation has overtaken. */
  readonly fences: boolean;
  /** It has tiers, and may answer with a copy from a nearer one than the last. */
  readonly hasTiers: boolean;
  /** It holds values in this process, and can answer without waiting. */
  readonly holdsLocally: boolean;
  /** It can write a record only where there is none. */
  readonly leases: boolean;
  readonly deletesPatterns: boolean;
}

/** Asked once: which capabilities a store has does not change while it is used. */
export const capabilitiesOf = (store: CacheStore): StoreCapabilities => ({
  isDurable: store.durable === true,
  sharesFrozen: store.sharesFrozen === true,
  fences: store.getVersioned !== undefined && store.setIfUnchanged !== undefined,
  hasTiers: store.getNearest !== undefined,
  holdsLocally: store.getIfPresent !== undefined,
  leases: store.add !== undefined,
  deletesPatterns: store.delByPattern !== undefined,
});
