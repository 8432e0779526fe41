import type { Entry } from '../../model/entry.js';
import type { Emit } from '../../model/events.js';
import type { Snapshot } from '../../model/snapshot.js';
import { type Clock, withTimeout } from '../../model/time.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { EntryReader } from '../reading/entry-reader.js';
import type { StoreAccess } from '../store-access.js';
import type { BackgroundTasks } from './background-tasks.js';
import { joinerCopy } from './copies.js';
import { tooLong } from './load-context.js';
import type { Shared } from './load-coordinator.js';
import type { LoadRequest } from './load-request.js';

interface Parts {
  readonly access: StoreAccess;
  readonly reader: EntryReader;
  readonly background: BackgroundTasks;
  readonly clock: Clock;
  readonly emit: Emit;
}

const LATE = Symbol('late');

/**
 * The value that a caller waits for; or the last good one, where its load fails or takes longer than `softTimeout`.
 *
 * The last good value was read before the load began, so it is read again before it stands in: it may have been
 * invalidated meanwhile, or replaced by a better one.
 */
export async function lastGoodOrLoaded(
  { access, reader, background, clock, emit }: Parts,
  { address, policy, snapshot }: LoadRequest,
  { inFlight, hasJoined }: Shared,
): Promise<unknown> {
  const mayStandIn = (entry: Entry) => clock.now() < entry.expiresAt + policy.staleIfError;
  const lastGood =
    !policy.forceFresh && snapshot.entry && mayStandIn(snapshot.entry) ? snapshot.entry : undefined;
  const standIn = (entry: Entry, reason: 'error' | 'timeout', error?: unknown) => {
    emit({ type: 'stale-served', key: address.key, reason, error });
    return entry.value;
  };
  const outcome = hasJoined
    ? copyInTime(inFlight, access.can.sharesFrozen, policy.hardTimeout)
    : inFlight.outcome;
  try {
    const soft = lastGood && policy.softTimeout;
    const value = await (soft === undefined ? outcome : withTimeout(outcome, soft, () => LATE));
    // However long the load takes, what was invalidated while it ran must not be served.
    const again =
      value === LATE && !inFlight.isInvalidated && (await reader.read(address, policy.tags));
    if (again && lastGood && isSame(again, snapshot)) {
      // A failed load has told of it by an event of its own.
      background.run(
        outcome.catch(() => {}),
        policy.waitUntil,
      );
      return standIn(lastGood, 'timeout');
    }
    return value === LATE ? await outcome : value;
  } catch (error) {
    if (!lastGood) throw error;
    const again = await reader.read(address, policy.tags);
    const { entry } = again;
    // The load may have taken longer than the window lasts.
    if (!entry || !mayStandIn(entry) || (inFlight.isInvalidated && isSame(again, snapshot)))
      throw error;
    return standIn(entry, 'error', error);
  }
}

/**
 * For a caller who joined, and waits no longer than its own `hardTimeout`, whatever the caller that began the load
 * allows. The copy is made as soon as there is a value: the caller that gets the value itself may change it a moment
 * later.
 */
function copyInTime(
  inFlight: InFlightLoad,
  sharesFrozen: boolean,
  limitMs: number | undefined,
): Promise<unknown> {
  const copied = inFlight.outcome.then((value) => joinerCopy(inFlight, value, sharesFrozen));
  if (limitMs === undefined) return copied;
  return withTimeout(copied, limitMs, () => {
    throw tooLong(limitMs);
  });
}

/** Whether two reads saw one and the same entry. */
const isSame = (again: Snapshot, snapshot: Snapshot): boolean =>
  again.version === snapshot.version && again.entry?.createdAt === snapshot.entry?.createdAt;
