import type { DependencyName } from '../../model/dependency.js';
import { FAILED } from '../../model/failed.js';
import type { Caller, ResolvedPolicy } from '../../model/policy.js';
import { type Address, isServable, type Snapshot } from '../../model/snapshot.js';
import { type Clock, monotonic } from '../../model/time.js';
import type { StoreAccess } from '../store-access.js';
import type { EntryValidator } from './entry-validator.js';
import {
  type ReadStored,
  readAll,
  readConsistent,
  readNearest,
  readPlain,
  readVersioned,
} from './stored-value.js';
import type { VersionTracker } from './version-tracker.js';

const PREFIX: readonly DependencyName[] = [null];

/** Reads keys with the versions that their entries depend on. Never rejects. */
export class EntryReader {
  readonly #access: StoreAccess;
  readonly #versions: VersionTracker;
  readonly #validator: EntryValidator;
  readonly #clock: Clock;

  constructor(
    access: StoreAccess,
    versions: VersionTracker,
    validator: EntryValidator,
    clock: Clock,
  ) {
    this.#access = access;
    this.#versions = versions;
    this.#validator = validator;
    this.#clock = clock;
  }

  /**
   * Reads one key, with the version that a fill needs. The versions of the known tags and of the prefix are read in the
   * same tick, so that a store that batches sends one request.
   */
  read(address: Address, tags: readonly string[]): Promise<Snapshot> {
    return this.#readOne(address, tags, readVersioned);
  }

  /** The same as `read`, with a strongly consistent read of the key. */
  readConsistent(address: Address, tags: readonly string[]): Promise<Snapshot> {
    return this.#readOne(address, tags, readConsistent);
  }

  /**
   * The same as `read`, or a copy from an upper tier if it may be served and the caller accepts it. If not, the last tier
   * is read, because another process may have invalidated the value and loaded it again, and a fill needs its version.
   */
  readNearest(
    address: Address,
    { tags, caller }: Pick<ResolvedPolicy, 'tags' | 'caller'>,
  ): Promise<Snapshot> {
    if (!this.#access.can.hasTiers) return this.read(address, tags);
    return this.#readTiers(address, tags, caller);
  }

  async #readTiers(
    address: Address,
    tags: readonly string[],
    caller: Caller | undefined,
  ): Promise<Snapshot> {
    const snapshot = await this.#readOne(address, tags, readNearest);
    if (snapshot.version !== undefined || snapshot.reason === 'unreadable') return snapshot;
    const isServed =
      isServable(snapshot) && (caller?.accepts(snapshot.entry, snapshot.state) ?? true);
    return isServed ? { ...snapshot, versions: undefined } : this.read(address, tags);
  }

  /** Promises instead of `await`, because this is the most expensive part of a hit on a store. */
  #readOne(address: Address, tags: readonly string[], readStored: ReadStored): Promise<Snapshot> {
    const time = { wallMs: this.#clock.now(), monotonicMs: monotonic() };
    const names = tags.length === 0 ? PREFIX : [null, ...tags];
    const reading = this.#access.attempt('get', address.key, (store) =>
      readStored(store, address.storageKey),
    );
    const versions = this.#versions.current(names, time.wallMs);
    if (versions instanceof Promise) {
      return Promise.all([reading, versions]).then(([stored, read]) =>
        this.#validator.validate(address, stored, read, time),
      );
    }
    return reading.then((stored) => this.#validator.validate(address, stored, versions, time));
  }

  /** Reads many keys, with the tags of their own policies, for `get` and `getMany`, which fill nothing. */
  async readMany(addresses: readonly Address[], tags: readonly string[]): Promise<Snapshot[]> {
    const [only] = addresses;
    if (only && addresses.length === 1) {
      const snapshot = await this.#readOne(only, tags, readPlain);
      return [await this.#orFromLastTier(only, tags, snapshot)];
    }
    const time = { wallMs: this.#clock.now(), monotonicMs: 0 };
    const reading = this.#versions.current([null, ...new Set(tags)]);
    const storageKeys = addresses.map((address) => address.storageKey);
    const all = await this.#access.attempt('get', undefined, (store) =>
      readAll(store, storageKeys),
    );
    const versions = await reading;
    return Promise.all(
      addresses.map(async (address, i) => {
        const stored = all === FAILED ? FAILED : (all[i] ?? FAILED);
        const snapshot = await this.#validator.validate(address, stored, versions, time);
        return this.#orFromLastTier(address, tags, snapshot);
      }),
    );
  }

  /** Reads the last tier if an upper one had a value that cannot be served. */
  #orFromLastTier(
    address: Address,
    tags: readonly string[],
    snapshot: Snapshot,
  ): Snapshot | Promise<Snapshot> {
    const isKnown =
      isServable(snapshot) || snapshot.reason === 'absent' || snapshot.reason === 'unreadable';
    return isKnown || !this.#access.can.hasTiers ? snapshot : this.read(address, tags);
  }
}
