import type { StandardSchemaV1 } from '../../model/cache-key.js';
import type { CacheStore, CacheVersion } from '../../model/cache-store.js';
import type {
  DependencyName,
  DependencyVersions,
  ReadDependencyVersions,
} from '../../model/dependency.js';
import { Entry, freshness, isEntry, readEntry } from '../../model/entry.js';
import { CacheError } from '../../model/errors.js';
import type { Emit } from '../../model/events.js';
import { FAILED } from '../../model/failed.js';
import { type Address, isServable, type Snapshot } from '../../model/snapshot.js';
import { type Clock, monotonic } from '../../model/time.js';
import type { StoreAccess } from '../store-access.js';
import type { VersionTracker } from './version-tracker.js';

interface Found {
  readonly value: unknown;
  readonly version: CacheVersion | undefined;
  /** Why the value that is there cannot be read. */
  readonly error?: unknown;
}

const PREFIX: readonly DependencyName[] = [null];

/** Reads entries and says what they are worth: whole, not invalidated, of the right shape, fresh, stale or expired. */
export class EntryReader {
  readonly #access: StoreAccess;
  readonly #versions: VersionTracker;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(access: StoreAccess, versions: VersionTracker, clock: Clock, emit: Emit) {
    this.#access = access;
    this.#versions = versions;
    this.#clock = clock;
    this.#emit = emit;
  }

  /** A fresh entry that is at hand in this process, if nothing but its marks has to be looked at. */
  getIfPresent(name: string, tags: readonly string[], now: number): Entry | undefined {
    const prefix = this.#versions.trusted(null, now);
    if (prefix === undefined || (tags.length > 0 && !areTrusted(tags, this.#versions, now)))
      return undefined;
    const entry = this.#access.store.getIfPresent?.(name, now);
    if (!isEntry(entry) || freshness(entry, now) !== 'fresh') return undefined;
    const { versions } = entry;
    // Nothing but the prefix in most.
    const isValid =
      versions.length === 1
        ? versions[0]?.[1] === prefix
        : areInForce(versions, this.#versions, now);
    return isValid ? entry : undefined;
  }

  /**
   * One key, with the version that a fill needs. The versions of the known tags and of the prefix are asked for in
   * the same tick, so that a store that batches needs one request. Never rejects.
   */
  read(address: Address, tags: readonly string[]): Promise<Snapshot> {
    return this.#readOne(address, tags, readVersioned);
  }

  /**
   * As `read`, or a copy that may be served from a nearer tier than the last. A copy that may not says nothing of what
   * the last tier holds: another process may have loaded anew what it has invalidated.
   */
  readNearest(address: Address, tags: readonly string[]): Promise<Snapshot> {
    return this.#access.store.getNearest
      ? this.#readTiers(address, tags)
      : this.read(address, tags);
  }

  async #readTiers(address: Address, tags: readonly string[]): Promise<Snapshot> {
    const snapshot = await this.#readOne(address, tags, readNearest);
    if (snapshot.version !== undefined || snapshot.reason === 'unreadable') return snapshot;
    return isServable(snapshot) ? { ...snapshot, versions: undefined } : this.read(address, tags);
  }

  /** Promises in place of `await`: this is what a hit on a store costs most. */
  #readOne(
    address: Address,
    tags: readonly string[],
    readFound: (store: CacheStore, name: string) => Promise<Found>,
  ): Promise<Snapshot> {
    const wallMs = this.#clock.now();
    const monotonicMs = monotonic();
    const versions = this.#versions.current(tags.length === 0 ? PREFIX : [null, ...tags], wallMs);
    const reading = this.#access.attempt('get', address.key, (store) =>
      readFound(store, address.storageKey),
    );
    if (versions instanceof Promise) {
      return Promise.all([reading, versions]).then(([found, read]) =>
        this.#judge(address, found, read, wallMs, monotonicMs),
      );
    }
    return reading.then((found) => this.#judge(address, found, versions, wallMs, monotonicMs));
  }

  /** Many keys, and the tags that their own policies name, for `get` and `getMany`, which fill nothing. Never rejects. */
  async readMany(ats: readonly Address[], tags: readonly string[]): Promise<Snapshot[]> {
    const [only] = ats;
    if (only && ats.length === 1) {
      const snapshot = await this.#readOne(only, tags, readPlain);
      return [await this.#orFromLast(only, tags, snapshot)];
    }
    const wallMs = this.#clock.now();
    const reading = this.#versions.current([null, ...new Set(tags)]);
    const names = ats.map((address) => address.storageKey);
    const found = await this.#access.attempt('get', undefined, (store) => readAll(store, names));
    const versions = await reading;
    return Promise.all(
      ats.map(async (address, i) => {
        const one = found === FAILED ? FAILED : (found[i] as Found);
        return this.#orFromLast(
          address,
          tags,
          await this.#judge(address, one, versions, wallMs, 0),
        );
      }),
    );
  }

  /** What was read without a version; or what the last tier says, where only a nearer one may have been asked. */
  #orFromLast(
    address: Address,
    tags: readonly string[],
    snapshot: Snapshot,
  ): Snapshot | Promise<Snapshot> {
    const known =
      isServable(snapshot) || snapshot.reason === 'absent' || snapshot.reason === 'unreadable';
    return known || !this.#access.store.getNearest ? snapshot : this.read(address, tags);
  }

  /** At once, for all but the few entries whose tags or schema have to be looked at. */
  #judge(
    address: Address,
    found: Found | typeof FAILED,
    versions: ReadDependencyVersions,
    wallMs: number,
    monotonicMs: number,
  ): Snapshot | Promise<Snapshot> {
    const none = { entry: undefined, state: 'none', wallMs, monotonicMs } as const;
    // A store of the user's may answer with nothing at all.
    if (!found || found === FAILED)
      return { ...none, reason: 'unreadable', version: undefined, versions: undefined };
    const { value, version, error } = found;
    const entry = readEntry(value);
    if (!entry) {
      const isAbsent = value === undefined && !error;
      const reason = isAbsent
        ? 'absent'
        : this.#corrupt(address, 'cannot be read as an entry', error);
      return { ...none, reason, version, versions };
    }
    // One comparison for most: nothing but the prefix, and its version remembered.
    const isValid = entry.versions.length === 1 && entry.versions[0]?.[1] === versions[0]?.[1];
    if (!isValid || address.schema)
      return this.#judgeEntry(address, entry, isValid, { ...none, version, versions });
    const state = freshness(entry, this.#clock.now());
    return { entry, state, reason: 'expired', version, versions, wallMs, monotonicMs };
  }

  async #judgeEntry(
    address: Address,
    entry: Entry,
    isValid: boolean,
    base: Omit<Snapshot, 'reason'> & { versions: ReadDependencyVersions },
  ): Promise<Snapshot> {
    let { versions } = base;
    if (!isValid) {
      const inForce = new Map(await this.#inForce(entry, versions));
      if (entry.versions.some(([name]) => inForce.get(name) === FAILED))
        return { ...base, reason: 'unreadable', versions: undefined };
      // What the load will carry: no more than was asked for.
      versions = versions.map(([name]) => [name, inForce.get(name) ?? FAILED]);
      if (entry.versions.some(([name, carried]) => inForce.get(name) !== carried))
        return { ...base, reason: 'invalidated', versions };
    }
    const matching = address.schema ? await this.#matching(address, address.schema, entry) : entry;
    if (!matching) return { ...base, reason: 'corrupt', versions };
    const state = freshness(matching, this.#clock.now());
    return { ...base, entry: matching, state, reason: 'expired', versions };
  }

  /**
   * The versions that the entry must carry. What was not asked for is known or read now; and what does not match is
   * read again, because a remembered version may be older than the entry.
   */
  async #inForce(entry: Entry, read: ReadDependencyVersions): Promise<ReadDependencyVersions> {
    const asked = new Map(read);
    const names = entry.versions.flatMap(([name]) => (asked.has(name) ? [] : [name]));
    const known = [...read, ...(await this.#versions.current(names))];
    const versions = new Map(known);
    const open = entry.versions.filter(([name, carried]) => {
      const version = versions.get(name);
      return typeof version === 'string' && version !== carried;
    });
    return [...known, ...(await this.#versions.read(open.map(([name]) => [name])))];
  }

  async #matching(
    address: Address,
    schema: StandardSchemaV1,
    entry: Entry,
  ): Promise<Entry | undefined> {
    try {
      const { value, issues } = (await schema['~standard'].validate(entry.value)) as {
        value?: unknown;
        issues?: readonly { message: string }[];
      };
      // Undefined means a miss, whoever says so.
      if (!issues && value !== undefined) return new Entry(entry, value);
      const why = issues?.map((issue) => issue.message).join('; ') ?? 'undefined';
      this.#corrupt(address, `does not match its schema (${why})`);
    } catch (cause) {
      this.#corrupt(address, 'could not be checked, as its schema threw', cause);
    }
    return undefined;
  }

  #corrupt({ key }: Address, why: string, cause?: unknown): 'corrupt' {
    const message = `What is stored under "${key}" ${why}: it counts as a miss.`;
    const error = new CacheError('CORRUPT', message, { subject: key, cause });
    this.#emit({ type: 'corrupt', key, error });
    return 'corrupt';
  }
}

/** Otherwise what is at hand would be copied for nothing. */
const areTrusted = (tags: readonly string[], tracker: VersionTracker, now: number): boolean =>
  tags.every((tag) => tracker.trusted(tag, now) !== undefined);

const areInForce = (versions: DependencyVersions, tracker: VersionTracker, now: number): boolean =>
  versions.every(([name, version]) => tracker.trusted(name, now) === version);

/** Without a version where it is a copy. */
const readNearest = (store: CacheStore, name: string): Promise<Found> =>
  store.getNearest?.(name) ?? readVersioned(store, name);

/** With a version where the store can also compare it. */
const readVersioned = (store: CacheStore, name: string): Promise<Found> =>
  store.getVersioned && store.setIfUnchanged ? store.getVersioned(name) : readPlain(store, name);

/** All values; where one of them cannot be read, the others can all the same. */
async function readAll(store: CacheStore, names: readonly string[]): Promise<Found[]> {
  if (store.getMany && names.length > 1) {
    try {
      return (await store.getMany(names)).map((value) => ({ value, version: undefined }));
    } catch (error) {
      if (!isCorrupt(error)) throw error;
    }
  }
  return Promise.all(names.map((name) => readPlain(store, name)));
}

/** Without a version. */
async function readPlain(store: CacheStore, name: string): Promise<Found> {
  try {
    return { value: await store.get(name), version: undefined };
  } catch (error) {
    if (isCorrupt(error)) return { value: undefined, version: undefined, error };
    throw error;
  }
}

const isCorrupt = (error: unknown): boolean =>
  error instanceof CacheError && error.code === 'CORRUPT';
