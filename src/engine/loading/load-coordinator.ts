import { tagsAmong } from '../../model/dependency.js';
import type { Emit } from '../../model/events.js';
import type { KeySpace } from '../../model/key-space.js';
import { isCopy, type Snapshot } from '../../model/snapshot.js';
import { type Clock, monotonic, pause } from '../../model/time.js';
import { copyOfHit, NOT_COPIED } from '../copies.js';
import type { InFlightLoad, InFlightTracker } from '../inflight/in-flight.js';
import type { EntryReader } from '../reading/entry-reader.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';
import type { BackgroundTasks } from './background-tasks.js';
import { isHeld, type Lease, takeLease } from './lease.js';
import type { LoadAll, LoadRequest, LoadRunner, RunningLoad } from './load-runner.js';

/** Between two looks at whether the holder of a lease is done, milliseconds. */
const FIRST_LOOK_MS = 25;
const LONGEST_LOOK_MS = 250;

interface Claim {
  readonly need: LoadRequest;
  readonly lease: Lease | undefined;
}

interface Parts {
  readonly access: StoreAccess;
  readonly versions: VersionTracker;
  readonly reader: EntryReader;
  readonly runner: LoadRunner;
  readonly inFlight: InFlightTracker;
  readonly background: BackgroundTasks;
  readonly keys: KeySpace;
  readonly clock: Clock;
  readonly deadline: (() => number | undefined) | undefined;
  readonly emit: Emit;
}

/**
 * Decides who loads: one caller in this process (single-flight), and one process in the fleet where a lease is asked
 * for. A miss waits for whoever loads; a refresh leaves it to them.
 */
export class LoadCoordinator {
  readonly #parts: Parts;
  /** Refreshes that are asking for their lease: there is no flight to see yet. */
  readonly #asking = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Joins the loads that are running, and starts one for the rest. Who joined gets a copy of the value.
   * A lease is taken for a key that is loaded alone; a batch does not wait for any of its keys.
   */
  load(needs: readonly LoadRequest[], load: LoadAll): { flight: InFlightLoad; joined: boolean }[] {
    const forced = new Set(
      needs.flatMap(({ address, policy }) => (policy.forceFresh ? address.storageKey : [])),
    );
    // A forced load is the newest: older ones may give their values, not cache them.
    if (forced.size > 0) void this.#parts.inFlight.invalidate((flight) => forced.has(flight.key));
    const found = needs.map((need) => (need.policy.forceFresh ? undefined : this.#joinable(need)));
    const missing = this.#withStaleValue(needs.filter((_need, i) => !found[i]));
    const started = this.#start(missing, load);
    return found.map((running) => ({
      flight: running ?? (started.shift() as InFlightLoad),
      joined: running !== undefined,
    }));
  }

  /** A load for one caller, whatever is running: for a value that cannot be copied, and so not shared. */
  loadAlone(need: LoadRequest, load: LoadAll): InFlightLoad {
    return this.#startTogether(this.#withStaleValue([need]), load, [])[0] as InFlightLoad;
  }

  /** Loads in the background what is being served stale, unless somebody does already. */
  refresh(needs: readonly LoadRequest[], load: LoadAll): void {
    const idle = needs.filter(
      (need) => !this.#asking.has(idOf(need)) && !this.#joinable(need, true),
    );
    const [first] = idle;
    if (!first) return;
    for (const need of idle) this.#asking.add(idOf(need));
    const refreshing = this.#refresh(this.#withStaleValue(idle), load);
    this.#parts.background.run(refreshing, first.policy.waitUntil);
  }

  async #refresh(needs: readonly LoadRequest[], load: LoadAll, anew = false): Promise<void> {
    const { free, flights } = await this.#startRefresh(needs, load, anew);
    const slept = await Promise.all(
      flights.map((flight) =>
        // A failed load has told of it by an event of its own.
        flight.outcome.then(
          () => false,
          () => this.#parts.inFlight.hasFrozen(flight),
        ),
      ),
    );
    const failed = free.filter((_need, i) => slept[i]);
    // What a freeze has made fail starts anew, once.
    if (!anew && failed.length > 0) await this.#refresh(failed, load, true);
  }

  /** Starts the load of those that this process is to refresh, unless an invalidation of its own has come meanwhile. */
  async #startRefresh(
    needs: readonly LoadRequest[],
    load: LoadAll,
    anew: boolean,
  ): Promise<{ free: readonly LoadRequest[]; flights: readonly InFlightLoad[] }> {
    const watches = needs.map((need) =>
      this.#parts.inFlight.watch(need.address.storageKey, tagsOf(need)),
    );
    try {
      const claims = await Promise.all(needs.map((need) => this.#claim(need, anew)));
      for (const need of needs) this.#asking.delete(idOf(need));
      const isOvertaken = (claim: Claim | undefined, i: number): boolean =>
        claim !== undefined && watches[i]?.isOvertaken(tagsOf(claim.need)) === true;
      const overtaken = claims.filter(isOvertaken);
      const claimed = claims.filter((claim) => claim !== undefined && !overtaken.includes(claim));
      const free = claimed.flatMap((claim) => claim?.need ?? []);
      for (const { address, snapshot } of free) {
        const reason = snapshot.state === 'stale' ? 'stale' : 'early';
        this.#parts.emit({ type: 'refresh', key: address.key, reason });
      }
      const leases = claimed.map((claim) => claim?.lease);
      const flights = this.#startTogether(free, load, leases);
      await Promise.all(overtaken.map((claim) => claim?.lease?.release()));
      return { free, flights };
    } finally {
      for (const watch of watches) watch.end();
    }
  }

  #start(needs: readonly LoadRequest[], load: LoadAll): InFlightLoad[] {
    const [only] = needs;
    const { lease, forceFresh } = only?.policy ?? {};
    if (needs.length !== 1 || !only?.snapshot.versions || !lease?.misses || forceFresh) {
      return this.#startTogether(needs, load, []);
    }
    return [this.#fly(only, (flight) => this.#loadUnderLease(only, flight, load))];
  }

  /** One load for all of them, and a flight for each, so that callers of any one key can join. */
  #startTogether(
    needs: readonly LoadRequest[],
    load: LoadAll,
    leases: readonly (Lease | undefined)[],
  ): InFlightLoad[] {
    if (needs.length === 0) return [];
    let begin: (values: Promise<readonly unknown[]>) => void = () => {};
    const values = new Promise<readonly unknown[]>((resolve) => {
      begin = resolve;
    });
    const targets: RunningLoad[] = needs.map((need, i) => ({
      ...need,
      inFlight: this.#fly(need, async () => (await values)[i]),
      lease: leases[i],
    }));
    begin(this.#parts.runner.run(targets, load));
    return targets.map((target) => target.inFlight);
  }

  #joinable({ address, snapshot }: LoadRequest, extended?: boolean): InFlightLoad | undefined {
    return this.#parts.inFlight.joinable(address.storageKey, snapshot, extended);
  }

  #fly(need: LoadRequest, work: (flight: InFlightLoad) => Promise<unknown>): InFlightLoad {
    const flight = this.#parts.inFlight.start(
      need.address.storageKey,
      need.snapshot,
      tagsOf(need),
      work,
    );
    this.#parts.access.watch(flight.outcome);
    return flight;
  }

  async #loadOne(
    need: LoadRequest,
    flight: InFlightLoad,
    lease: Lease | undefined,
    load: LoadAll,
  ): Promise<unknown> {
    const [value] = await this.#parts.runner.run([{ ...need, inFlight: flight, lease }], load);
    return value;
  }

  /** Loads as the holder of the lease; else waits a bounded time for the holder's value, and then loads all the same. */
  async #loadUnderLease(need: LoadRequest, flight: InFlightLoad, load: LoadAll): Promise<unknown> {
    const { reader } = this.#parts;
    // The other half of what is left is for a load of its own.
    const until = monotonic() + Math.min(need.policy.lease?.wait ?? 0, this.#left() / 2);
    let current = await this.#withMarks(need);
    let lookMs = FIRST_LOOK_MS;
    for (;;) {
      const lease = await this.#take(current);
      if (lease !== 'held') return this.#loadOne(current, flight, lease, load);
      for (let freed = false; !freed; ) {
        const remaining = until - monotonic();
        if (remaining <= 0) return this.#loadOne(current, flight, undefined, load);
        await pause(Math.min(lookMs, remaining));
        lookMs = Math.min(lookMs * 1.5, LONGEST_LOOK_MS);
        const [snapshot, held] = await Promise.all([
          reader.read(current.address, current.policy.tags),
          isHeld(this.#parts.access, this.#record(current), current.address.key),
        ]);
        if (snapshot.state === 'fresh' || snapshot.state === 'stale') return snapshot.entry?.value;
        if (!snapshot.versions)
          return this.#loadOne(readAgain(current, snapshot), flight, undefined, load);
        const next = await this.#withMarks(readAgain(current, snapshot));
        freed = !held || this.#record(next) !== this.#record(current);
        current = next;
        flight.basis = next.snapshot;
      }
    }
  }

  /**
   * What this process is to refresh, and the lease that it holds for it. Undefined where there is nothing to do: somebody
   * else does it, or has done it. A copy is looked at once more in the last tier, and so is what starts anew.
   */
  async #claim(need: LoadRequest, anew: boolean): Promise<Claim | undefined> {
    const current = anew || isCopy(need.snapshot) ? await this.#stillDue(need) : need;
    if (!current) return undefined;
    const { policy, snapshot } = current;
    const lease = policy.lease && snapshot.versions ? await this.#take(current) : undefined;
    return lease === 'held' ? undefined : { need: current, lease };
  }

  /** The need as the last tier has it now, unless that holds a better entry, or none, or its load is running. */
  async #stillDue(need: LoadRequest): Promise<LoadRequest | undefined> {
    const { address, policy, snapshot: before } = need;
    const snapshot = await this.#parts.reader.read(address, policy.tags);
    const isDue =
      snapshot.state === 'fresh' && snapshot.entry?.createdAt === before.entry?.createdAt;
    const current = readAgain(need, snapshot);
    return (isDue || snapshot.state === 'stale') && !this.#joinable(current, true)
      ? current
      : undefined;
  }

  /** Creates the marks that are missing: the lease is named by them, in this process as in all others. */
  async #withMarks(need: LoadRequest): Promise<LoadRequest> {
    const versions =
      need.snapshot.versions && (await this.#parts.versions.ensure(need.snapshot.versions));
    return { ...need, snapshot: { ...need.snapshot, versions } };
  }

  async #take(need: LoadRequest): Promise<Lease | 'held' | undefined> {
    const { access, emit } = this.#parts;
    const ttlMs = Math.min(need.policy.lease?.ttl ?? 0, need.policy.ttl, this.#left());
    // With no time left a lease would run out before its load: better none.
    if (!(ttlMs > 0) || !access.store.add) return undefined;
    const lease = await takeLease(access, this.#record(need), need.address.key, ttlMs);
    const state = lease === 'held' ? 'held' : 'taken';
    if (lease) emit({ type: 'lease', key: need.address.key, state });
    return lease;
  }

  /** What is left of the invocation, milliseconds. */
  #left(): number {
    const { deadline, clock, emit } = this.#parts;
    try {
      return (deadline?.() ?? Infinity) - clock.now();
    } catch (error) {
      emit({ type: 'background-error', error });
      return Infinity;
    }
  }

  /** The caller may change the stale value that it is served, so the load is given a copy; none of a batch's values. */
  #withStaleValue(needs: readonly LoadRequest[]): readonly LoadRequest[] {
    const [need] = needs;
    const entry = need?.snapshot.entry;
    if (!entry || needs.length > 1) return needs;
    const { store } = this.#parts.access;
    const copy = copyOfHit(store, entry.value, need.address.storageKey);
    const staleValue = Promise.resolve(copy).then((made) =>
      made === NOT_COPIED ? undefined : made,
    );
    return [{ ...need, staleValue }];
  }

  /** Named by all versions that an invalidation can change, so that any of them frees the waiters. */
  #record(need: LoadRequest): string {
    return this.#parts.keys.record('lease', idOf(need));
  }
}

/** What only this load has read is its own to look at. */
const readAgain = (need: LoadRequest, snapshot: Snapshot): LoadRequest => ({
  ...need,
  snapshot,
  staleValue: snapshot.entry?.value,
});

/** All that may be known of a key's tags: what the call says, and what its last value carried. */
function tagsOf({ policy, snapshot }: LoadRequest): string[] {
  return [...policy.tags, ...tagsAmong(snapshot.entry?.versions ?? [])];
}

function idOf({ address, snapshot }: LoadRequest): string {
  const versions = [snapshot.version, ...(snapshot.versions ?? []).map(([, version]) => version)];
  return `${versions.map(String).join(' ')}:${address.storageKey}`;
}
