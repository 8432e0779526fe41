import { FAILED } from '../../model/failed.js';
import { monotonic } from '../../model/time.js';
import { uniqueId } from '../../util/unique-id.js';
import type { StoreAccess } from '../store-access.js';

/** A lease that this process may load under; `release` frees those who wait when no value came of it. */
export interface Lease {
  release(): Promise<void>;
}

/**
 * One load in the fleet: a small record of its own says who loads.
 *
 *     A   miss at v1   add lease@v1: taken ── load ── fill (now v2)
 *     B   miss at v1   add lease@v1: held  ── look ── look ── finds A's value
 *     del              now v3: B looks, sees v3, and takes lease@v3; A's fill at v1 is refused
 *     A dies           the lease runs out; B stops waiting at its own limit in any case
 *
 * It is named by the version too, so an invalidation frees the waiters, and it says nothing of correctness: two loads
 * at once cost an origin call, and the fence lets one of them fill.
 */
export async function takeLease(
  access: StoreAccess,
  record: string,
  key: string,
  ttlMs: number,
): Promise<Lease | 'held' | undefined> {
  const token = uniqueId();
  const until = monotonic() + ttlMs;
  const sleeps = access.freezes();
  const taken = await access.attempt('lease', key, async (store) =>
    store.add?.(record, token, ttlMs / 1000),
  );
  if (taken === false) return 'held';
  // A store that cannot say who loads must not keep anybody from loading.
  if (taken !== true) return undefined;
  return {
    async release() {
      // Later, it may be somebody else's; after a freeze too, which not every monotonic clock counts.
      if (monotonic() >= until || access.freezes() !== sleeps) return;
      await access.attempt('release lease', key, (store) => store.del(record));
    },
  };
}

/** Whether somebody holds the lease; an unreadable one is free, so that nobody waits for nothing. */
export async function isHeld(access: StoreAccess, record: string, key: string): Promise<boolean> {
  const token = await access.attempt('read lease', key, (store) => store.get(record));
  return token !== FAILED && token !== undefined;
}
