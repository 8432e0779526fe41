import type { CacheStore } from '../../model/cache-store.js';
import { expiredSoftly, readEntry } from '../../model/entry.js';
import { CacheError } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';

/** The most times that a value is written back, because another write may come between each read and its write. */
const MOST_TRIES = 20;

interface Parts {
  readonly clock: Clock;
  /** How long values stay in the store after their expiry, milliseconds. Used if the store does not know. */
  readonly graceMs: number;
}

/**
 * Writes a live entry back, stale from its creation on:
 *
 *     load       reads v1 ── loads ───────────────────── fill, if still v1: refused
 *     expire          reads v1 ── writes the entry as stale, if still v1: now v2
 *
 * If the key has changed in between, its entry may be of a load that began before the call, so it is read again. The
 * store must compare versions. Resolves to false if nothing live is there, or if it cannot be written back.
 */
export async function expireEntry(
  { clock, graceMs }: Parts,
  store: CacheStore,
  storageKey: string,
): Promise<boolean> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const read = await store.getVersioned?.(storageKey, { consistent: true });
    const entry = readEntry(read?.value);
    if (!read || !entry) return false;
    const ttlMs = (read.expiresAt ?? entry.expiresAt + graceMs) - clock.now();
    if (!(ttlMs > 0)) return false;
    const stale = expiredSoftly(entry);
    try {
      if (await store.setIfUnchanged?.(storageKey, stale, ttlMs / 1000, read.version)) {
        await store.dropCopies?.(storageKey);
        return true;
      }
    } catch (error) {
      if (isUnwritable(error)) return false;
      throw error;
    }
  }
  return false;
}

/** True for a value that only just fitted into the store, and does not with one more time in its entry. */
const isUnwritable = (error: unknown): boolean =>
  error instanceof CacheError &&
  (error.code === 'VALUE_TOO_LARGE' || error.code === 'UNSERIALIZABLE');
