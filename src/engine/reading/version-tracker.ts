import type { CacheStore, CacheVersion } from '../../model/cache-store.js';
import type { DependencyName, DependencyVersions } from '../../model/dependency.js';
import { MISSING, type ReadDependencyVersions, type ReadVersion } from '../../model/dependency.js';
import { FAILED } from '../../model/failed.js';
import type { KeySpace } from '../../model/key-space.js';
import type { Clock } from '../../model/time.js';
import type { StoreAccess } from '../store-access.js';
import { addRecord, changeRecord, readRecord, SoftChange } from './version-record.js';

interface Memory {
  /** The version as a list of one, the form that most reads need. */
  readonly versions: readonly [DependencyVersions[number]];
  readonly readAt: number;
  /** The time until which it may be trusted, epoch milliseconds. */
  readonly until: number;
}

/** The most versions of tags that a process remembers. */
const MOST_REMEMBERED = 10_000;

/**
 * Reads and changes the versions of tags and of the prefix. They are small records, and one write to one of them
 * invalidates all entries that depend on it.
 *
 *     load    reads tag = v1 ────── loads ────── writes the entry with {tag: v1}
 *     invalidateTags           tag is now v2
 *     reader                                     reads entry {tag: v1} and tag = v2: a miss
 *
 * The store assigns the version of a record: a fresh id and a counter that only grows, so a replayed write never
 * restores an old version. If a store may evict records, a missing one invalidates the entries that depend on it, and
 * the next fill creates it. If it never evicts, absence is a version like any other, and nothing needs to be created.
 */
export class VersionTracker {
  readonly #access: StoreAccess;
  readonly #keys: KeySpace;
  readonly #clock: Clock;
  readonly #trustMs: { readonly tag: number; readonly prefix: number };
  readonly #tags = new Map<string, Memory>();
  /** Separate from the tags, because every call needs it. */
  #prefix: Memory | undefined;
  /** Grows with each change by this process, because a read that began before a change must not be remembered. */
  #changes = 0;

  /** `trustMs` is the time for which a version counts as current after its read. */
  constructor(
    access: StoreAccess,
    keys: KeySpace,
    clock: Clock,
    trustMs: { tag: number; prefix: number },
  ) {
    this.#access = access;
    this.#keys = keys;
    this.#clock = clock;
    this.#trustMs = trustMs;
  }

  /** The versions, from memory if trusted, else from the store. Never rejects. */
  current(
    names: readonly DependencyName[],
    now: number = this.#clock.now(),
  ): ReadDependencyVersions | Promise<ReadDependencyVersions> {
    const known: DependencyVersions[number][] = [];
    for (const name of names) {
      const memory = name === null ? this.#prefix : this.#tags.get(name);
      if (!isTrusted(memory, now))
        return this.read(names.map((each) => [each, this.trusted(each, now)]));
      if (names.length === 1) return memory.versions;
      known.push(memory.versions[0]);
    }
    return known;
  }

  /** The versions, from the store unless given. Never rejects. */
  read(
    names: readonly (readonly [name: DependencyName, known?: CacheVersion | undefined])[],
  ): Promise<ReadDependencyVersions> {
    return Promise.all(
      names.map(async ([name, known]) => [name, known ?? (await this.#read(name))] as const),
    );
  }

  /**
   * The versions for an entry. Creates missing records first. Undefined if a version cannot be read. Not a promise if
   * all versions are known, as in most misses.
   */
  ensure(
    versions: ReadDependencyVersions,
  ): DependencyVersions | Promise<DependencyVersions | undefined> {
    return versions.every(isKnown) ? versions : this.#createMissing(versions);
  }

  async #createMissing(versions: ReadDependencyVersions): Promise<DependencyVersions | undefined> {
    const ensured = await Promise.all(
      versions.map(
        async ([name, version]) =>
          [name, version === MISSING ? await this.#create(name) : version] as const,
      ),
    );
    return ensured.every(isKnown) ? ensured : undefined;
  }

  /**
   * Invalidates all entries that depend on the tag or prefix. A second try writes its own id, so it does no harm if the
   * first one succeeded and only its answer was lost.
   *
   * @throws CacheError `NOT_CONFIRMED`.
   */
  async change(name: DependencyName, operation: string): Promise<void> {
    const record = this.#record(name);
    await this.#confirm(name, operation, (store) => changeRecord(store, record));
  }

  /**
   * Makes all entries that depend on the tag stale. Where a store compares no versions, it invalidates them.
   *
   * @throws CacheError `NOT_CONFIRMED`.
   */
  async soften(tag: string, operation: string): Promise<void> {
    const { fences, isDurable } = this.#access.can;
    if (!fences) return this.change(tag, operation);
    const change = new SoftChange(this.#record(tag), isDurable);
    await this.#confirm(tag, operation, (store) => change.run(store));
  }

  /** Writes to a version record, at most twice. */
  async #confirm(
    name: DependencyName,
    operation: string,
    run: (store: CacheStore) => Promise<void>,
  ): Promise<void> {
    const write = () => this.#access.confirm(operation, name ?? undefined, run);
    // Even if it is not confirmed, because the store may have changed the record.
    await write()
      .catch(write)
      .finally(() => this.#forget(name));
  }

  /** The remembered version. It ages by the wall clock, so a freeze ends its trust, and so does a clock set back. */
  trusted(name: DependencyName, now: number): CacheVersion | undefined {
    const memory = name === null ? this.#prefix : this.#tags.get(name);
    return isTrusted(memory, now) ? memory.versions[0][1] : undefined;
  }

  async #read(name: DependencyName): Promise<ReadVersion> {
    const changes = this.#changes;
    const readAt = this.#clock.now();
    const record = this.#record(name);
    const found = await this.#access.attempt('read version', name ?? undefined, (store) =>
      readRecord(store, record),
    );
    // A user's store may return undefined.
    if (!found || found === FAILED) return FAILED;
    if (found.value === undefined && !this.#access.can.isDurable) return MISSING;
    return this.#noted(name, found.version, readAt, changes);
  }

  #noted(
    name: DependencyName,
    version: CacheVersion,
    readAt: number,
    changes: number,
  ): CacheVersion {
    const trustMs = name === null ? this.#trustMs.prefix : this.#trustMs.tag;
    if (trustMs === 0) return version;
    if (changes === this.#changes) {
      this.#remember(name, { versions: [[name, version]], readAt, until: readAt + trustMs });
    } else if (this.trusted(name, readAt) !== version) {
      // Otherwise the next load would carry a version that this read has shown to be old.
      this.#drop(name);
    }
    return version;
  }

  async #create(name: DependencyName): Promise<ReadVersion> {
    const changes = this.#changes;
    const readAt = this.#clock.now();
    const record = this.#record(name);
    const found = await this.#access.attempt('create version', name ?? undefined, async (store) => {
      const adding = addRecord(store, record);
      if (!store.add) {
        await adding;
        // Another call may set another version at the same time. The version is read after both, and the last one
        // counts.
        return undefined;
      }
      // Read in the same turn, because a full store may evict the record before any later operation.
      const reading = [adding, readRecord(store, record)] as const;
      const [added, read] = await Promise.allSettled(reading);
      if (added.status === 'rejected') throw added.reason;
      return read.status === 'fulfilled' ? read.value : undefined;
    });
    const isThere = found && found !== FAILED && found.value !== undefined;
    return isThere ? this.#noted(name, found.version, readAt, changes) : this.#read(name);
  }

  #record(name: DependencyName): string {
    return name === null ? this.#keys.record('prefix', '') : this.#keys.record('tag', name);
  }

  #remember(name: DependencyName, memory: Memory): void {
    if (name === null) {
      this.#prefix = memory;
      return;
    }
    if (this.#tags.size >= MOST_REMEMBERED) this.#tags.clear();
    this.#tags.set(name, memory);
  }

  #forget(name: DependencyName): void {
    this.#changes++;
    this.#drop(name);
  }

  #drop(name: DependencyName): void {
    if (name === null) this.#prefix = undefined;
    else this.#tags.delete(name);
  }
}

const isTrusted = (memory: Memory | undefined, now: number): memory is Memory =>
  memory !== undefined && now >= memory.readAt && now < memory.until;

const isKnown = (
  dependency: readonly [DependencyName, ReadVersion],
): dependency is readonly [DependencyName, CacheVersion] => typeof dependency[1] === 'string';
