import type { KeySpace } from '../../model/key-space.js';
import { firstVariantKey } from '../../model/response-key.js';
import type { Clock } from '../../model/time.js';
import { allSettled } from '../../util/all-settled.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { Matches, Strength } from '../inflight/in-flight-read.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';
import { deleteAll } from './delete-all.js';
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
  const ofFirsts = inProcess === 'soft' ? expireFirsts(parts, firsts) : deleteFirsts(parts, firsts);
  await ofFirsts.catch(() => {});
  const ofTags = keys.map((key) =>
    strength === 'soft' ? versions.soften(key, 'expire') : versions.change(key, 'del'),
  );
  const all = allSettled([ofFirsts, ...ofTags]);
  await all.finally(() => inFlight.invalidateReads(matches, inProcess));
}

type Firsts = ReadonlyMap<string, string>;

function deleteFirsts({ access }: Parts, firsts: Firsts): Promise<void> {
  const subject = firsts.size === 1 ? [...firsts.values()][0] : `${firsts.size} keys`;
  return access.confirm('del', subject, (store) => deleteAll(store, firsts, new Set()));
}

/** Deletes a record that holds nothing live: the load of one under way began before the call. */
async function expireFirsts({ access, clock }: Parts, firsts: Firsts): Promise<void> {
  await allSettled(
    Array.from(firsts, ([storageKey, key]) =>
      access.confirm('expire', key, async (store) => {
        const hasExpired = await expireEntry({ clock, graceMs: 0 }, store, storageKey);
        if (!hasExpired) await store.del(storageKey);
      }),
    ),
  );
}
