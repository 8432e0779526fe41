import type { Entry } from '../../model/entry.js';
import type { Emit } from '../../model/events.js';
import type { Snapshot } from '../../model/snapshot.js';
import { type Clock, withTimeout } from '../../model/time.js';
import { copyForJoiner, NOT_COPIED } from '../copies.js';
import type { InFlightLoad } from '../inflight/in-flight.js';
import type { EntryReader } from '../reading/entry-reader.js';
import type { StoreAccess } from '../store-access.js';
import type { BackgroundTasks } from './background-tasks.js';
import { tooLong } from './load-context.js';
import type { LoadRequest } from './load-runner.js';

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
 *
 * `joined`: the load is another caller's. Where its value cannot be copied, `loadAlone` starts a load for this caller.
 */
export async function lastGoodOrLoaded(
  { access, reader, background, clock, emit }: Parts,
  { address, policy, snapshot }: LoadRequest,
  running: InFlightLoad,
  joined: boolean,
  loadAlone: () => InFlightLoad,
): Promise<unknown> {
  let flight = running;
  const mayStandIn = (entry: Entry) => clock.now() < entry.expiresAt + policy.staleIfError;
  const lastGood =
    !policy.forceFresh && snapshot.entry && mayStandIn(snapshot.entry) ? snapshot.entry : undefined;
  const standIn = (entry: Entry, reason: 'error' | 'timeout', error?: unknown) => {
    emit({ type: 'stale-served', key: address.key, reason, error });
    return entry.value;
  };
  // At once, before whoever gets the value itself can change it.
  const copied = async (value: unknown) => {
    const copy = await copyForJoiner(access.store, running, value);
    if (copy !== NOT_COPIED) return copy;
    flight = loadAlone();
    return flight.outcome;
  };
  const outcome = joined
    ? inTime(running.outcome.then(copied), policy.hardTimeout)
    : running.outcome;
  try {
    const soft = lastGood && policy.softTimeout;
    const value = await (soft === undefined ? outcome : withTimeout(outcome, soft, () => LATE));
    // However long the load takes, what was invalidated while it ran must not be served.
    const again =
      value === LATE && !flight.isInvalidated && (await reader.read(address, policy.tags));
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
    if (!entry || !mayStandIn(entry) || (flight.isInvalidated && isSame(again, snapshot)))
      throw error;
    return standIn(entry, 'error', error);
  }
}

/** Who joined waits no longer than its own `hardTimeout`, whatever the one who began the load allows. */
function inTime(outcome: Promise<unknown>, limitMs: number | undefined): Promise<unknown> {
  if (limitMs === undefined) return outcome;
  return withTimeout(outcome, limitMs, () => {
    throw tooLong(limitMs);
  });
}

/** Whether two reads saw one and the same entry. */
const isSame = (again: Snapshot, snapshot: Snapshot): boolean =>
  again.version === snapshot.version && again.entry?.createdAt === snapshot.entry?.createdAt;
