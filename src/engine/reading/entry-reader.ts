import type { StandardSchemaV1 } from '../../model/cache-key.js';
import type { CacheStore, CacheVersion } from '../../model/cache-store.js';
import { Entry, type Freshness, freshness, type DependencyName, type DependencyVersions, readEntry } from '../../model/entry.js';
import { CacheError } from '../../model/errors.js';
import type { Emit, MissReason } from '../../model/events.js';
import { FAILED, type StoreAccess } from '../store-access.js';
import type { VersionTracker, ReadDependencyVersions } from './version-tracker.js';
import { type Clock, monotonic } from '../../model/time.js';

/** One key: as the caller wrote it, as it is written in the store, and what its values must look like. */
export interface Address {
  readonly key: string;
  readonly storageKey: string;
  readonly schema: StandardSchemaV1 | undefined;
}

/** What one read of a key saw. */
export interface Snapshot {
  /** Not invalidated, and it matches the schema; expired when a stale-if-error window keeps it. */
  readonly entry?: Entry | undefined;
  readonly state: Freshness | 'none';
  /** Why nothing can be served, where nothing can. */
  readonly reason: MissReason;
  /** What a fill compares; undefined where the store has no versions or could not be read. */
  readonly version: CacheVersion | undefined;
  /**
   * What a load that begins now would carry. Undefined when the key could not be read, and in what was read from a
   * nearer tier than the last: then nothing may be filled.
   */
  readonly marks: ReadDependencyVersions | undefined;
  /** When the read began, by the wall clock and by the monotonic one. */
  readonly wallMs: number;
  readonly monotonicMs: number;
}

interface Found {
  readonly value: unknown;
  readonly version: CacheVersion | undefined;
  /** Why the value that is there cannot be read. */
  readonly error?: unknown;
}

const PREFIX: readonly DependencyName[] = [null];

/** What a caller can be given. */
export type Servable = Snapshot & { readonly entry: Entry; readonly state: 'fresh' | 'stale' };

export const isServable = (seen: Snapshot): seen is Servable =>
  seen.state === 'fresh' || seen.state === 'stale';

/** Whether this is only a copy, of a nearer tier than the last: to be served, but nothing to load or refresh from. */
export const isCopy = ({ entry, marks }: Snapshot): boolean =>
  entry !== undefined && marks === undefined;

/** Reads entries and says what they are worth: whole, not invalidated, of the right shape, fresh, stale or expired. */
export class EntryReader {
  readonly #access: StoreAccess;
  readonly #marks: VersionTracker;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(access: StoreAccess, marks: VersionTracker, clock: Clock, emit: Emit) {
    this.#access = access;
    this.#marks = marks;
    this.#clock = clock;
    this.#emit = emit;
  }

  /** A fresh entry that is at hand in this process, if nothing but its marks has to be looked at. */
  peek(name: string, tags: readonly string[], now: number): Entry | undefined {
    const prefix = this.#marks.trusted(null, now);
    if (prefix === undefined || (tags.length > 0 && !areTrusted(tags, this.#marks, now)))
      return undefined;
    const entry = this.#access.store.getIfPresent?.(name, now);
    if (!(entry instanceof Entry) || freshness(entry, now) !== 'fresh') return undefined;
    const { marks } = entry;
    // Nothing but the prefix in most.
    const isValid =
      marks.length === 1 ? marks[0]?.[1] === prefix : areInForce(marks, this.#marks, now);
    return isValid ? entry : undefined;
  }

  /**
   * One key, with the version that a fill needs. The versions of the known tags and of the prefix are asked for in
   * the same tick, so that a store that batches needs one request. Never rejects.
   */
  read(at: Address, tags: readonly string[]): Promise<Snapshot> {
    return this.#readOne(at, tags, readVersioned);
  }

  /**
   * As `read`, or a copy that may be served from a nearer tier than the last. A copy that may not says nothing of what
   * the last tier holds: another process may have loaded anew what it has invalidated.
   */
  readNearest(at: Address, tags: readonly string[]): Promise<Snapshot> {
    return this.#access.store.getNearest ? this.#readTiers(at, tags) : this.read(at, tags);
  }

  async #readTiers(at: Address, tags: readonly string[]): Promise<Snapshot> {
    const seen = await this.#readOne(at, tags, readNearest);
    if (seen.version !== undefined || seen.reason === 'unreadable') return seen;
    return isServable(seen) ? { ...seen, marks: undefined } : this.read(at, tags);
  }

  /** Promises in place of `await`: this is what a hit on a store costs most. */
  #readOne(
    at: Address,
    tags: readonly string[],
    readFound: (store: CacheStore, name: string) => Promise<Found>,
  ): Promise<Snapshot> {
    const wallMs = this.#clock.now();
    const monotonicMs = monotonic();
    const marks = this.#marks.current(tags.length === 0 ? PREFIX : [null, ...tags], wallMs);
    const reading = this.#access.attempt('get', at.key, (store) => readFound(store, at.storageKey));
    if (marks instanceof Promise) {
      return Promise.all([reading, marks]).then(([found, read]) =>
        this.#judge(at, found, read, wallMs, monotonicMs),
      );
    }
    return reading.then((found) => this.#judge(at, found, marks, wallMs, monotonicMs));
  }

  /** Many keys, and the tags that their own policies name, for `get` and `getMany`, which fill nothing. Never rejects. */
  async readMany(ats: readonly Address[], tags: readonly string[]): Promise<Snapshot[]> {
    const [only] = ats;
    if (only && ats.length === 1) {
      const seen = await this.#readOne(only, tags, readPlain);
      return [await this.#orFromLast(only, tags, seen)];
    }
    const wallMs = this.#clock.now();
    const reading = this.#marks.current([null, ...new Set(tags)]);
    const names = ats.map((at) => at.storageKey);
    const found = await this.#access.attempt('get', undefined, (store) => readAll(store, names));
    const marks = await reading;
    return Promise.all(
      ats.map(async (at, i) => {
        const one = found === FAILED ? FAILED : (found[i] as Found);
        return this.#orFromLast(at, tags, await this.#judge(at, one, marks, wallMs, 0));
      }),
    );
  }

  /** What was read without a version; or what the last tier says, where only a nearer one may have been asked. */
  #orFromLast(at: Address, tags: readonly string[], seen: Snapshot): Snapshot | Promise<Snapshot> {
    const known = isServable(seen) || seen.reason === 'absent' || seen.reason === 'unreadable';
    return known || !this.#access.store.getNearest ? seen : this.read(at, tags);
  }

  /** At once, for all but the few entries whose tags or schema have to be looked at. */
  #judge(
    at: Address,
    found: Found | typeof FAILED,
    marks: ReadDependencyVersions,
    wallMs: number,
    monotonicMs: number,
  ): Snapshot | Promise<Snapshot> {
    const none = { entry: undefined, state: 'none', wallMs, monotonicMs } as const;
    // A store of the user's may answer with nothing at all.
    if (!found || found === FAILED)
      return { ...none, reason: 'unreadable', version: undefined, marks: undefined };
    const { value, version, error } = found;
    const entry = readEntry(value);
    if (!entry) {
      const isAbsent = value === undefined && !error;
      const reason = isAbsent ? 'absent' : this.#corrupt(at, 'cannot be read as an entry', error);
      return { ...none, reason, version, marks };
    }
    // One comparison for most: nothing but the prefix, and its version remembered.
    const isValid = entry.marks.length === 1 && entry.marks[0]?.[1] === marks[0]?.[1];
    if (!isValid || at.schema)
      return this.#judgeEntry(at, entry, isValid, { ...none, version, marks });
    const state = freshness(entry, this.#clock.now());
    return { entry, state, reason: 'expired', version, marks, wallMs, monotonicMs };
  }

  async #judgeEntry(
    at: Address,
    entry: Entry,
    isValid: boolean,
    base: Omit<Snapshot, 'reason'> & { marks: ReadDependencyVersions },
  ): Promise<Snapshot> {
    let { marks } = base;
    if (!isValid) {
      const inForce = new Map(await this.#inForce(entry, marks));
      if (entry.marks.some(([name]) => inForce.get(name) === FAILED))
        return { ...base, reason: 'unreadable', marks: undefined };
      // What the load will carry: no more than was asked for.
      marks = marks.map(([name]) => [name, inForce.get(name) ?? FAILED]);
      if (entry.marks.some(([name, carried]) => inForce.get(name) !== carried))
        return { ...base, reason: 'invalidated', marks };
    }
    const matching = at.schema ? await this.#matching(at, at.schema, entry) : entry;
    if (!matching) return { ...base, reason: 'corrupt', marks };
    const state = freshness(matching, this.#clock.now());
    return { ...base, entry: matching, state, reason: 'expired', marks };
  }

  /**
   * The versions that the entry must carry. What was not asked for is known or read now; and what does not match is
   * read again, because a remembered version may be older than the entry.
   */
  async #inForce(entry: Entry, read: ReadDependencyVersions): Promise<ReadDependencyVersions> {
    const asked = new Map(read);
    const names = entry.marks.flatMap(([name]) => (asked.has(name) ? [] : [name]));
    const known = [...read, ...(await this.#marks.current(names))];
    const versions = new Map(known);
    const open = entry.marks.filter(([name, carried]) => {
      const version = versions.get(name);
      return typeof version === 'string' && version !== carried;
    });
    return [...known, ...(await this.#marks.read(open.map(([name]) => [name])))];
  }

  async #matching(at: Address, schema: StandardSchemaV1, entry: Entry): Promise<Entry | undefined> {
    try {
      const { value, issues } = (await schema['~standard'].validate(entry.value)) as {
        value?: unknown;
        issues?: readonly { message: string }[];
      };
      // Undefined means a miss, whoever says so.
      if (!issues && value !== undefined) return new Entry(entry, value);
      const why = issues?.map((issue) => issue.message).join('; ') ?? 'undefined';
      this.#corrupt(at, `does not match its schema (${why})`);
    } catch (cause) {
      this.#corrupt(at, 'could not be checked, as its schema threw', cause);
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
const areTrusted = (tags: readonly string[], versions: VersionTracker, now: number): boolean =>
  tags.every((tag) => versions.trusted(tag, now) !== undefined);

const areInForce = (marks: DependencyVersions, versions: VersionTracker, now: number): boolean =>
  marks.every(([name, version]) => versions.trusted(name, now) === version);

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
