import type {
  CacheVersion,
  NearestRead,
  ProblemReport,
  StoreEntry,
} from '../../model/cache-store.js';
import { Entry, isEntry, readEntry } from '../../model/entry.js';
import type { Clock } from '../../model/time.js';
import { CircuitBreaker } from '../../resilience/circuit-breaker.js';
import { LATE, OperationTimeouts } from '../../resilience/operation-timeouts.js';
import { copyOfData } from '../../util/clone.js';
import { tierTimeout } from './error.js';
import type { Tier } from './tier.js';

/** The state of an upper tier, read before anything was read or written below it. */
export interface TierSnapshot<T = unknown> {
  readonly value: T | undefined;
  readonly expiresAt?: number | undefined;
  /** The version that a copy must still find. Undefined if the tier could not be read. */
  readonly version: CacheVersion | undefined;
  /** The start of the snapshot. A value copied after it was current below at this time or later. */
  readonly atMs: number;
}

/** Stands for an upper tier that was not read, so that nothing is copied. */
export const NOTHING_READ = {
  value: undefined,
  version: undefined,
  atMs: 0,
} satisfies TierSnapshot;

/** Stands for an unknown expiry. Such a value must not be copied. */
const UNKNOWN = Number.NEGATIVE_INFINITY;

/** The timeout of an operation on an upper tier, milliseconds. It leaves time for the tier below. */
const UPPER_MS = 1_000;
/** A failing upper tier is mostly skipped, because every read would pay the timeout. */
const BREAKER = { failures: 3, cooldownMs: 5_000 };

/**
 * A tier above the last one. It holds copies only, each for at most `ttlMs` from the snapshot before it, and writes a copy
 * only if its key has not changed since that snapshot.
 */
export class UpperTier {
  readonly store: Tier;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #timeouts = new OperationTimeouts();
  readonly #breaker: CircuitBreaker;
  /** Receives the failures that cost no more than a copy, because nothing rejects with them. */
  readonly #report: ProblemReport;

  constructor(store: Tier, ttlMs: number, clock: Clock, report: ProblemReport) {
    this.store = store;
    this.#report = report;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
    this.#breaker = new CircuitBreaker(BREAKER, clock, () => {});
  }

  /** Reads the tier. Never rejects: a tier that cannot be read counts as empty. */
  async snapshot<T>(key: string): Promise<TierSnapshot<T>> {
    const atMs = this.#clock.now();
    if (!this.#breaker.allows()) return { ...NOTHING_READ, atMs };
    try {
      const { value, version, expiresAt } = await this.#inTime(this.store.getVersioned<T>(key));
      this.#breaker.succeeded();
      return { value, version, expiresAt, atMs };
    } catch (error) {
      // One corrupt value does not mean that the tier fails.
      if (Object(error).code !== 'CORRUPT') {
        this.#breaker.failed();
        this.#report('tier read', error);
      }
      return { ...NOTHING_READ, atMs };
    }
  }

  /** Copies the value read below, or drops the copy if there is none. Rejects only if that read does. */
  async backfill<R extends NearestRead>(
    key: string,
    snapshot: TierSnapshot,
    reading: Promise<R>,
  ): Promise<R> {
    const read = await reading;
    try {
      if (read.value !== undefined) await this.#copy(key, read.value, read.expiresAt, snapshot);
      else if (snapshot.value !== undefined) await this.#inTime(this.store.del(key));
    } catch (error) {
      this.#report('tier copy', error);
      await this.drop(key);
    }
    return read;
  }

  /** Copies the value once it is written below. In any other case it drops the old copy. */
  async writeThrough(
    { key, value, ttl }: StoreEntry,
    snapshot: TierSnapshot,
    writing: Promise<boolean>,
  ): Promise<boolean> {
    let copied = false;
    const failed = (error: unknown) => {
      this.#report('tier copy', error);
      return false;
    };
    try {
      const written = await writing;
      const expiresAt = snapshot.atMs + ttl * 1000;
      if (written) copied = await this.#copy(key, value, expiresAt, snapshot).catch(failed);
      return written;
    } finally {
      if (!copied) await this.drop(key);
    }
  }

  /** Never rejects: a copy that cannot be dropped expires. */
  async drop(key: string): Promise<void> {
    await this.#inTime(this.store.del(key)).catch((error) => this.#report('tier drop', error));
  }

  async #copy(
    key: string,
    value: unknown,
    expiresAt: number | undefined,
    snapshot: TierSnapshot,
  ): Promise<boolean> {
    const entry = readEntry(value);
    const ends = [expiresAt, entry?.expiresAt].filter((end) => end !== undefined);
    const end = ends.length === 0 ? UNKNOWN : Math.min(snapshot.atMs + this.#ttlMs, ...ends);
    const leftMs = end - this.#clock.now();
    if (snapshot.version === undefined || !(leftMs > 0)) return false;
    // A tier below that parsed it as a plain object has lost the class.
    const copy = entry ? new Entry(entry, entry.value) : value;
    return this.#inTime(this.store.setIfUnchanged(key, copy, leftMs / 1000, snapshot.version));
  }

  #inTime<T>(operation: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#timeouts.limit(operation, UPPER_MS, resolve, (error) =>
        reject(error === LATE ? tierTimeout(this.store.name, UPPER_MS) : error),
      );
    });
  }
}

/**
 * A copy of the value as it is now, because the caller may change the value while it is written below. Undefined if a
 * copy could serialise differently: a class instance may have a `toJSON`, which its copy would lack, and a serializer may
 * not know the `Date` of another realm.
 */
export function ownCopy(value: unknown): unknown {
  if (isEntry(value)) {
    const own = ownCopy(value.value);
    return own === undefined ? undefined : new Entry(value, own);
  }
  try {
    return copyOfData(value, 'own realm');
  } catch {
    return undefined;
  }
}
