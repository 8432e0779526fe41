import type { StoreEntry } from '../../model/cache-store.js';
import { isPromise } from '../../util/promises.js';
import { uniqueId } from '../../util/unique-id.js';
import type { When } from './conditions.js';
import type { Connection } from './connection.js';
import type { RedisKeys } from './keys.js';
import type { ValueMemo } from './value-memo.js';
import type { RecordValues } from './values.js';

/**
 * Writes a record under a fresh version. Resolves to false if its condition does not hold. `isOvertaken` is asked right
 * before it is sent. Once it returns true, the record is not sent and counts as written.
 */
export type Write = (
  entry: StoreEntry,
  when: When,
  isOvertaken?: () => boolean,
) => Promise<boolean>;

interface Parts {
  readonly connection: Connection;
  readonly keys: RedisKeys;
  readonly values: RecordValues;
  readonly memo: ValueMemo;
}

export function versionedWrites({ connection, keys, values, memo }: Parts): Write {
  return async (entry, { operation, condition, sending }, isOvertaken) => {
    const { key, ttl } = entry;
    const stored = keys.encode(key);
    const id = uniqueId();
    const made = values.body(entry, id);
    // An `await` for nothing would send the write after a `del` that was called after it.
    const { kind, body } = isPromise(made) ? await made : made;
    if (isOvertaken?.()) return true;
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
