import type { InFlightTracker } from '../inflight/in-flight.js';
import type { Matches } from '../inflight/in-flight-read.js';
import type { VersionTracker } from '../reading/version-tracker.js';

interface Parts {
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
  { versions, inFlight }: Parts,
  keys: readonly string[],
): Promise<void> {
  const matches: Matches = ({ tags }) => keys.some((key) => tags.has(key));
  void inFlight.invalidate(matches);
  await Promise.all(keys.map((key) => versions.change(key, 'del')));
  inFlight.invalidateReads(matches);
}
