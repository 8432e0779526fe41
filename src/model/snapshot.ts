import type { StandardSchemaV1 } from './cache-key.js';
import type { CacheVersion } from './cache-store.js';
import type { ReadDependencyVersions } from './dependency.js';
import type { Entry, Freshness } from './entry.js';
import type { MissReason } from './events.js';

/** One key: as the caller wrote it, as it is written in the store, and what its values must look like. */
export interface Address {
  readonly key: string;
  readonly storageKey: string;
  readonly schema: StandardSchemaV1 | undefined;
}

/** The result of one read of a key. */
export interface Snapshot {
  /** Not invalidated, and it matches the schema; expired when a stale-if-error window keeps it. */
  readonly entry?: Entry | undefined;
  readonly state: Freshness | 'none';
  /** Why nothing can be served, where nothing can. */
  readonly reason: MissReason;
  /** The version that a fill compares; undefined where the store has no versions or could not be read. */
  readonly version: CacheVersion | undefined;
  /**
   * The versions that a load which begins now would carry. Undefined when the key could not be read, and in what was read from a
   * nearer tier than the last: then nothing may be filled.
   */
  readonly versions: ReadDependencyVersions | undefined;
  /** The versions in force of the tags that the stored entry carries and nobody asked for; invalidated entries too. */
  readonly carried?: ReadDependencyVersions | undefined;
  /** When the read began, by the wall clock and by the monotonic one. */
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** A snapshot whose value can be served. */
export type Servable = Snapshot & { readonly entry: Entry; readonly state: 'fresh' | 'stale' };

export const isServable = (snapshot: Snapshot): snapshot is Servable =>
  snapshot.state === 'fresh' || snapshot.state === 'stale';

/** True for a copy from a nearer tier than the last: it may be served, but no load or refresh may start from it. */
export const isCopy = ({ entry, versions }: Snapshot): boolean =>
  entry !== undefined && versions === undefined;
