import type { CacheVersion } from '../../model/cache-store.js';
import type { Condition } from './database.js';
import { ABSENT, UNVERSIONED } from './record.js';

/*
 * An item's life. Every write gives it a new version: a fresh id and the next count.
 *
 *               set           del           set          exp          expiresAt
 *     no item ──┬── value ────┬─ tombstone ─┬── value ───┬── value ───┬── no item ──▶
 *               │  live       │             │  live      │  expired   │
 *     version:  │  a 1        │  b 2        │  c 3       │  c 3       │
 *
 * A fill that read "no item" applies only while there is none, a fill that read "a 1" only in the first of these spans.
 * `add` applies where nothing live is: before the first set, on the tombstone, and from `exp` on.
 *
 * "no item" comes back only an hour or more after the last write, when no load that saw it before may fill any more.
 */

const ITEM_IS_ABSENT = 'attribute_not_exists(#pk)';
const ITEM_EXISTS = 'attribute_exists(#pk)';
/** The item is absent, too, or a tombstone. */
const VALUE_IS_ABSENT = 'attribute_not_exists(#value)';
/** False where there is no `exp`: a value of another program stays. */
const VALUE_HAS_EXPIRED = '#exp <= :now';
/** Another program wrote the item. */
const VERSION_IS_ABSENT = 'attribute_not_exists(#ver)';
const ID_IS_AS_SEEN = '#ver = :seenVer';
/** A write that was sent twice has the same id and counts twice. */
const COUNT_IS_AS_SEEN = '#n = :seenN';

/** Holds where there is no live value. */
export const nothingLive = (nowMs: number): Condition => ({
  expression: `${VALUE_IS_ABSENT} OR ${VALUE_HAS_EXPIRED}`,
  values: { ':now': nowMs },
});

/** Holds as long as the item has the version that a read saw. */
export function unchanged(version: CacheVersion): Condition {
  if (version === ABSENT) return { expression: ITEM_IS_ABSENT, values: {} };
  if (version === UNVERSIONED) {
    return { expression: `${ITEM_EXISTS} AND ${VERSION_IS_ABSENT}`, values: {} };
  }
  const [id, n] = version.split(' ');
  return {
    expression: `${ID_IS_AS_SEEN} AND ${COUNT_IS_AS_SEEN}`,
    values: { ':seenVer': id, ':seenN': Number(n) },
  };
}
