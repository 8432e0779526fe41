import { NO_TOKEN } from '../../model/cache-store.js';
import type { DependencyVersions } from '../../model/dependency.js';
import { LONGEST_LOAD_MS } from '../../model/fence-window.js';
import type { Address, Snapshot } from '../../model/snapshot.js';
import type { InFlight, Strength } from './in-flight-read.js';
import { ChainedLoad } from './load-chain.js';
import type { LoadRun } from './load-run.js';

const NONE: ReadonlySet<string> = new Set();
const NOT_STARTED = /* @__PURE__ */ new Promise<never>(() => {});

/** The part of a snapshot that a load starts from. */
export type LoadBasis = Pick<Snapshot, 'version' | 'versions' | 'wallMs' | 'monotonicMs'>;

/** The key of a load, the snapshot that it starts from, and its run. */
export interface LoadStart {
  readonly address: Pick<Address, 'key' | 'storageKey'>;
  readonly snapshot: LoadBasis;
  /** All known tags of the key. */
  readonly tags: readonly string[];
  readonly run: LoadRun;
  /** The loads in whose function the call was made. */
  readonly callers: readonly ChainedLoad[];
}

/**
 * One running load and the callers that wait for it.
 *
 *     preparing ────── begin ──▶ loading ────── write ──▶ writing ─────────────▶ ended
 *       rebase: a newer read       addTags                  handOut: callers have the value while the write goes on
 *       carry: created versions
 *
 * Three things may happen at any time. From then on new callers do not join, and its value is not cached, except as a
 * stale one after a soft invalidation:
 *
 * - `invalidate`: this process has invalidated the key after the load began. After a hard invalidation the last good
 *   value may not replace it.
 * - `replace`: a forced load of the key has begun, which is newer. The last good value may still replace it.
 * - its run is aborted, because no caller waits any more. It ends with a rejection.
 */
export class InFlightLoad implements InFlight {
  readonly storageKey: string;
  /** Its position in the set of running loads. */
  place = 0;
  /** Its number among the calls and loads of this process, in the order of their starts. */
  readonly order: number;
  readonly run: LoadRun;
  /** Its link in the chains of loads that wait for each other. */
  readonly chained: ChainedLoad;
  /** Pending for ever before `start`. */
  outcome: Promise<unknown> = NOT_STARTED;
  /** The common copy for all callers that joined, if the store shares frozen values. */
  shared: unknown;
  #tags: ReadonlySet<string>;
  readonly #countFreezes: () => number;
  readonly #freezes: number;
  #basis: LoadBasis;
  /** The versions that its value will carry: those of the basis, with created ones instead of missing ones. */
  #versions: DependencyVersions | undefined;
  #hasBegun = false;
  #hasAddedTags = false;
  #isInvalidated = false;
  #isExpired = false;
  #isReplaced = false;
  #writing: Promise<unknown> | undefined;
  #landed: Promise<unknown> | undefined;
  #handedOut: unknown;
  /** The time from which the written value is stale, epoch milliseconds. */
  #freshUntil = Number.POSITIVE_INFINITY;

  /** `countFreezes` returns the number of freezes of this process so far. */
  constructor(
    { address, snapshot, tags, run, callers }: LoadStart,
    order: number,
    countFreezes: () => number,
  ) {
    this.storageKey = address.storageKey;
    this.order = order;
    this.run = run;
    this.chained = new ChainedLoad(address.key, callers);
    this.#basis = snapshot;
    this.#tags = tags.length === 0 ? NONE : new Set(tags);
    this.#countFreezes = countFreezes;
    this.#freezes = countFreezes();
  }

  get tags(): ReadonlySet<string> {
    return this.#tags;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isInvalidated(): boolean {
    return this.#isInvalidated;
  }

  /** True if its value must not be cached. */
  get isOutdated(): boolean {
    return this.#isInvalidated || this.#isReplaced;
  }

  /** True if the process was frozen since the load started. It may wait for ever on a dead connection. */
  get hasFrozen(): boolean {
    return this.#freezes !== this.#countFreezes();
  }

  /** Resolves once no write of the load can still land, abandoned ones included. */
  get written(): Promise<unknown> {
    return this.#writing ?? Promise.resolve();
  }

  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /** Resolves when the service no longer waits for a write that goes on in the background. Undefined without one. */
  get landed(): Promise<unknown> | undefined {
    return this.#landed;
  }

  /** The value that later callers copy: the copy that is written, because no caller has it, or the loaded value. */
  sharedFrom(value: unknown): unknown {
    return this.#landed ? this.#handedOut : value;
  }

  /** Resolves once the load has ended, and a write that goes on in the background has, too. Never rejects. */
  async ended(): Promise<void> {
    await this.outcome.catch(() => {});
    await this.#landed;
  }

  /** Starts the work. Its outcome becomes the load's. */
  start(work: (load: InFlightLoad) => Promise<unknown>): void {
    this.outcome = work(this);
  }

  /** Moves the load to a newer snapshot, and its tags. While it waits for a lease, it has read nothing yet. */
  rebase(basis: LoadBasis, tags: readonly string[]): void {
    this.#basis = basis;
    this.#tags = new Set([...this.#tags, ...tags]);
  }

  /** Sets the versions that the value will carry. Undefined if one is unknown. */
  carry(versions: DependencyVersions | undefined): void {
    this.#versions = versions;
  }

  /** Marks the call of the user's function, which may read data that a later invalidation concerns. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** Adds tags. Later callers cannot have read their versions, so none joins. */
  addTags(tags: readonly string[]): void {
    this.#hasAddedTags = true;
    this.#tags = new Set([...this.#tags, ...tags]);
  }

  /** Marks the write of a value to the store, which is stale from `freshUntil` on. `writing` never rejects. */
  write(writing: Promise<unknown>, freshUntil: number): void {
    this.#writing = writing;
    this.#freshUntil = freshUntil;
  }

  /** Lets callers have the value while its write goes on until `landed`. They share `copy`, which is written. */
  handOut(copy: unknown, landed: Promise<unknown> | undefined): void {
    this.#handedOut = copy;
    this.#landed = landed;
  }

  invalidate(strength: Strength = 'hard'): void {
    if (strength === 'hard') this.#isInvalidated = true;
    else this.#isExpired = true;
  }

  replace(): void {
    this.#isReplaced = true;
  }

  /**
   * True if a caller that read this snapshot may share the outcome. `called` is the number of its call. Two failed
   * reads, two missing records or two misses without a token do not prove equal versions: such a caller shares only a load
   * that began after its call.
   *
   * A handed out value is shared only while a hit would be fresh, and not if it has tags whose versions no caller has
   * read.
   */
  canJoin(snapshot: LoadBasis, called: number, now: number): boolean {
    if (!this.#isOpen) return false;
    if (this.#landed && (this.#hasAddedTags || now >= this.#freshUntil)) return false;
    if (!isKnown(snapshot)) return called < this.order;
    return !this.#hasAddedTags && this.#isBasedOn(snapshot);
  }

  /** True if a load from this snapshot would only repeat this one. */
  supersedes(snapshot: LoadBasis): boolean {
    return this.#isOpen && this.#isBasedOn(snapshot);
  }

  get #isOpen(): boolean {
    return !this.isOutdated && !this.#isExpired && !this.run.isAborted && !this.hasFrozen;
  }

  /** True for the same versions of the same dependencies, read recently. */
  #isBasedOn(snapshot: LoadBasis): boolean {
    const basis = this.#basis;
    const age = Math.max(snapshot.wallMs - basis.wallMs, snapshot.monotonicMs - basis.monotonicMs);
    if (snapshot.version !== basis.version || age > LONGEST_LOAD_MS) return false;
    if (!snapshot.versions || !basis.versions) return false;
    const [read, created] = [new Map(basis.versions), new Map(this.#versions)];
    return (
      snapshot.versions.length === read.size &&
      snapshot.versions.every(
        ([name, version]) => version === read.get(name) || version === created.get(name),
      )
    );
  }
}

/**
 * False if a version could not be read, if its record is missing, because it may have been evicted after an invalidation, or
 * if the miss left no token.
 */
const isKnown = ({ version, versions }: LoadBasis): boolean =>
  version !== NO_TOKEN && versions?.every(([, each]) => typeof each === 'string') === true;
