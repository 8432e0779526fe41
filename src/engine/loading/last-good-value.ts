import type { Entry } from '../../model/entry.js';
import type { Emit } from '../../model/event-log.js';
import { type Clock, withTimeout } from '../../model/time.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { EntryReader } from '../reading/entry-reader.js';
import type { StoreAccess } from '../store-access.js';
import type { BackgroundTasks } from './background-tasks.js';
import { type Awaited, CallerWait } from './caller-wait.js';
import { knownTags, type LoadRequest } from './load-request.js';

interface Parts {
  readonly access: StoreAccess;
  readonly reader: EntryReader;
  readonly inFlight: InFlightTracker;
  readonly background: BackgroundTasks;
  readonly clock: Clock;
  readonly emit: Emit;
}

const TIMED_OUT = Symbol('timed out');

/**
 * The loaded value, or the last good one if the load fails or takes longer than `softTimeout`.
 *
 * The last good value was read before the load began, so it is read again before it is served: it may have been
 * invalidated or replaced meanwhile, and its window may have ended.
 */
export function lastGoodOrLoaded(
  parts: Parts,
  request: LoadRequest,
  awaited: Awaited,
): Promise<unknown> {
  const { policy, snapshot } = request;
  const wait = new CallerWait(parts, request, awaited);
  const hasLastGood =
    !policy.forceFresh && snapshot.entry && mayStandIn(parts, request, snapshot.entry);
  return hasLastGood ? lastGoodOr(wait, parts, request) : wait.toEnd();
}

/** The outcome of the wait, or the last good value. */
async function lastGoodOr(wait: CallerWait, parts: Parts, request: LoadRequest): Promise<unknown> {
  const { background, emit } = parts;
  const { address, policy } = request;
  const standIn = (entry: Entry, reason: 'error' | 'timeout', error?: unknown) => {
    emit({ type: 'stale-served', key: address.key, reason, error });
    return entry.value;
  };
  try {
    const { softTimeout } = policy;
    if (softTimeout === undefined) return await wait.outcome;
    const value = await withTimeout(wait.outcome, softTimeout, () => TIMED_OUT);
    if (value !== TIMED_OUT) return value;
    const entry = await lastGoodAfter('timeout', parts, request, wait.inFlight);
    if (!entry) return await wait.outcome;
    const { inFlight } = wait;
    // A failed load reports its own event.
    const isKept = background.run(request, async () => {
      await inFlight.ended();
      return [inFlight.chained];
    });
    inFlight.run.enterBackground(isKept);
    return standIn(entry, 'timeout');
  } catch (error) {
    const entry = await lastGoodAfter('error', parts, request, wait.inFlight);
    if (!entry) throw error;
    return standIn(entry, 'error', error);
  } finally {
    wait.end();
  }
}

/** The entry that may be served instead. A value that was invalidated while the load ran must not be served. */
async function lastGoodAfter(
  reason: 'error' | 'timeout',
  parts: Parts,
  request: LoadRequest,
  inFlight: InFlightLoad,
): Promise<Entry | undefined> {
  const { address, policy, snapshot } = request;
  if (reason === 'timeout' && inFlight.isInvalidated) return undefined;
  const again = await parts.inFlight.guard(
    { storageKey: address.storageKey, tags: policy.tags },
    () => parts.reader.read(address, policy.tags),
    // Invalidated while it was read again.
    (read, watch) =>
      watch.isInvalidated(knownTags({ policy, snapshot: read })) ? undefined : read,
  );
  const entry = again?.entry;
  if (!again || !entry || policy.signal?.aborted || !mayStandIn(parts, request, entry))
    return undefined;
  // Any other entry is newer and better.
  const isSame = entry.createdAt === snapshot.entry?.createdAt;
  return isSame && inFlight.isInvalidated ? undefined : entry;
}

const mayStandIn = ({ clock }: Parts, { policy }: LoadRequest, entry: Entry): boolean =>
  clock.now() < entry.expiresAt + policy.staleIfError &&
  (policy.caller?.accepts(entry, 'last-good') ?? true);
