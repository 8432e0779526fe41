import { tagsAmong } from '../../model/dependency.js';
import type { Emit } from '../../model/event-log.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import { isServable, type Servable, type Snapshot } from '../../model/snapshot.js';
import { monotonic, pause } from '../../model/time.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { EntryReader } from '../reading/entry-reader.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { BackgroundRefresh } from './background-refresh.js';
import type { Lease, Leases } from './lease.js';
import { knownTags, type LoadAll, type LoadRequest } from './load-request.js';
import type { LoadRunner } from './load-runner.js';
import { readAgain } from './stale-value.js';

/** The pauses between reads while another process holds the lease, milliseconds. They grow. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 250;
const PAUSE_GROWTH = 1.5;

interface Parts {
  readonly emit: Emit;
  readonly leases: Leases;
  readonly reader: EntryReader;
  readonly versions: VersionTracker;
  readonly runner: LoadRunner;
  readonly refresh: BackgroundRefresh;
  readonly inFlight: InFlightTracker;
}

/** The end of a wait for another process. */
type WaitEnd =
  /** The other process has cached a value, or a stale one is good enough. */
  | { readonly as: 'value'; readonly snapshot: Servable }
  /** The other process has released the lease, or the versions in its name have changed or cannot be read. */
  | { readonly as: 'freed'; readonly request: LoadRequest }
  /** The wait has reached its limit. */
  | { readonly as: 'unleased'; readonly request: LoadRequest };

/** Loads a miss under a lease: one process loads, and the others wait for its value for a limited time. */
export class LeasedLoad {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async run(request: LoadRequest, inFlight: InFlightLoad, load: LoadAll): Promise<unknown> {
    const { leases } = this.#parts;
    const wait = new Wait(Math.min(request.policy.lease?.wait ?? 0, leases.timeLeft() / 2));
    let current = await this.#createMissing(request);
    for (;;) {
      // A value without versions is not written, so nobody waits for its load.
      const lease = current.snapshot.versions && (await leases.take(current));
      if (lease !== 'held') return this.#load(current, inFlight, lease, load);
      const end = await this.#waitForHolder(current, inFlight, load, wait);
      switch (end.as) {
        case 'value':
          return end.snapshot.entry.value;
        case 'freed':
          current = end.request;
          break;
        case 'unleased':
          return this.#load(end.request, inFlight, undefined, load);
      }
    }
  }

  async #waitForHolder(
    request: LoadRequest,
    inFlight: InFlightLoad,
    load: LoadAll,
    wait: Wait,
  ): Promise<WaitEnd> {
    const { leases } = this.#parts;
    let current = request;
    for (;;) {
      if (!(await wait.next())) {
        this.#parts.emit({ type: 'lease', key: current.address.key, state: 'timeout' });
        return { as: 'unleased', request: current };
      }
      inFlight.run.throwIfAborted();
      const { snapshot, isHeld, isOvertaken } = await this.#check(current, load);
      // The value was read before an invalidation of this process that has resolved meanwhile.
      if (isOvertaken) continue;
      if (isServable(snapshot) && isAccepted(request.policy, snapshot))
        return { as: 'value', snapshot };
      const next = await this.#createMissing(readAgain(current, snapshot));
      const isFreed = !isHeld || leases.nameOf(next) !== leases.nameOf(current);
      current = next;
      inFlight.rebase(next.snapshot, knownTags(next));
      if (isFreed) return { as: 'freed', request: current };
    }
  }

  /**
   * Reads the key, and whether the lease is still held. A stale value is refreshed in the turn in which the read ends, so
   * that no invalidation of this process comes between the two.
   */
  #check(
    request: LoadRequest,
    load: LoadAll,
  ): Promise<{ snapshot: Snapshot; isHeld: boolean; isOvertaken: boolean }> {
    const { inFlight, leases, reader, refresh } = this.#parts;
    const { address, policy } = request;
    return inFlight.guard(
      { storageKey: address.storageKey, tags: knownTags(request) },
      () => Promise.all([reader.read(address, policy.tags), leases.isHeld(request)]),
      ([snapshot, isHeld], watch) => {
        const tags = tagsAmong(snapshot.entry?.versions ?? []);
        const isOvertaken = watch.invalidatedBy(tags) !== undefined;
        if (snapshot.state === 'stale' && !isOvertaken)
          refresh.start([{ ...request, snapshot }], load);
        return { snapshot, isHeld, isOvertaken };
      },
    );
  }

  async #load(
    request: LoadRequest,
    inFlight: InFlightLoad,
    lease: Lease | undefined,
    load: LoadAll,
  ): Promise<unknown> {
    const [value] = await this.#parts.runner.run([{ request, inFlight, lease }], load);
    return value;
  }

  /** Creates missing versions first, because they are a part of the lease's name, which must be the same everywhere. */
  async #createMissing(request: LoadRequest): Promise<LoadRequest> {
    const { snapshot } = request;
    const versions = snapshot.versions && (await this.#parts.versions.ensure(snapshot.versions));
    return { ...request, snapshot: { ...snapshot, versions } };
  }
}

const isAccepted = ({ caller }: ResolvedPolicy, { entry, state }: Servable): boolean =>
  caller?.accepts(entry, state) ?? true;

/** A wait of limited length, in growing pauses. */
class Wait {
  readonly #until: number;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(ms: number) {
    this.#until = monotonic() + ms;
  }

  /** Resolves to true after a pause, or to false at the limit. */
  async next(): Promise<boolean> {
    const leftMs = this.#until - monotonic();
    if (leftMs <= 0) return false;
    await pause(Math.min(this.#pauseMs, leftMs));
    this.#pauseMs = Math.min(this.#pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
    return true;
  }
}
