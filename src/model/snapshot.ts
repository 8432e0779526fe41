import type { StandardSchemaV1 } from './cache-key.js';
import type { CacheVersion } from './cache-store.js';
import type { ReadDependencyVersions } from './dependency.js';
import type { Entry, Freshness } from './entry.js';
import type { MissReason } from './events.js';

/** One key: as the caller wrote it, as the store sees it, and the schema of its values. */
export interface Address {
  readonly key: string;
  readonly storageKey: string;
  readonly schema: StandardSchemaV1 | undefined;
}

/** The result of one read of a key. */
export interface Snapshot {
  /** An entry that is not invalidated and matches the schema. It may have expired, within a stale-if-error window. */
  readonly entry?: Entry | undefined;
  readonly state: Freshness | 'none';
  /** The reason for a miss, if the entry cannot be served. */
  readonly reason: MissReason;
  /** The version that a fill compares. Undefined if the store has no versions or could not be read. */
  readonly version: CacheVersion | undefined;
  /**
   * The versions that a load starting now would carry. Undefined if the key could not be read, or was read from an
   * upper tier. Then nothing may be filled.
   */
  readonly versions: ReadDependencyVersions | undefined;
  /** The current versions of tags in the stored entry that the call did not ask for, even if it is invalidated. */
  readonly carried?: ReadDependencyVersions | undefined;
  /** The start of the read, by the wall clock and the monotonic one. */
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** A snapshot whose entry may be served. */
export type Servable = Snapshot & { readonly entry: Entry; readonly state: 'fresh' | 'stale' };

export const isServable = (snapshot: Snapshot): snapshot is Servable =>
  snapshot.state === 'fresh' || snapshot.state === 'stale';

export const isFresh = (snapshot: Snapshot): snapshot is Servable => snapshot.state === 'fresh';

/** True for a copy from an upper tier: it may be served, but no load or refresh may start from it. */
export const isCopy = ({ entry, versions }: Snapshot): boolean =>
  entry !== undefined && versions === undefined;
