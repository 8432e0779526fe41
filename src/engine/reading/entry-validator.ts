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
    const isInForce = carriesOnly(entry.versions, versions[0]?.[1]);
    if (!isInForce || address.schema)
      return this.#validateAll(address, entry, isInForce, { ...none, version, versions });
    const state = freshness(entry, this.#clock.now());
    return { entry, state, reason: 'expired', version, versions, wallMs, monotonicMs };
  }

  async #validateAll(
    address: Address,
    entry: Entry,
    isInForce: boolean,
    base: Readable,
  ): Promise<Snapshot> {
    let { versions } = base;
    let carried: ReadDependencyVersions | undefined;
    let isCurrent = true;
    if (!isInForce) {
      const inForce = new Map(await this.#versionsInForce(entry, versions));
      if (entry.versions.some(([name]) => inForce.get(name) === FAILED))
        return { ...base, reason: 'unreadable', versions: undefined };
      // A load that starts now carries only the tags of the call.
      versions = versions.map(([name]) => [name, inForce.get(name) ?? FAILED]);
      const asked = new Set(versions.map(([name]) => name));
      carried = [...inForce].filter(([name]) => !asked.has(name));
      if (!areValid(entry.versions, inForce))
        return { ...base, reason: 'invalidated', versions, carried };
      isCurrent = areInForce(entry.versions, (name) => inForce.get(name));
    }
    const matching = address.schema ? await this.#matching(address, address.schema, entry) : entry;
    if (!matching) return { ...base, reason: 'corrupt', versions, carried };
    const aged = freshness(matching, this.#clock.now());
    const state = aged === 'fresh' && !isCurrent ? 'stale' : aged;
    return { ...base, entry: matching, state, reason: 'expired', versions, carried };
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

  async #matching(
    address: Address,
    schema: StandardSchemaV1,
    entry: Entry,
  ): Promise<Entry | undefined> {
    try {
      // Standard Schema's own result: a value, or its issues.
      const { value, issues } = (await schema['~standard'].validate(entry.value)) as {
        value?: unknown;
        issues?: readonly { message: string }[];
      };
      // Undefined means a miss, even if a schema returns it.
      if (!issues && value !== undefined) return new Entry(entry, value);
      const why = issues?.map((issue) => issue.message).join('; ') ?? 'undefined';
      this.#corrupt(address, `does not match its schema (${why})`);
    } catch (cause) {
      this.#corrupt(address, 'could not be checked, as its schema threw', cause);
    }
    return undefined;
  }

  #corrupt({ key }: Address, why: string, cause?: unknown): 'corrupt' {
    const message = `The stored record of "${key}" ${why}: it counts as a miss.`;
    const error = new CacheError('CORRUPT', message, { subject: key, cause });
    this.#emit({ type: 'corrupt', key, error });
    return 'corrupt';
  }
}
