import type { StandardSchemaV1 } from '../../model/cache-key.js';
import type { CacheVersion } from '../../model/cache-store.js';
import type {
  DependencyName,
  DependencyVersions,
  ReadDependencyVersions,
  ReadVersion,
} from '../../model/dependency.js';
import { Entry, freshness, readEntry } from '../../model/entry.js';
import { CacheError } from '../../model/errors.js';
import type { Emit } from '../../model/event-log.js';
import { FAILED } from '../../model/failed.js';
import type { Address, Snapshot } from '../../model/snapshot.js';
import type { Clock } from '../../model/time.js';
import { hardVersion } from '../../model/version-line.js';
import type { StoredValue } from './stored-value.js';
import type { VersionTracker } from './version-tracker.js';

/** True if all versions in an entry are current. If not, the entry was invalidated, or softly expired. */
export const areInForce = (
  carried: DependencyVersions,
  inForce: (name: DependencyName) => ReadVersion | undefined,
): boolean => carried.every(([name, version]) => inForce(name) === version);

/** True if the hard version of each is in force. If not all versions are, the entry was softly expired. */
const areValid = (
  carried: DependencyVersions,
  inForce: ReadonlyMap<DependencyName, ReadVersion>,
): boolean =>
  carried.every(([name, version]) => {
    const current = inForce.get(name);
    return typeof current === 'string' && hardVersion(current) === hardVersion(version);
  });

/** The same as `areInForce` in one comparison, for the many entries that depend only on the prefix. */
export const carriesOnly = (
  carried: DependencyVersions,
  prefix: CacheVersion | ReadVersion | undefined,
): boolean => carried.length === 1 && carried[0]?.[1] === prefix;

/** The start of a read. */
export type ReadTime = Pick<Snapshot, 'wallMs' | 'monotonicMs'>;

type Readable = Omit<Snapshot, 'reason'> & { readonly versions: ReadDependencyVersions };

/** Checks if a stored entry is complete, not invalidated, matches its schema, and is fresh, stale or expired. */
export class EntryValidator {
  readonly #versions: VersionTracker;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(versions: VersionTracker, clock: Clock, emit: Emit) {
    this.#versions = versions;
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * `versions` are those of the prefix, which comes first, and of the tags of the call. For most entries the result is
   * not a promise: only a schema takes longer, and tags that the call did not name or whose versions do not match.
   */
  validate(
    address: Address,
    stored: StoredValue | typeof FAILED,
    versions: ReadDependencyVersions,
    { wallMs, monotonicMs }: ReadTime,
  ): Snapshot | Promise<Snapshot> {
    const none = { entry: undefined, state: 'none', wallMs, monotonicMs } as const;
    // A user's store may return undefined.
    if (!stored || stored === FAILED)
      return { ...none, reason: 'unreadable', version: undefined, versions: undefined };
    const { value, version, error } = stored;
    const entry = readEntry(value);
    if (!entry) {
      const isAbsent = value === undefined && !error;
      const reason = isAbsent
        ? 'absent'
        : this.#corrupt(address, 'cannot be read as an entry', error);
      return { ...none, reason, version, versions };
    }
    const base = { ...none, version, versions };
    if (!carriesOnly(entry.versions, versions[0]?.[1]))
      return this.#validateAll(address, entry, base);
    return this.#ofShape(address, entry, base, true);
  }

  async #validateAll(address: Address, entry: Entry, base: Readable): Promise<Snapshot> {
    const inForce = new Map(await this.#versionsInForce(entry, base.versions));
    if (entry.versions.some(([name]) => inForce.get(name) === FAILED))
      return { ...base, reason: 'unreadable', versions: undefined };
    // A load that starts now carries only the tags of the call.
    const versions = base.versions.map(([name]) => [name, inForce.get(name) ?? FAILED] as const);
    const asked = new Set(versions.map(([name]) => name));
    const carried = [...inForce].filter(([name]) => !asked.has(name));
    const read = { ...base, versions, carried };
    if (!areValid(entry.versions, inForce)) return { ...read, reason: 'invalidated' };
    const isCurrent = areInForce(entry.versions, (name) => inForce.get(name));
    return this.#ofShape(address, entry, read, isCurrent);
  }

  /** Not a promise without a schema, or with one that is not asynchronous. */
  #ofShape(
    address: Address,
    entry: Entry,
    base: Readable,
    isCurrent: boolean,
  ): Snapshot | Promise<Snapshot> {
    if (!address.schema) return this.#aged(entry, base, isCurrent);
    const matching = this.#matching(address, address.schema, entry);
    return matching instanceof Promise
      ? matching.then((each) => this.#aged(each, base, isCurrent))
      : this.#aged(matching, base, isCurrent);
  }

  #aged(matching: Entry | undefined, base: Readable, isCurrent: boolean): Snapshot {
    if (!matching) return { ...base, reason: 'corrupt' };
    const aged = freshness(matching, this.#clock.now());
    const state = aged === 'fresh' && !isCurrent ? 'stale' : aged;
    return { ...base, entry: matching, state, reason: 'expired' };
  }

  /**
   * The versions that the entry must carry. Those of tags that the call did not name are remembered or read now. A
   * version that does not match is read again before it rejects the entry or makes it stale, because a remembered one may
   * be older than the entry.
   */
  async #versionsInForce(
    entry: Entry,
    asked: ReadDependencyVersions,
  ): Promise<ReadDependencyVersions> {
    const names = new Set(asked.map(([name]) => name));
    const others = entry.versions.flatMap(([name]) => (names.has(name) ? [] : [name]));
    const known = [...asked, ...(await this.#versions.current(others))];
    const versions = new Map(known);
    const mismatches = entry.versions.filter(([name, carried]) => {
      const version = versions.get(name);
      return typeof version === 'string' && version !== carried;
    });
    return [...known, ...(await this.#versions.read(mismatches.map(([name]) => [name])))];
  }

  #matching(
    address: Address,
    schema: StandardSchemaV1,
    entry: Entry,
  ): Entry | undefined | Promise<Entry | undefined> {
    try {
      const result = schema['~standard'].validate(entry.value);
      if (typeof Object(result).then !== 'function') return this.#checked(address, entry, result);
      const checked = Promise.resolve(result).then((each) => this.#checked(address, entry, each));
      return checked.catch((cause) => this.#unchecked(address, cause));
    } catch (cause) {
      return this.#unchecked(address, cause);
    }
  }

  #unchecked(address: Address, cause: unknown): undefined {
    this.#corrupt(address, 'could not be checked, as its schema threw', cause);
  }

  #checked(address: Address, entry: Entry, result: unknown): Entry | undefined {
    // Standard Schema's own result: a value, or its issues.
    const { value, issues } = result as {
      value?: unknown;
      issues?: readonly { message: string }[];
    };
    // Undefined means a miss, even if a schema returns it.
    if (!issues && value !== undefined)
      return value === entry.value ? entry : new Entry(entry, value);
    const why = issues?.map((issue) => issue.message).join('; ') ?? 'undefined';
    this.#corrupt(address, `does not match its schema (${why})`);
    return undefined;
  }

  #corrupt({ key }: Address, why: string, cause?: unknown): 'corrupt' {
    const message = `The stored record of "${key}" ${why}: it counts as a miss.`;
    const error = new CacheError('CORRUPT', message, { subject: key, cause });
    this.#emit({ type: 'corrupt', key, error });
    return 'corrupt';
  }
}
