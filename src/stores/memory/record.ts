import type { CacheVersion } from '../../model/cache-store.js';
import type { Entry } from '../../model/entry.js';
import { type Raw, textBytes } from './heap-size.js';
import type { SieveNode } from './sieve.js';

/** What `MemoryCacheStore` holds under a key. */
export interface Stored extends SieveNode {
  readonly key: string;
  version: CacheVersion;
  /** Undefined in a token (a record that only says which version a miss saw), and once it was read. */
  raw: Raw | undefined;
  /** What needs no copy of an entry of the service, whose value alone is in `raw`. */
  envelope: Entry | undefined;
  /** What the first read has made of `raw`, in whose place it is: what every reader is given, frozen. */
  shared: unknown;
  /** The same where each reader gets a copy: JSON is copied faster than it is parsed. */
  tree: unknown;
  /** `TOKEN` in a token. */
  expiresAt: number;
  bytes: number;
}

/** Over at any time. */
export const TOKEN = -Infinity;

export const newRecord = (key: string): Stored => ({
  key,
  version: '',
  raw: undefined,
  envelope: undefined,
  shared: undefined,
  tree: undefined,
  expiresAt: TOKEN,
  bytes: 0,
  visited: false,
  newer: undefined,
  older: undefined,
});

/** A serializer may give or take bytes as they are, and `v8.deserialize` gives parts of them. */
export const ownRaw = (raw: Raw): Raw => (typeof raw === 'string' ? raw : Buffer.from(raw));

/** What a record needs besides its key and value, bytes of the heap: itself, its place in the map and its version. */
const RECORD_BYTES = 216;
/** And what an entry of the service needs: its times and the version of the prefix; and that of each tag. */
const ENTRY_BYTES = 240;
const TAG_BYTES = 72;

/** Of a record without its value. */
export const frameBytes = (key: string, envelope: Entry | undefined): number =>
  RECORD_BYTES +
  textBytes(key) +
  (envelope ? ENTRY_BYTES + TAG_BYTES * (envelope.versions.length - 1) : 0);
