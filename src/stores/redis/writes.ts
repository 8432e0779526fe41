import type { CacheVersion, StoreEntry } from '../../model/cache-store.js';
import { isPromise } from '../../util/promises.js';
import { uniqueId } from '../../util/unique-id.js';
import type { Connection, Kind } from './connection.js';
import { noTokenError } from './error.js';
import type { RedisKeys } from './keys.js';
import { NO_TOKEN } from './record.js';
import type { ValueMemo } from './value-memo.js';
import type { RecordValues } from './values.js';

/** A condition of a write, and how it is sent. */
export interface When {
  /** For messages. */
  readonly operation: string;
  /** `set`: always; `add`: if there is no value; else the version that the record must have. */
  readonly condition: string;
  readonly sending: Kind;
}

/** Never resent once bytes have left, because a late second copy would undo a later write. */
export const ALWAYS: When = { operation: 'set', condition: 'set', sending: 'once' };

export const NO_VALUE: When = { operation: 'add', condition: 'add', sending: 'once' };

/** Holds as long as the record has the version that a read saw. @throws CacheError for a read that left no token. */
export function ifUnchanged(version: CacheVersion, key: string, place: string): When {
  if (version === NO_TOKEN) throw noTokenError(key, place);
  return { operation: 'fill', condition: version, sending: 'write' };
}

/** Writes a record under a fresh version. Resolves to false if its condition does not hold. */
export type Write = (entry: StoreEntry, when: When) => Promise<boolean>;

interface Parts {
  readonly connection: Connection;
  readonly keys: RedisKeys;
  readonly values: RecordValues;
  readonly memo: ValueMemo;
}

export function versionedWrites({ connection, keys, values, memo }: Parts): Write {
  return async (entry, { operation, condition, sending }) => {
    const { key, ttl } = entry;
    const stored = keys.encode(key);
    const id = uniqueId();
    const made = values.body(entry, id);
    // An `await` for nothing would send the write after a `del` that was called after it.
    const { kind, body } = isPromise(made) ? await made : made;
    const ttlMs = Math.max(1, Math.round(ttl * 1000));
    const written = await connection.send(
      operation,
      key,
      (client) => client.glassworkCacheWrite(stored, id, ttlMs, kind, body, condition),
      sending,
    );
    if (Number(written) !== 1) return false;
    memo.add(stored);
    return true;
  };
}
