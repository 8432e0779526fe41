import type { CacheVersion, StoreEntry } from '../../model/cache-store.js';
import type { DependencyVersions } from '../../model/dependency.js';
import { createEntry, type Entry } from '../../model/entry.js';
import { CacheError } from '../../model/errors.js';
import type { Emit } from '../../model/event-log.js';
import { FAILED } from '../../model/failed.js';
import { lifetime, type ResolvedPolicy } from '../../model/policy.js';
import type { Address } from '../../model/snapshot.js';
import { type Clock, LONGEST_LIFE_MS } from '../../model/time.js';
import { attempt } from '../../util/promises.js';
import type { StoreAccess } from '../store-access.js';

/** One value to write. */
export interface Write {
  readonly address: Address;
  readonly value: unknown;
  readonly policy: ResolvedPolicy;
  readonly versions: DependencyVersions;
  readonly loadMs: number;
  /** Epoch milliseconds. Default: now. */
  readonly createdAt?: number | undefined;
}

/** Turns values into entries and writes them. */
export class EntryWriter {
  readonly #access: StoreAccess;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(access: StoreAccess, clock: Clock, emit: Emit) {
    this.#access = access;
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * Writes if the key is still as its read saw it. Resolves to true if it wrote, or to `FAILED`. `started` receives the
   * store's own promise, because the store may write long after the service has stopped waiting, and the time from which
   * the value is stale.
   */
  fill(
    write: Write,
    version: CacheVersion | undefined,
    started: (writing: Promise<unknown>, freshUntil: number) => void,
  ): Promise<boolean | typeof FAILED> {
    return this.#access.attempt('fill', write.address.key, (store) => {
      const { key, value, ttl } = this.#storeEntry(write);
      const writing = blamingValue(write.address.key, write.value, () =>
        version !== undefined && store.setIfUnchanged
          ? store.setIfUnchanged(key, value, ttl, version)
          : store.set(key, value, ttl).then(() => true),
      );
      started(
        writing.catch(() => {}),
        value.staleAt ?? value.expiresAt,
      );
      return writing;
    });
  }

  /** Writes without a condition, for `set`. Never rejects. Resolves to true if everything was written. */
  async write(writes: readonly Write[]): Promise<boolean> {
    const key = writes.length === 1 ? writes[0]?.address.key : undefined;
    const written = await this.#access.attempt('set', key, async (store) => {
      // Only the last write of each key, because a store that writes them one by one may finish in any order.
      const byKey = new Map(
        writes.map((each) => [each.address.storageKey, this.#storeEntry(each)]),
      );
      const entries = [...byKey.values()];
      const values = writes.map(({ value }) => value);
      await blamingValue(key ?? 'one of several keys', values, async () => {
        if (store.setMany && entries.length > 1) await store.setMany(entries);
        else await Promise.all(entries.map((e) => store.set(e.key, e.value, e.ttl)));
      });
    });
    if (written === FAILED) return false;
    for (const { address, policy } of writes) {
      this.#emit({ type: 'fill', key: address.key, ttlMs: policy.ttl });
    }
    return true;
  }

  #storeEntry(write: Write): StoreEntry<Entry> {
    const { address, value, policy, versions, loadMs } = write;
    const { createdAt = this.#clock.now() } = write;
    const ttlMs = lifetime(policy);
    const { staleTTL = ttlMs, staleIfError } = policy;
    const staleAt = staleTTL < ttlMs ? createdAt + staleTTL : undefined;
    const expiresAt = createdAt + ttlMs;
    const entry = createEntry(
      address.key,
      { createdAt, staleAt, expiresAt, loadMs, versions },
      value,
    );
    // setTTL does not limit staleIfError, but no entry may outlive the records that invalidate it.
    const keptMs = Math.min(ttlMs + staleIfError, LONGEST_LIFE_MS);
    return { key: address.storageKey, value: entry, ttl: keptMs / 1000 };
  }
}

/** Blames the value if it cannot be serialised, because a user's store may throw its serializer's error. */
function blamingValue<T>(key: string, value: unknown, write: () => Promise<T>): Promise<T> {
  const blame = (cause: unknown): never => {
    if (cause instanceof CacheError || hasJSON(value)) throw cause;
    const message = `The store could not write the value of "${key}", which has no JSON form either: cache plain data.`;
    throw new CacheError('UNSERIALIZABLE', message, { subject: key, cause });
  };
  // A user's store may return no promise.
  return Promise.resolve(attempt(write, (written) => written, blame));
}

function hasJSON(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
