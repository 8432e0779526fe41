import type { Emit } from '../../model/event-log.js';
import { FAILED } from '../../model/failed.js';
import type { KeySpace } from '../../model/key-space.js';
import { type Clock, monotonic } from '../../model/time.js';
import { uniqueId } from '../../util/unique-id.js';
import type { StoreAccess } from '../store-access.js';
import { identityOf, type LoadRequest } from './load-request.js';

/** A lease that this process may load under. */
export interface Lease {
  /** Frees the waiting processes if the load brought no value. */
  release(): Promise<void>;
}

interface Parts {
  readonly access: StoreAccess;
  readonly keys: KeySpace;
  readonly clock: Clock;
  readonly deadline: (() => number | undefined) | undefined;
  readonly emit: Emit;
}

/**
 * Leases allow one load across all processes. A lease is a small record in the store that says that a process loads.
 *
 *     A   miss at v1   add lease@v1: taken ── load ── fill (now v2)
 *     B   miss at v1   add lease@v1: held  ── poll ── poll ── finds A's value
 *     del              now v3: B polls, sees v3, and takes lease@v3; A's fill at v1 is refused
 *     A dies           the lease runs out; B stops waiting at its own limit in any case
 *
 * Its name contains the version, so an invalidation frees the waiters. Correctness does not depend on leases: two
 * concurrent loads cost an origin call, and the fence lets one of them fill.
 */
export class Leases {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Undefined if the load needs no lease or cannot get one. Then it runs without one. */
  async take(request: LoadRequest): Promise<Lease | 'held' | undefined> {
    const { access, emit } = this.#parts;
    const { policy, address } = request;
    const ttlMs = Math.min(policy.lease?.ttl ?? 0, policy.ttl, this.timeLeft());
    // With no time left the lease would run out before its load.
    if (!(ttlMs > 0) || !access.can.leases) return undefined;
    const lease = await this.#add(this.nameOf(request), address.key, ttlMs);
    const state = lease === 'held' ? 'held' : 'taken';
    if (lease) emit({ type: 'lease', key: address.key, state });
    return lease;
  }

  /** True if a process holds the lease. An unreadable lease counts as free, so that no caller waits in vain. */
  async isHeld(request: LoadRequest): Promise<boolean> {
    const { access } = this.#parts;
    const name = this.nameOf(request);
    const token = await access.attempt('read lease', request.address.key, (store) =>
      store.get(name),
    );
    return token !== FAILED && token !== undefined;
  }

  nameOf(request: LoadRequest): string {
    return this.#parts.keys.record('lease', identityOf(request));
  }

  /** The rest of the invocation, milliseconds. */
  timeLeft(): number {
    const { deadline, clock, emit } = this.#parts;
    try {
      return (deadline?.() ?? Infinity) - clock.now();
    } catch (error) {
      emit({ type: 'background-error', error });
      return Infinity;
    }
  }

  async #add(name: string, key: string, ttlMs: number): Promise<Lease | 'held' | undefined> {
    const { access } = this.#parts;
    const token = uniqueId();
    const until = monotonic() + ttlMs;
    const freezes = access.freezes();
    const taken = await access.attempt('lease', key, async (store) =>
      store.add?.(name, token, ttlMs / 1000),
    );
    if (taken === false) return 'held';
    // If the lease cannot be written, the load must still run.
    if (taken !== true) return undefined;
    return {
      async release() {
        // Later, another process may hold it; also after a freeze, which not every monotonic clock counts.
        if (monotonic() >= until || access.freezes() !== freezes) return;
        await access.attempt('release lease', key, (store) => store.del(name));
      },
    };
  }
}
