import type { CacheStore, CacheVersion, VersionedRead } from '../../model/cache-store.js';
import { CacheError } from '../../model/errors.js';
import { LONGEST_LIFE_MS } from '../../model/time.js';
import { softValue, versionsOf } from '../../model/version-line.js';
import { uniqueId } from '../../util/unique-id.js';

/** Version records outlive every entry that depends on them, by a day, because clocks differ. */
const RECORD_TTL = LONGEST_LIFE_MS / 1000 + 86_400;

/** The most conditional writes of one soft change, if the store refuses them although nothing has changed. */
const MOST_TRIES = 5;

/** A version record as read. `version` has both versions of the record. */
export async function readRecord(
  store: CacheStore,
  record: string,
): Promise<VersionedRead<unknown>> {
  if (!store.getVersioned) {
    const value = await store.get(record);
    return { value, version: versionsOf(value, typeof value === 'string' ? value : '') };
  }
  const read = await store.getVersioned(record);
  return { ...read, version: versionsOf(read.value, read.version) };
}

/** The version of a record, which is created if it is missing. Undefined if it is missing then. */
export async function knownRecord(
  store: CacheStore,
  record: string,
): Promise<CacheVersion | undefined> {
  let read = await readRecord(store, record);
  if (read.value === undefined) {
    await addRecord(store, record);
    read = await readRecord(store, record);
  }
  return read.value === undefined ? undefined : read.version;
}

/** Starts a new line: every entry that carries an older version is invalid. */
export const changeRecord = (store: CacheStore, record: string): Promise<void> =>
  store.set(record, uniqueId(), RECORD_TTL);

/**
 * The version of a tag without a record, so that it was not invalidated while a load ran. Undefined if it has one, or if the
 * store cannot tell. For tags that are known only once their value has been loaded.
 */
export async function unusedVersion(
  store: CacheStore,
  record: string,
  isDurable: boolean,
): Promise<CacheVersion | undefined> {
  const id = uniqueId();
  if (!isDurable && !(await store.add?.(record, id, RECORD_TTL))) return undefined;
  const { value, version } = await readRecord(store, record);
  // An invalidation may have replaced the new record before the read.
  return value === (isDurable ? undefined : id) ? version : undefined;
}

/** Creates a missing record. */
export const addRecord = (store: CacheStore, record: string): Promise<unknown> =>
  store.add ? store.add(record, uniqueId(), RECORD_TTL) : store.set(record, uniqueId(), RECORD_TTL);

/**
 * One soft change of a record, whose tries share what they have read:
 *
 *     consistent read: hard v1, current v2 ── write "continues v1" if still v2
 *       └─ refused, or the reply was lost ── read again: v3? changed after a read of this call, so it counts as ours
 *
 * A change after such a read came after the call, by this process or another. So no load that began before the call
 * carries its version, and no further write is needed. A late copy of the write is refused, because it needs v2.
 */
export class SoftChange {
  readonly #record: string;
  readonly #isDurable: boolean;
  #seen: CacheVersion | undefined;

  constructor(record: string, isDurable: boolean) {
    this.#record = record;
    this.#isDurable = isDurable;
  }

  /** @throws The store's error, or that of a record that cannot be read: its line is unknown. */
  async run(store: CacheStore): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const read = await store.getVersioned?.(this.#record, { consistent: true });
      if (!read || read.error !== undefined) throw read?.error ?? unreadable(store);
      const { value, version } = read;
      // Where records may be evicted, a missing one invalidates what depends on it. A load under way may create it, from
      // data of before this call. So this call creates it first, or makes the load's stale.
      if (value === undefined && !this.#isDurable) {
        if (await store.setIfUnchanged?.(this.#record, uniqueId(), RECORD_TTL, version)) return;
        continue;
      }
      if (value !== undefined && typeof value !== 'string') throw unreadable(store);
      this.#seen ??= version;
      if (version !== this.#seen) return;
      const next = softValue(versionsOf(value, version));
      if (await store.setIfUnchanged?.(this.#record, next, RECORD_TTL, version)) return;
    }
    const message = `The store "${store.name}" refuses conditional writes of an unchanged record: is it full?`;
    throw new CacheError('STORE_FAILED', message);
  }
}

const unreadable = (store: CacheStore): CacheError =>
  new CacheError(
    'CORRUPT',
    `The record of the tag in the store "${store.name}" cannot be read: use invalidateTags, which replaces it.`,
  );
