import { ABSENT, type ETag, type StoredObject } from './database.js';
import type { S3Record } from './record.js';

/*
 * An object's life. Every write has a fresh id in its body, and so a new ETag.
 *
 *                  set           del           set          end        lifecycle rule
 *     no object ──┬── value ────┬─ tombstone ─┬── value ───┬── value ───┬── no object ──▶
 *                 │  live       │             │  live      │  expired   │
 *     ETag:       │  a          │  b          │  c         │  c         │
 *
 * A fill that read "no object" applies only while there is none, a fill that read "a" only in the first span.
 * `add` applies while no live value exists: before the first set, on the tombstone, and from `end` on.
 *
 * "no object" returns a day or more after the last write, when no load that saw it before may fill.
 */

const OBJECT_IS_ABSENT = { IfNoneMatch: '*' } as const;
const etagIsAsSeen = (etag: ETag) => ({ IfMatch: etag }) as const;

/** The condition of one request to write, by the names of the SDK. */
export type Condition = typeof OBJECT_IS_ABSENT | ReturnType<typeof etagIsAsSeen>;

/** Holds as long as the object is as a read saw it. */
export const unchanged = (etag: ETag): Condition =>
  etag === ABSENT ? OBJECT_IS_ABSENT : etagIsAsSeen(etag);

/** The same as headers of HTTP. */
export const headersOf = (condition: Condition): Record<string, string> =>
  'IfMatch' in condition
    ? { 'if-match': condition.IfMatch }
    : { 'if-none-match': condition.IfNoneMatch };

/**
 * Holds while the key has no live value. S3 has no such condition, so the object is read, and written if it is still
 * the same. An object of another program has no record. It counts as a value, so that it stays.
 */
export const nothingLive = (
  object: StoredObject | undefined,
  record: S3Record | undefined,
  nowMs: number,
): boolean => !object || (record !== undefined && !record.isLive(nowMs));

/**
 * The condition of a write.
 *
 * - `always`: whatever the object is now.
 * - `nothing-live`: while the key has no live value.
 * - an ETag: as long as the object is as a read saw it.
 */
export type When = 'always' | 'nothing-live' | { readonly etag: ETag };
