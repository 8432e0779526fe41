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
 * A fill that read "no item" applies only while the item is absent, a fill that read "a 1" only in the first span.
 * `add` applies while no live value exists: before the first set, on the tombstone, and from `exp` on.
 *
 * "no item" returns an hour or more after the last write. By then no load that saw it before may still fill.
 */

const ITEM_IS_ABSENT = 'attribute_not_exists(#pk)';
const ITEM_EXISTS = 'attribute_exists(#pk)';
/** True for an absent item and for a tombstone. */
const VALUE_IS_ABSENT = 'attribute_not_exists(#value)';
/** False without `exp`, so that a value of another program stays. */
const VALUE_HAS_EXPIRED = '#exp <= :now';
/** True for an item that another program wrote. */
const VERSION_IS_ABSENT = 'attribute_not_exists(#ver)';
const ID_IS_AS_SEEN = '#ver = :seenVer';
/** Needed besides the id, because a write that was sent twice keeps its id and counts twice. */
const COUNT_IS_AS_SEEN = '#n = :seenN';

/** Holds while the key has no live value. */
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
