import type { CacheVersion } from './cache-store.js';

/*
 * A tag's record has two versions. The hard one changes with `invalidateTags`, the current one also with `expireTags`:
 *
 *     record    invalidateTags ─ v1      expireTags ─ v2      expireTags ─ v3      invalidateTags ─ v4
 *     versions  hard v1, current v1      v1, v2               v1, v3               v4, v4
 *
 * An entry carries the versions from before its load. It is valid while the hard one is in force, and not stale while
 * the current one is. Both are one text, so that everything that only compares versions compares both. If they are
 * equal, the text is that version alone, as in entries that carry one version for both.
 */

/** Begins a text with two versions. A single version that begins with it is written twice. */
const PAIR = '~';
const PAIRED = /^~(\d+):/;

/** Begins the value of a soft record. The rest is the hard version that the record continues. */
const SOFT = 'soft:';

const pairOf = (hard: CacheVersion, current: CacheVersion): CacheVersion =>
  hard === current && !hard.startsWith(PAIR) ? hard : `${PAIR}${hard.length}:${hard}${current}`;

/** The hard version of a text with one or two versions. */
export function hardVersion(version: CacheVersion): CacheVersion {
  const [start, length] = PAIRED.exec(version) ?? [];
  return start === undefined ? version : version.slice(start.length, start.length + Number(length));
}

/** The value of a record that continues the line of this version. */
export const softValue = (version: CacheVersion): string => SOFT + hardVersion(version);

/** The versions of a record, from its value and the version that the store gave it. */
export const versionsOf = (value: unknown, version: CacheVersion): CacheVersion =>
  typeof value === 'string' && value.startsWith(SOFT)
    ? pairOf(value.slice(SOFT.length), version)
    : pairOf(version, version);
