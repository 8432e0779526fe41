import type { KeySpace, StandardSchemaV1 } from './cache-key.js';
import type { CacheStore, CacheVersion } from './cache-store.js';
import { Entry, type Freshness, freshness, type Marks, readEntry } from './entry.js';
import { CacheError } from './errors.js';
import type { Emit, MissReason } from './events.js';
import { FAILED, type StoreAccess } from './store-access.js';
import type { ReadVersion, VersionRecords } from './tags.js';
import { type Clock, monotonic } from './time.js';

/** One key: as the caller wrote it, as it is written in the store, and what its values must look like. */
export interface Address {
  readonly key: string;
  readonly name: string;
  readonly schema: StandardSchemaV1 | undefined;
}

/** The versions that a load which begins now would carry; `FAILED` ones forbid a fill, `MISSING` ones are created. */
export interface SeenMarks {
  readonly prefix: ReadVersion;
  readonly tags: readonly (readonly [tag: string, version: ReadVersion])[];
}

/** What one read of a key saw. */
export interface Seen {
  /** Not invalidated, and it matches the schema; expired when a stale-if-error window keeps it. */
  readonly entry: Entry | undefined;
  readonly state: Freshness | 'none';
  /** Why nothing can be served, where nothing can. */
  readonly reason: MissReason;
  /** What a fill compares; undefined where the store has no versions or could not be read. */
  readonly version: CacheVersion | undefined;
  /** Undefined when the key could not be read: then there is nothing that a fill could be compared with. */
  readonly marks: SeenMarks | undefined;
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

/** Reads entries and says what they are worth: whole, not invalidated, of the right shape, fresh, stale or expired. */
export class Reader {
  readonly #access: StoreAccess;
  readonly #keys: KeySpace;
  readonly #tags: VersionRecords;
  readonly #prefixes: VersionRecords;
  readonly #prefixRecord: string;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(
    access: StoreAccess,
    keys: KeySpace,
    versions: { tags: VersionRecords; prefixes: VersionRecords },
    clock: Clock,
    emit: Emit,
  ) {
    this.#access = access;
    this.#keys = keys;
    this.#tags = versions.tags;
    this.#prefixes = versions.prefixes;
    this.#prefixRecord = keys.record('prefix', '');
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * One key, with the version that a fill needs. The versions of the known tags and of the prefix are asked for in
   * the same tick, so that a store that batches needs one request. Never rejects.
   */
  async read(at: Address, tags: readonly string[]): Promise<Seen> {
    const wallMs = this.#clock.now();
    const monotonicMs = monotonic();
    const prefix = this.#prefixes.current(this.#prefixRecord);
    const marks = tags.length === 0 ? [] : this.#readTags(tags);
    const found = await this.#access.attempt('get', at.key, (store) =>
      this.#getVersioned(store, at),
    );
    const seen: SeenMarks = {
      prefix: prefix instanceof Promise ? await prefix : prefix,
      tags: marks instanceof Promise ? await marks : marks,
    };
    return this.#judge(at, found, seen, !(prefix instanceof Promise), wallMs, monotonicMs);
  }

  /** Many keys without versions, for `get` and `getMany`, which fill nothing. Never rejects. */
  async readMany(ats: readonly Address[]): Promise<Seen[]> {
    const wallMs = this.#clock.now();
    const prefix = this.#prefixes.current(this.#prefixRecord);
    const names = ats.map((at) => at.name);
    const key = ats.length === 1 ? ats[0]?.key : undefined;
    const found = await this.#access.attempt('get', key, (store) => getAll(store, names));
    const marks: SeenMarks = { prefix: await prefix, tags: [] };
    const trusted = !(prefix instanceof Promise);
    return Promise.all(
      ats.map((at, i) => {
        const one = found === FAILED ? FAILED : (found[i] as Found);
        return this.#judge(at, one, marks, trusted, wallMs, 0);
      }),
    );
  }

  /** Whether the store still holds, as valid, what an earlier read saw: asked before a failed load falls back on it. */
  async isUnchanged({
    at,
    policy,
    seen,
  }: {
    at: Address;
    policy: { tags: readonly string[] };
    seen: Seen;
  }): Promise<boolean> {
    const { entry, version } = await this.read(at, policy.tags);
    return (
      entry !== undefined && version === seen.version && entry.createdAt === seen.entry?.createdAt
    );
  }

  /** The versions for an entry whose load begins now; undefined when one of them is not to be had. */
  async marksFor(seen: SeenMarks): Promise<Marks | undefined> {
    const prefix = await this.#prefixes.ensure(this.#prefixRecord, seen.prefix);
    const tags = await Promise.all(
      seen.tags.map(async ([tag, version]) => {
        const ensured = await this.#tags.ensure(this.#keys.record('tag', tag), version);
        return [tag, ensured] as const;
      }),
    );
    return prefix === FAILED || !tags.every(isReadable) ? undefined : { prefix, tags };
  }

  /** Versions of tags and of the prefix for a write that no read came before. */
  async currentMarks(tags: readonly string[]): Promise<Marks | undefined> {
    const prefix = this.#prefixes.current(this.#prefixRecord);
    const marks = this.#readTags(tags);
    return this.marksFor({ prefix: await prefix, tags: await marks });
  }

  #readTags(tags: readonly string[]): Promise<SeenMarks['tags']> {
    return Promise.all(
      tags.map(
        async (tag) => [tag, await this.#tags.current(this.#keys.record('tag', tag))] as const,
      ),
    );
  }

  #getVersioned(store: StoreAccess['store'], at: Address): Promise<Found> {
    if (store.getVersioned && store.setIfUnchanged) return store.getVersioned(at.name);
    return store.get(at.name).then((value) => ({ value, version: undefined }));
  }

  async #judge(
    at: Address,
    found: Found | typeof FAILED,
    marks: SeenMarks,
    trusted: boolean,
    wallMs: number,
    monotonicMs: number,
  ): Promise<Seen> {
    const base = {
      entry: undefined,
      state: 'none',
      version: undefined,
      wallMs,
      monotonicMs,
    } as const;
    if (found === FAILED) return { ...base, reason: 'unreadable', marks: undefined };
    const { version } = found;
    const nothing = (reason: MissReason, now = marks): Seen => ({
      ...base,
      reason,
      version,
      marks: now,
    });
    if (found.error !== undefined) {
      this.#corrupt(at, 'cannot be read: it will be loaded anew.', found.error);
      return nothing('corrupt');
    }
    if (found.value === undefined) return nothing('absent');
    let entry = readEntry(found.value);
    if (!entry) {
      this.#corrupt(at, 'is not an entry of this cache: what else writes to this key?');
      return nothing('corrupt');
    }
    if (entry.prefix !== marks.prefix || entry.tags.length > 0) {
      const now = await this.#currentFor(entry, marks, trusted);
      if (now === FAILED) return nothing('unreadable');
      if (!now.valid) return nothing('invalidated', now.marks);
    }
    if (at.schema) {
      entry = await this.#matching(at, at.schema, entry);
      if (!entry) return nothing('corrupt');
    }
    const state = freshness(entry, this.#clock.now());
    return { entry, state, reason: 'expired', version, marks, wallMs, monotonicMs };
  }

  /**
   * Compares what the entry carries with what is in force. A remembered version that does not match is read again
   * before it rejects: the entry may be younger than the memory.
   */
  async #currentFor(
    entry: Entry,
    seen: SeenMarks,
    trusted: boolean,
  ): Promise<{ valid: boolean; marks: SeenMarks } | typeof FAILED> {
    const known = new Map(seen.tags);
    const readTag = async ([tag, carried]: readonly [string, CacheVersion]): Promise<
      readonly [string, ReadVersion]
    > => {
      const record = this.#keys.record('tag', tag);
      const remembered = this.#tags.remembered(record);
      const version = known.get(tag) ?? remembered ?? (await this.#tags.read(record));
      const again = version !== carried && remembered !== undefined;
      return [tag, again ? await this.#tags.read(record) : version];
    };
    const readPrefix = async (): Promise<ReadVersion> =>
      trusted && seen.prefix !== entry.prefix
        ? this.#prefixes.read(this.#prefixRecord)
        : seen.prefix;
    const readTags = Promise.all(entry.tags.map(readTag));
    const prefix: ReadVersion = await readPrefix();
    const tags = await readTags;
    const read = new Map(tags);
    if (prefix === FAILED || tags.some(([, version]) => version === FAILED)) return FAILED;
    return {
      valid:
        prefix === entry.prefix && entry.tags.every(([tag, carried]) => read.get(tag) === carried),
      marks: { prefix, tags: seen.tags.map(([tag, was]) => [tag, read.get(tag) ?? was]) },
    };
  }

  async #matching(at: Address, schema: StandardSchemaV1, entry: Entry): Promise<Entry | undefined> {
    try {
      const outcome = (await schema['~standard'].validate(entry.value)) as {
        value?: unknown;
        issues?: readonly { message: string }[];
      };
      if (!outcome.issues) return new Entry(entry, outcome.value);
      const issues = outcome.issues.map((issue) => issue.message).join('; ');
      this.#corrupt(at, `does not match the key's schema (${issues}): it will be loaded anew.`);
    } catch (cause) {
      this.#corrupt(at, 'could not be checked: the schema threw.', cause);
    }
    return undefined;
  }

  #corrupt(at: Address, what: string, cause?: unknown): void {
    const error = new CacheError('CORRUPT', `What is stored under "${at.key}" ${what}`, {
      subject: at.key,
      cause,
    });
    this.#emit({ type: 'corrupt', key: at.key, error });
  }
}

/** All values; where one of them cannot be read, the others can all the same. */
async function getAll(store: CacheStore, names: readonly string[]): Promise<Found[]> {
  const readOne = async (name: string): Promise<Found> => {
    try {
      return { value: await store.get(name), version: undefined };
    } catch (error) {
      if (isCorrupt(error)) return { value: undefined, version: undefined, error };
      throw error;
    }
  };
  if (!store.getMany || names.length === 1) return Promise.all(names.map(readOne));
  try {
    const values = await store.getMany(names);
    return values.map((value) => ({ value, version: undefined }));
  } catch (error) {
    if (isCorrupt(error)) return Promise.all(names.map(readOne));
    throw error;
  }
}

const isCorrupt = (error: unknown) => error instanceof CacheError && error.code === 'CORRUPT';

function isReadable(
  mark: readonly [string, CacheVersion | typeof FAILED],
): mark is readonly [string, CacheVersion] {
  return mark[1] !== FAILED;
}
