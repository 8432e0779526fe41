import { type Entry, withEnvelope } from '../model/entry.js';
import { isRecord, type KeySpace } from '../model/key-space.js';
import type { StoredRecord } from '../stores/stored-record.js';

/** The start of every storage key of the service's users. */
export function userStart({ prefix }: KeySpace): string {
  return prefix === undefined ? '' : `${prefix}:`;
}

/** The user's key of a storage key, or undefined for a record of a service. */
export function userKey(storageKey: string, keys: KeySpace): string | undefined {
  if (isRecord(storageKey)) return undefined;
  const start = userStart(keys);
  if (!storageKey.startsWith(start)) return undefined;
  const key = storageKey.slice(start.length);
  // Without a prefix, a key that begins with "#" is set apart from the service's own records.
  return start === '' && key.startsWith('#key:') ? key.slice('#key:'.length) : key;
}

/** The entry of a record without its value, if there is one and it can be read. */
export function entryOf({ envelope, key }: StoredRecord): Entry | undefined {
  if (envelope === undefined) return undefined;
  try {
    return withEnvelope(envelope, '', key);
  } catch {
    return undefined;
  }
}

export type State = 'live' | 'stale' | 'expired' | StoredRecord['kind'];

/** The state by time alone: only `get` reads the versions of tags and prefix. */
export function stateOf(record: StoredRecord, now: number): State {
  if (record.kind !== 'value') return record.kind;
  if (now >= record.expiresAt) return 'expired';
  return now >= (entryOf(record)?.staleAt ?? Number.POSITIVE_INFINITY) ? 'stale' : 'live';
}
