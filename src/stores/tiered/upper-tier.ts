import type { CacheVersion, NearestRead } from '../../model/cache-store.js';
import { Entry, isEntry, readEntry } from '../../model/entry.js';
import type { Clock } from '../../model/time.js';
import { CircuitBreaker } from '../../resilience/circuit-breaker.js';
import { OperationTimeouts } from '../../resilience/operation-timeouts.js';
import { copyOfData } from '../../util/clone.js';
import type { Tier } from './tier.js';

/** What an upper tier held when it was looked at, before anything was read or written below it. */
export interface Look<T = unknown> {
  readonly value: T | undefined;
  readonly expiresAt?: number | undefined;
  /** The version that a copy must still find; undefined where the tier could not be read. */
  readonly version: CacheVersion | undefined;
  /** When the look began: what is copied after it was in force below at this time or later. */
  readonly atMs: number;
}

/** Nobody has looked, so nothing is copied. */
export const NO_LOOK = { value: undefined, version: undefined, atMs: 0 } satisfies Look;

/** The end of a value that must not be kept above: nobody knows when it is. */
const UNKNOWN = Number.NEGATIVE_INFINITY;

/** What a tier above the last one has for each of its operations, milliseconds: the one below needs time, too. */
const UPPER_MS = 1_000;
/** One that keeps failing is looked at only now and then: the wait would be paid by every read. */
const BREAKER = { failures: 3, cooldownMs: 5_000 };

/**
 * A tier above the last one. It holds copies only, none for longer than `ttlMs` after the look that came before it, and
 * writes each on condition that nothing has touched its place since that look.
 */
export class UpperTier {
  readonly store: Tier;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #timeouts = new OperationTimeouts();
  readonly #breaker: CircuitBreaker;

  constructor(store: Tier, ttlMs: number, clock: Clock) {
    this.store = store;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
    this.#breaker = new CircuitBreaker(BREAKER, clock, () => {});
  }

  /** Never rejects: a tier that cannot be read has nothing. */
  async look<T>(key: string): Promise<Look<T>> {
    const atMs = this.#clock.now();
    if (!this.#breaker.allows()) return { ...NO_LOOK, atMs };
    try {
      const { value, version, expiresAt } = await this.#inTime(this.store.getVersioned<T>(key));
      this.#breaker.succeeded();
      return { value, version, expiresAt, atMs };
    } catch (error) {
      // A key that cannot be read back says nothing of the others.
      if (Object(error).code !== 'CORRUPT') this.#breaker.failed();
      return { ...NO_LOOK, atMs };
    }
  }

  /** Copies what is read below after the look, or drops what is gone there. Rejects only with what the read rejects with. */
  async follow<R extends NearestRead>(key: string, look: Look, reading: Promise<R>): Promise<R> {
    const read = await reading;
    try {
      if (read.value !== undefined) await this.#copy(key, read.value, read.expiresAt, look);
      else if (look.value !== undefined) await this.#inTime(this.store.del(key));
    } catch {
      await this.drop(key);
    }
    return read;
  }

  /** Copies what is written below after the look; whatever else comes of it, an older copy goes. */
  async raise(
    key: string,
    look: Look,
    value: unknown,
    ttl: number,
    writing: Promise<boolean>,
  ): Promise<boolean> {
    let copied = false;
    try {
      const written = await writing;
      const expiresAt = look.atMs + ttl * 1000;
      if (written) copied = await this.#copy(key, value, expiresAt, look).catch(() => false);
      return written;
    } finally {
      if (!copied) await this.drop(key);
    }
  }

  /** Never rejects: what cannot be dropped ends with its time. */
  async drop(key: string): Promise<void> {
    await this.#inTime(this.store.del(key)).catch(() => {});
  }

  async #copy(
    key: string,
    value: unknown,
    expiresAt: number | undefined,
    look: Look,
  ): Promise<boolean> {
    const entry = readEntry(value);
    const ends = [expiresAt, entry?.expiresAt].filter((end) => end !== undefined);
    const end = ends.length === 0 ? UNKNOWN : Math.min(look.atMs + this.#ttlMs, ...ends);
    const leftMs = end - this.#clock.now();
    if (look.version === undefined || !(leftMs > 0)) return false;
    // Parsed in this process, it is one of the service's entries again.
    const copy = entry && !isEntry(value) ? new Entry(entry, entry.value) : value;
    return this.#inTime(this.store.setIfUnchanged(key, copy, leftMs / 1000, look.version));
  }

  #inTime<T>(operation: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#timeouts.limit(operation, UPPER_MS, resolve, reject);
    });
  }
}

/**
 * The value as it is at the call, whatever its owner does to it while it is written below. Undefined where a copy could
 * be written as something else: an instance of a class may have a `toJSON`, which no copy has.
 */
export function snapshot(value: unknown): unknown {
  if (isEntry(value)) {
    const own = snapshot(value.value);
    return own === undefined ? undefined : new Entry(value, own);
  }
  try {
    return copyOfData(value);
  } catch {
    return undefined;
  }
}
