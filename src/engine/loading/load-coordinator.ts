import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import { withOwnStaleValue } from './copies.js';
import type { LeasedLoad } from './leased-load.js';
import type { LoadAll, LoadRequest } from './load-request.js';
import type { LoadRunner } from './load-runner.js';

interface Parts {
  readonly inFlight: InFlightTracker;
  readonly runner: LoadRunner;
  readonly leasedLoad: LeasedLoad;
}

/** The load that a caller waits for. Who joined gets a copy of its value. */
export interface Shared {
  readonly inFlight: InFlightLoad;
  readonly hasJoined: boolean;
}

/**
 * Decides who loads a miss: one caller in this process (single-flight), and one process in the fleet where a lease is
 * asked for.
 */
export class LoadCoordinator {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Joins the loads that are running, and starts one for the rest: a load for each request, in their order. */
  load(requests: readonly LoadRequest[], load: LoadAll): Shared[] {
    this.#makeWayForForced(requests);
    const running = requests.map((request) => this.#joinable(request));
    const missing = requests.filter((_request, i) => !running[i]);
    const started = this.#start(withOwnStaleValue(missing), load);
    return running.map((joined) => ({
      inFlight: joined ?? (started.shift() as InFlightLoad),
      hasJoined: joined !== undefined,
    }));
  }

  /** A forced load is the newest: older ones may give their values, not cache them. */
  #makeWayForForced(requests: readonly LoadRequest[]): void {
    const forced = requests.filter(({ policy }) => policy.forceFresh);
    const storageKeys = new Set(forced.map(({ address }) => address.storageKey));
    if (forced.length > 0)
      void this.#parts.inFlight.invalidate(({ storageKey }) => storageKeys.has(storageKey));
  }

  #joinable({ address, policy, snapshot }: LoadRequest): InFlightLoad | undefined {
    if (policy.forceFresh) return undefined;
    return this.#parts.inFlight.joinable(address.storageKey, snapshot);
  }

  /** A lease is taken for a key that is loaded alone; a batch does not wait for any of its keys. */
  #start(requests: readonly LoadRequest[], load: LoadAll): InFlightLoad[] {
    const { runner, leasedLoad } = this.#parts;
    const [only] = requests;
    if (requests.length !== 1 || !only || !needsLease(only)) return runner.startAll(requests, load);
    return [runner.start(only, (inFlight) => leasedLoad.run(only, inFlight, load))];
  }
}

const needsLease = ({ policy, snapshot }: LoadRequest): boolean =>
  policy.lease?.misses === true && !policy.forceFresh && snapshot.versions !== undefined;
