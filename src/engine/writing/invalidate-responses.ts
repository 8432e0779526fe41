import type { InFlightTracker } from '../inflight/in-flight.js';
import type { Matches, Strength } from '../inflight/in-flight-read.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';

interface Parts {
  readonly access: StoreAccess;
  readonly versions: VersionTracker;
  readonly inFlight: InFlightTracker;
}

/**
 * Invalidates all variants of cached responses, by the tags that are named like their keys. It is no invalidation of the
 * user's, so neither an event nor `onInvalidate` reports it.
 *
 * @throws CacheError `NOT_CONFIRMED`.
 */
export async function invalidateResponses(
  { access, versions, inFlight }: Parts,
  keys: readonly string[],
  strength: Strength = 'hard',
): Promise<void> {
  const matches: Matches = ({ tags }) => keys.some((key) => tags.has(key));
  // A store that compares no versions knows no soft changes.
  const inProcess = access.can.fences ? strength : 'hard';
  void inFlight.invalidate(matches, inProcess);
  await Promise.all(
    keys.map((key) =>
      strength === 'soft' ? versions.soften(key, 'expire') : versions.change(key, 'del'),
    ),
  );
  inFlight.invalidateReads(matches, inProcess);
}
