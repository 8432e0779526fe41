import { Entry } from '../../model/entry.js';
import { copyOf } from '../../util/clone.js';
import { freezeDeep } from '../../util/deep-freeze.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { LoadRequest } from './load-request.js';

/** A value of its own for each caller, so that nobody sees what another does to it. */
export const ownCopy = (value: unknown): unknown => copyOf(value);

/** For a caller who joined a load: a copy of its own, or the one frozen copy where the store shares it. */
export function joinerCopy(
  load: InFlightLoad,
  value: unknown,
  sharesFrozen: boolean | undefined,
): unknown {
  if (!sharesFrozen) return copyOf(value);
  load.shared ??= copyOf(value);
  freezeDeep(load.shared);
  return copyOf(load.shared);
}

/**
 * The caller may change the stale value that it is served; the load, which is given it too, must not see that. A batch
 * is given none.
 */
export function withOwnStaleValue(requests: readonly LoadRequest[]): readonly LoadRequest[] {
  const [request] = requests;
  const entry = request?.snapshot.entry;
  if (!entry || requests.length > 1) return requests;
  const own = new Entry(entry, ownCopy(entry.value));
  return [{ ...request, snapshot: { ...request.snapshot, entry: own } }];
}
