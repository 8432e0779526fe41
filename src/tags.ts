import type { CacheVersion } from './cache-store.js';
import { FAILED, type StoreAccess } from './store-access.js';
import { type Clock, LONGEST_LIFE_MS } from './time.js';

/** No record where one is needed to prove anything: it equals no version that an entry carries. */
export const MISSING: unique symbol = Symbol('missing');

/** A record's version; `MISSING`; or `FAILED` when the store could not be read. */
export type ReadVersion = CacheVersion | typeof MISSING | typeof FAILED;

/** Version records outlive every entry that carries them; a day more, for clocks that differ. */
const RECORD_TTL_SECONDS = LONGEST_LIFE_MS / 1000 + 86_400;

/** The most versions that a process remembers. */
const MEMO_LIMIT = 10_000;

/**
 * The versions of tags and of the prefix: small records of their own, one write to invalidate all that carries them.
 *
 *     load    reads tag = v1 ────── loads ────── writes the entry with {tag: v1}
 *     invalidateTags           tag is now v2
 *     reader                                     reads entry {tag: v1} and tag = v2: a miss
 *
 * The version is the one that the store gives the record: a fresh id and a counter that only grows, so a replayed
 * write never brings an old version back. Where a store may evict records, a missing one invalidates what carries it
 * and the next fill creates it; where it may not, absence is a version like any other and nothing needs to be created.
 */
export class VersionRecords {
  readonly #access: StoreAccess;
  readonly #clock: Clock;
  readonly #trustMs: number;
  readonly #memo = new Map<string, { version: CacheVersion; readAt: number }>();
  /** Grows with each change from this process: a read that began before it must not be remembered after it. */
  #changes = 0;

  /** `trustMs`: how long a version that was read may be taken for the current one. */
  constructor(access: StoreAccess, clock: Clock, trustMs: number) {
    this.#access = access;
    this.#clock = clock;
    this.#trustMs = trustMs;
  }

  /** What this process may still trust. Its age is by the wall clock, so a thaw ends it, and so does a step back. */
  remembered(record: string): CacheVersion | undefined {
    const memo = this.#memo.get(record);
    if (!memo) return undefined;
    const age = this.#clock.now() - memo.readAt;
    return age >= 0 && age < this.#trustMs ? memo.version : undefined;
  }

  /** Remembered or read; never rejects. */
  current(record: string): ReadVersion | Promise<ReadVersion> {
    return this.remembered(record) ?? this.read(record);
  }

  /** From the store; never rejects. */
  async read(record: string): Promise<ReadVersion> {
    const { changes, readAt } = { changes: this.#changes, readAt: this.#clock.now() };
    const found = await this.#access.attempt('read version', record, async (store) => {
      if (store.getVersioned) return await store.getVersioned(record);
      const value = await store.get<string>(record);
      return { value, version: value ?? '' };
    });
    if (found === FAILED) return FAILED;
    if (found.value === undefined && !this.#access.store.durable) return MISSING;
    if (this.#trustMs > 0 && changes === this.#changes)
      this.#remember(record, found.version, readAt);
    return found.version;
  }

  /** The version for an entry to carry; a missing record is created first. Never rejects. */
  async ensure(record: string, seen: ReadVersion): Promise<CacheVersion | typeof FAILED> {
    if (seen !== MISSING) return seen;
    const id = crypto.randomUUID();
    const created = await this.#access.attempt('create version', record, async (store) => {
      if (store.add) await store.add(record, id, RECORD_TTL_SECONDS);
      else await store.set(record, id, RECORD_TTL_SECONDS);
    });
    const version = created === FAILED ? FAILED : await this.read(record);
    return version === MISSING ? FAILED : version;
  }

  /**
   * Invalidates everything that carries the record's version. A second try writes an id of its own, so it does no harm
   * when the first one succeeded and only its answer was lost.
   *
   * @throws CacheError `NOT_CONFIRMED`.
   */
  async change(record: string, operation: string, subject: string | undefined): Promise<void> {
    this.#forget(record);
    const write = () =>
      this.#access.confirm(operation, subject, (store) =>
        store.set(record, crypto.randomUUID(), RECORD_TTL_SECONDS),
      );
    await write().catch(write);
    this.#forget(record);
  }

  #forget(record: string): void {
    this.#changes++;
    this.#memo.delete(record);
  }

  #remember(record: string, version: CacheVersion, readAt: number): void {
    if (this.#memo.size >= MEMO_LIMIT) this.#memo.clear();
    this.#memo.set(record, { version, readAt });
  }
}
