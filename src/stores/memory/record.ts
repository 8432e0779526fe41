import type { CacheVersion } from '../../model/cache-store.js';
import type { Entry } from '../../model/entry.js';
import type { SieveNode } from './sieve.js';

export type Raw = string | Uint8Array;

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

export const bytesOf = (key: string, raw: Raw | undefined): number =>
  Buffer.byteLength(key) + (raw === undefined ? 0 : Buffer.byteLength(raw));
