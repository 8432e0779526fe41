import type { CacheStore } from '../../model/cache-store.js';
import type { Snapshot } from '../../model/snapshot.js';
import { copyOfHit, NOT_COPIED } from '../copies.js';
import type { LoadRequest } from './load-request.js';

/**
 * Gives the load the stale value, as a copy, because the caller may change the one that it is served. The requests of a
 * batch get none: its context is one for all of them.
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

/** The request after another read. No caller has that value, so the load may have it as it is. */
export const readAgain = (request: LoadRequest, snapshot: Snapshot): LoadRequest => ({
  ...request,
  snapshot,
  staleValue: snapshot.entry?.value,
});
