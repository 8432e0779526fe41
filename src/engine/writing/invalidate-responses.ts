import type { KeySpace } from '../../model/key-space.js';
import { firstVariantKey } from '../../model/response-key.js';
import type { Clock } from '../../model/time.js';
import { allSettled } from '../../util/all-settled.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { Matches, Strength } from '../inflight/in-flight-read.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';
import { expireEntry } from './expire-entry.js';

interface Parts {
  readonly access: StoreAccess;
  readonly clock: Clock;
  readonly keys: KeySpace;
  readonly versions: VersionTracker;
  readonly inFlight: InFlightTracker;
}

/**
 * Invalidates all variants of cached responses: the first one of each URL by its own record, and all others by the tag that
 * is named like the URL's key. It is no invalidation of the user's, so neither an event nor `onInvalidate` reports it.
 *
 *     load of a variant   reads tag v1 ── copies the first one ──────────────────── its copy carries v1
 *     del                                        deletes the first one ── tag is now v2
 *
 * In this order, because in the other one the load could read v2 and then the first one.
 *
 * @throws CacheError `NOT_CONFIRMED`.
 */
export async function invalidateResponses(
  parts: Parts,
  keys: readonly string[],
  strength: Strength = 'hard',
): Promise<void> {
  const { access, versions, inFlight } = parts;
  const firsts = new Map(keys.map((key) => [parts.keys.key(firstVariantKey(key)), key]));
  const matches: Matches = ({ storageKey, tags }) =>
    firsts.has(storageKey) || keys.some((key) => tags.has(key));
  // A store that compares no versions knows no soft changes.
  const inProcess = access.can.fences ? strength : 'hard';
  void inFlight.invalidate(matches, inProcess);
  const ofFirsts = allSettled(
    Array.from(firsts, ([storageKey, key]) => removeFirst(parts, storageKey, key, inProcess)),
  );
  await ofFirsts.catch(() => {});
  const ofTags = keys.map((key) =>
    strength === 'soft' ? versions.soften(key, 'expire') : versions.change(key, 'del'),
  );
  const all = allSettled([ofFirsts, ...ofTags]);
  await all.finally(() => inFlight.invalidateReads(matches, inProcess));
}

/** Softly, it deletes a record that holds nothing live: the load of one under way began before the call. */
function removeFirst(
  { access, clock }: Parts,
  storageKey: string,
  key: string,
  strength: Strength,
): Promise<void> {
  const isSoft = strength === 'soft';
  return access.confirm(isSoft ? 'expire' : 'del', key, async (store) => {
    if (isSoft && (await expireEntry({ clock, graceMs: 0 }, store, storageKey))) return;
    await store.del(storageKey);
  });
}
