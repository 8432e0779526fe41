import type { CacheStore } from '../../model/cache-store.js';
import type { Snapshot } from '../../model/snapshot.js';
import { copyOfHit, NOT_COPIED } from '../copies.js';
import type { LoadRequest } from './load-request.js';

/**
 * Adds a copy of the stale value for the load's context. A copy, because the caller may change the value that it gets.
 * Requests of a batch get none, because they share one context.
 */
export function withStaleValue(
  store: CacheStore,
  requests: readonly LoadRequest[],
): readonly LoadRequest[] {
  const [request] = requests;
  const entry = request?.snapshot.entry;
  if (!entry || requests.length > 1) return requests;
  const copy = copyOfHit(store, entry.value, request.address.storageKey);
  const staleValue = Promise.resolve(copy).then((made) => (made === NOT_COPIED ? undefined : made));
  return [{ ...request, staleValue }];
}

/** The request with a newer snapshot. No caller has its value, so the load needs no copy. */
export const readAgain = (request: LoadRequest, snapshot: Snapshot): LoadRequest => ({
  ...request,
  snapshot,
  staleValue: snapshot.entry?.value,
});
