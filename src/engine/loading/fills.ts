import type { DependencyVersions } from '../../model/dependency.js';
import type { Emit } from '../../model/event-log.js';
import type { RefusalReason } from '../../model/events.js';
import { FAILED } from '../../model/failed.js';
import { LONGEST_LOAD_MS } from '../../model/fence-window.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import { type Clock, monotonic } from '../../model/time.js';
import { copyForStore, NOT_COPIED } from '../copies.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import type { StoreAccess } from '../store-access.js';
import type { EntryWriter } from '../writing/entry-writer.js';
import type { BackgroundTasks } from './background-tasks.js';
import type { Lease } from './lease.js';
import type { LoadRequest } from './load-request.js';

/** A request whose load is running. */
export interface RunningLoad {
  readonly request: LoadRequest;
  readonly inFlight: InFlightLoad;
  readonly lease?: Lease | undefined;
}

/** A loaded value to write. */
export interface Fill {
  readonly of: RunningLoad;
  readonly policy: ResolvedPolicy;
  /** Undefined for a value that is not to be written. */
  readonly value: unknown;
  /** Undefined if one is unknown. Then the value is not written. */
  readonly versions: DependencyVersions | undefined;
  /** Overrides the policy's ttl, milliseconds. */
  readonly ttl: number | undefined;
  /** The end of the load, epoch milliseconds. */
  readonly createdAt: number;
  readonly loadMs: number;
}

interface Parts {
  readonly access: StoreAccess;
  readonly writer: EntryWriter;
  readonly background: BackgroundTasks;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly backgroundFill: boolean | undefined;
}

/**
 * Writes loaded values, in the background if something keeps the process alive until the write has ended:
 *
 *     caller A   load ── value ── copy ─┬─▶ value
 *     waitUntil                         └── write of the copy ─────── landed
 *     caller B                 read: absent ── joins A ──▶ a copy of the copy
 *     caller C                                     read: absent ── the write is too late: loads
 *
 * Nothing that a caller does to its value shows in the store or in another caller's value. Until the write has landed,
 * an invalidation treats the load like any other load in flight.
 */
export class Fills {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Writes the values of one run. Resolves once its callers may have them: when the writes have ended, or now if they go
   * on in the background. Never rejects.
   */
  write(fills: readonly Fill[]): Promise<unknown> {
    const [first] = fills;
    if (first && this.#mayGoBehind(first.policy)) return this.#writeBehind(first, fills);
    return ended(this.#writeAll(fills));
  }

  async #writeBehind(first: Fill, fills: readonly Fill[]): Promise<void> {
    const copied = await this.#copied(fills);
    const written = this.#writeAll(copied ?? fills);
    if (!copied || !this.#handOver(first, copied, written)) await ended(written);
  }

  #writeAll(fills: readonly Fill[]): Promise<unknown>[] {
    return fills.map((fill) => this.#write(fill));
  }

  /** A forced load is awaited, because an older value is there to be read until its write has landed. */
  #mayGoBehind({ waitUntil, forceFresh }: ResolvedPolicy): boolean {
    return !forceFresh && (this.#parts.backgroundFill ?? typeof waitUntil === 'function');
  }

  /** The same values, as copies that no caller has. Undefined if one cannot be copied. */
  async #copied(fills: readonly Fill[]): Promise<readonly Fill[] | undefined> {
    const { store } = this.#parts.access;
    const copies = fills.map(({ value, of }) =>
      copyForStore(store, value, of.request.address.storageKey),
    );
    const made = await Promise.all(copies);
    if (made.includes(NOT_COPIED)) return undefined;
    return fills.map((fill, i) => ({ ...fill, value: made[i] }));
  }

  /**
   * Leaves the writes to the background, and lets callers share the values meanwhile. False if they must be awaited. An
   * operation of the store is watched for freezes, so none passes unnoticed between the load and the end of its write.
   */
  #handOver(first: Fill, fills: readonly Fill[], written: readonly Promise<unknown>[]): boolean {
    const { background } = this.#parts;
    if (!fills.some(({ of }) => of.inFlight.isWriting)) return false;
    const { request, inFlight } = first.of;
    const all = Promise.all(written).then(() => []);
    if (!inFlight.run.isKept && !background.run(request, () => all)) return false;
    for (const [i, { of, value }] of fills.entries()) {
      if (of.inFlight.isWriting) of.inFlight.handOut(value, written[i]);
    }
    return true;
  }

  /** Writes one value, and frees its lease if the value was not written. Never rejects. */
  #write(fill: Fill): Promise<unknown> {
    const { lease } = fill.of;
    const filling = this.#fill(fill);
    return lease ? filling.then((isWritten) => (isWritten ? undefined : lease.release())) : filling;
  }

  async #fill(fill: Fill): Promise<boolean> {
    const { of, value, versions, createdAt, loadMs } = fill;
    const { address, snapshot } = of.request;
    const { writer, emit } = this.#parts;
    if (value === undefined) return false;
    let refused = this.#refusal(fill);
    if (!refused && versions) {
      const ttl = fill.ttl ?? fill.policy.ttl;
      const policy = fill.ttl === undefined ? fill.policy : { ...fill.policy, ttl };
      const write = { address, value, policy, versions, createdAt, loadMs };
      const written = await writer.fill(write, snapshot.version, (writing, freshUntil) =>
        of.inFlight.write(writing, freshUntil),
      );
      if (written === FAILED) return false;
      if (written) emit({ type: 'fill', key: address.key, ttlMs: ttl });
      else refused = 'changed';
    }
    if (refused) emit({ type: 'refused', key: address.key, reason: refused });
    return !refused;
  }

  /** The reason not to send the value to the store, if any. */
  #refusal({ versions, of }: Fill): RefusalReason | undefined {
    const { snapshot } = of.request;
    if (!versions) return 'unread';
    if (of.inFlight.isOutdated) return 'invalidated';
    const wallMs = this.#parts.clock.now() - snapshot.wallMs;
    const age = Math.max(wallMs, monotonic() - snapshot.monotonicMs);
    return age > LONGEST_LOAD_MS ? 'late' : undefined;
  }
}

/** Resolves once all writes have ended. Most runs write one value, and need no other promise. */
const ended = (writes: readonly Promise<unknown>[]): Promise<unknown> =>
  (writes.length === 1 && writes[0]) || Promise.all(writes);
