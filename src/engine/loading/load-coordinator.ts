import { CacheError } from '../../model/errors.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { ChainedLoad } from '../inflight/load-chain.js';
import type { StoreAccess } from '../store-access.js';
import type { LeasedLoad } from './leased-load.js';
import type { LoadAll, LoadRequest } from './load-request.js';
import type { LoadRunner } from './load-runner.js';
import { withStaleValue } from './stale-value.js';

interface Parts {
  readonly access: StoreAccess;
  readonly inFlight: InFlightTracker;
  readonly runner: LoadRunner;
  readonly leasedLoad: LeasedLoad;
}

/** The load that a caller waits for. A caller that joined gets a copy of its value. */
export interface Shared {
  readonly inFlight: InFlightLoad;
  readonly hasJoined: boolean;
}

/**
 * Decides who loads a miss: one caller in this process (single-flight) and, with a lease, one process of all.
 */
export class LoadCoordinator {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Joins running loads, and starts one for the remaining requests. Returns a load for each request, in their order.
   *
   * @throws CacheError `LOAD_FAILED` if a load to join waits for one of the callers, because neither would ever end.
   */
  load(requests: readonly LoadRequest[], load: LoadAll): Shared[] {
    this.#refuseCycles(requests);
    const running = requests.map((request) => this.#joinable(request));
    this.#makeWayForForced(requests);
    const missing = requests.filter((_request, i) => !running[i]);
    const started = this.#start(withStaleValue(this.#parts.access.store, missing), load);
    for (const [i, { called }] of missing.entries())
      if (started[i]) this.#parts.inFlight.abortIfOver(started[i], called);
    return running.map((joined) => ({
      // One load was started for each request that joins none, in their order.
      inFlight: joined ?? (started.shift() as InFlightLoad),
      hasJoined: joined !== undefined,
    }));
  }

  /** Starts a load for one caller, even if another runs: for a value that cannot be copied and so not shared. */
  loadAlone(request: LoadRequest, load: LoadAll): InFlightLoad {
    const { access, runner } = this.#parts;
    // One request starts one load.
    return runner.startAll(withStaleValue(access.store, [request]), load)[0] as InFlightLoad;
  }

  /**
   * Throws if a call would wait for its own load. This includes a load that callers no longer join because it has added
   * tags: a call for the same key inside it would start another load, which would start the next, without end.
   */
  #refuseCycles(requests: readonly LoadRequest[]): void {
    for (const request of requests) {
      const { address, policy, snapshot, callers } = request;
      if (callers.length === 0) continue;
      const running =
        this.#joinable(request) ??
        (policy.forceFresh
          ? undefined
          : this.#parts.inFlight.superseding(address.storageKey, snapshot));
      if (running) refuseCycle(running.chained, callers);
    }
  }

  /** Keeps older loads from caching their values, because a forced load is newer. Their callers still get them. */
  #makeWayForForced(requests: readonly LoadRequest[]): void {
    const forced = requests.filter(({ policy }) => policy.forceFresh);
    if (forced.length === 0) return;
    const storageKeys = new Set(forced.map(({ address }) => address.storageKey));
    void this.#parts.inFlight.replaceLoads(({ storageKey }) => storageKeys.has(storageKey));
  }

  #joinable({ address, policy, snapshot, called }: LoadRequest): InFlightLoad | undefined {
    if (policy.forceFresh) return undefined;
    return this.#parts.inFlight.joinable(address.storageKey, snapshot, called);
  }

  /** Takes a lease only for a key that is loaded alone. A batch waits for none of its keys. */
  #start(requests: readonly LoadRequest[], load: LoadAll): InFlightLoad[] {
    const { runner, leasedLoad } = this.#parts;
    const [only] = requests;
    if (requests.length !== 1 || !only || !needsLease(only)) return runner.startAll(requests, load);
    return [runner.start(only, (inFlight) => leasedLoad.run(only, inFlight, load))];
  }
}

const needsLease = ({ policy }: LoadRequest): boolean =>
  policy.lease?.misses === true && !policy.forceFresh;

function refuseCycle(joined: ChainedLoad, callers: readonly ChainedLoad[]): void {
  const path = joined.pathTo(callers);
  const caller = path?.at(-1);
  if (!path || !caller) return;
  const chain = [caller, ...path].map(({ key }) => `"${key}"`).join(' → ');
  throw new CacheError(
    'LOAD_FAILED',
    `The load of "${caller.key}" would wait for itself: ${chain}. Load "${joined.key}" without the cache there, or with forceFresh.`,
    { subject: joined.key },
  );
}
