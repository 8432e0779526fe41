import type { CacheStore } from '../../model/cache-store.js';
import { CacheError } from '../../model/errors.js';
import { notice } from '../../model/notice.js';

/**
 * True for a `DaxDocument`. It has the methods of a document client and those of a plain client under their own names.
 * The name of its class does not count, because minifiers change it.
 */
export function isDax(client: unknown): boolean {
  const { get, getItem, batchGet, batchGetItem } = Object(client);
  return [get, getItem, batchGet, batchGetItem].every((method) => typeof method === 'function');
}

/**
 * Takes the members from a store on DAX that DAX cannot serve. DAX answers reads from caches of items and of misses, so
 * a version that it returns proves nothing, and `add` could not tell an absent item from one that another node wrote.
 */
export function withoutVersions(store: CacheStore): void {
  Object.assign(store, { getVersioned: undefined, setIfUnchanged: undefined, add: undefined });
  notice(
    store.name,
    'the client is DAX, which caches items and misses: no fence against late fills, no leases, and an invalidated value may be read until the item TTL of DAX ends. See docs/dax.md.',
  );
}

/** The error for a function that returns a `DaxDocument`: a store must know at construction what it can do. */
export function daxTooLate(): CacheError {
  const message =
    'client is a function that returns a DaxDocument: give the DaxDocument itself, because the store then works without versions.';
  return new CacheError('INVALID_OPTION', message, { subject: 'client' });
}
