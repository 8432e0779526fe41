import type { Emit } from '../../model/event-log.js';
import { isCopy } from '../../model/snapshot.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { InFlightReads } from '../inflight/in-flight-read.js';
import type { ChainedLoad } from '../inflight/load-chain.js';
import type { EntryReader } from '../reading/entry-reader.js';
import type { StoreAccess } from '../store-access.js';
import type { BackgroundTasks } from './background-tasks.js';
import type { Lease, Leases } from './lease.js';
import { identityOf, knownTags, type LoadAll, type LoadRequest } from './load-request.js';
import type { LoadRunner } from './load-runner.js';
import { readAgain, withStaleValue } from './stale-value.js';

interface Parts {
  readonly access: StoreAccess;
  readonly leases: Leases;
  readonly reader: EntryReader;
  readonly runner: LoadRunner;
  readonly inFlight: InFlightTracker;
  readonly background: BackgroundTasks;
  readonly emit: Emit;
}

/** A request that this process refreshes, with its lease. */
interface Claim {
  readonly request: LoadRequest;
  readonly lease: Lease | undefined;
}

type Attempt = 'first' | 'after a freeze';

/** Refreshes stale values in the background, unless another caller or process already does. */
export class BackgroundRefresh {
  readonly #parts: Parts;
  /** Requests that wait for their lease and have no load in flight yet. */
  readonly #claiming = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(requests: readonly LoadRequest[], load: LoadAll): void {
    const idle = requests.filter(
      (request) => !this.#claiming.has(identityOf(request)) && !this.#isLoading(request),
    );
    const [first] = idle;
    if (!first) return;
    for (const request of idle) this.#claiming.add(identityOf(request));
    const { access, background } = this.#parts;
    const due = withStaleValue(access.store, idle);
    background.run(first, (isKept) => this.#refresh(due, load, isKept, 'first'));
  }

  async #refresh(
    requests: readonly LoadRequest[],
    load: LoadAll,
    isKept: boolean,
    attempt: Attempt,
  ): Promise<readonly ChainedLoad[]> {
    const { claimed, loads } = await this.#claimAndLoad(requests, load, isKept, attempt);
    const isFrozen = await Promise.all(
      loads.map((inFlight) =>
        // A failed load reports its own event.
        inFlight.outcome.then(
          async () => {
            await inFlight.landed;
            return false;
          },
          () => inFlight.hasFrozen,
        ),
      ),
    );
    const again = claimed.filter((_request, i) => isFrozen[i]);
    const chained = loads.map((inFlight) => inFlight.chained);
    if (attempt === 'after a freeze' || again.length === 0) return chained;
    return [...chained, ...(await this.#refresh(again, load, isKept, 'after a freeze'))];
  }

  /** Starts the load of the requests that this process must refresh, except those it has invalidated meanwhile. */
  #claimAndLoad(
    requests: readonly LoadRequest[],
    load: LoadAll,
    isKept: boolean,
    attempt: Attempt,
  ): Promise<{ claimed: readonly LoadRequest[]; loads: readonly InFlightLoad[] }> {
    const watched = requests.map((request) => ({
      storageKey: request.address.storageKey,
      tags: knownTags(request),
    }));
    return this.#parts.inFlight.guardAll(
      watched,
      () => Promise.all(requests.map((request) => this.#claim(request, attempt))),
      (claims, watches) => {
        for (const request of requests) this.#claiming.delete(identityOf(request));
        return this.#loadClaimed(claims, watches, load, isKept);
      },
    );
  }

  async #loadClaimed(
    claims: readonly (Claim | undefined)[],
    watches: InFlightReads,
    load: LoadAll,
    isKept: boolean,
  ): Promise<{ claimed: readonly LoadRequest[]; loads: readonly InFlightLoad[] }> {
    const isOvertaken = (claim: Claim | undefined, i: number) =>
      claim !== undefined && watches.invalidatedBy(i, knownTags(claim.request)) !== undefined;
    const overtaken = claims.filter(isOvertaken);
    const kept = claims.flatMap((claim) => (claim && !overtaken.includes(claim) ? [claim] : []));
    const claimed = kept.map(({ request }) => request);
    for (const { address, snapshot } of claimed) {
      const reason = snapshot.state === 'stale' ? 'stale' : 'early';
      this.#parts.emit({ type: 'refresh', key: address.key, reason });
    }
    const leases = kept.map(({ lease }) => lease);
    const loads = this.#parts.runner.startAll(claimed, load, leases);
    for (const { run } of loads) run.enterBackground(isKept);
    await Promise.all(overtaken.map((claim) => claim?.lease?.release()));
    return { claimed, loads };
  }

  /**
   * Undefined if another process refreshes the value or has done so. A copy is first read again from the last tier, and
   * so is the value of a refresh that failed after a freeze.
   */
  async #claim(request: LoadRequest, attempt: Attempt): Promise<Claim | undefined> {
    const readAgain = attempt === 'after a freeze' || isCopy(request.snapshot);
    const due = readAgain ? await this.#stillDue(request) : request;
    if (!due) return undefined;
    const lease = await this.#parts.leases.take(due);
    return lease === 'held' ? undefined : { request: due, lease };
  }

  /**
   * The request by the last tier's current state. Undefined if that has a better entry or none, or a load is running.
   */
  async #stillDue(request: LoadRequest): Promise<LoadRequest | undefined> {
    const { address, policy, snapshot: before } = request;
    const snapshot = await this.#parts.reader.read(address, policy.tags);
    // A stale copy beside a fresh entry is an older one, even if both were made in the same millisecond.
    const isSame =
      before.state === 'fresh' && snapshot.entry?.createdAt === before.entry?.createdAt;
    const current = readAgain(request, snapshot);
    return (isSame || snapshot.state === 'stale') && !this.#isLoading(current)
      ? current
      : undefined;
  }

  #isLoading({ address, snapshot }: LoadRequest): boolean {
    return this.#parts.inFlight.superseding(address.storageKey, snapshot) !== undefined;
  }
}
