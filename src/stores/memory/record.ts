import type { CacheVersion } from '../../model/cache-store.js';
import type { Entry } from '../../model/entry.js';
import type { Raw } from '../../serializers/serializer.js';
import { textBytes } from './heap-size.js';
import type { SieveNode } from './sieve.js';

/** The record that `MemoryCacheStore` holds under a key. */
export interface Stored extends SieveNode {
  readonly key: string;
  version: CacheVersion;
  /**
   * The serializer's output. Undefined in a token (which records only the version that a miss saw), and once parsed.
   */
  raw: Raw | undefined;
  /** The immutable part of a service's entry, which needs no copy. Its value is in `raw`. */
  envelope: Entry | undefined;
  /** The parsed value that all readers share, frozen. The first read replaces `raw` with it. */
  shared: unknown;
  /** The parsed value of which each reader gets a copy, because copying is faster than parsing JSON again. */
  tree: unknown;
  /** `PAST` in a token. */
  expiresAt: number;
  bytes: number;
}

/** A time before any other, so that a token, which has no value, never counts as live. */
export const PAST = -Infinity;

export const newRecord = (key: string): Stored => ({
  key,
  version: '',
  raw: undefined,
  envelope: undefined,
  shared: undefined,
  tree: undefined,
  expiresAt: PAST,
  bytes: 0,
  visited: false,
  newer: undefined,
  older: undefined,
});

/** Copies bytes, because a serializer may pass them on uncopied, and `v8.deserialize` returns views of them. */
export const ownRaw = (raw: Raw): Raw => (typeof raw === 'string' ? raw : Buffer.from(raw));

/** The size of a record without key and value, bytes of the heap: the object, its place in the map and its version. */
const RECORD_BYTES = 216;
/** The further size of a service's entry: its times and the prefix's version; and the version of each tag. */
const ENTRY_BYTES = 240;
const TAG_BYTES = 72;

/** The size of a record without its value. */
export const frameBytes = (key: string, envelope: Entry | undefined): number =>
  RECORD_BYTES +
  textBytes(key) +
  (envelope ? ENTRY_BYTES + TAG_BYTES * (envelope.versions.length - 1) : 0);

/** Gives the record new contents. Its version, its size and its place are the store's to change. */
export function refill(
  record: Stored,
  raw: Raw | undefined,
  envelope: Entry | undefined,
  expiresAt: number,
): void {
  record.raw = raw;
  record.envelope = envelope;
  record.shared = undefined;
  record.tree = undefined;
  record.expiresAt = expiresAt;
}
