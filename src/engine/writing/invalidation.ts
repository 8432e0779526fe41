import type { CacheStore } from '../../model/cache-store.js';
import type { Emit } from '../../model/event-log.js';
import type { OnInvalidate } from '../../model/invalidated.js';
import type { KeySpace } from '../../model/key-space.js';
import type { Address } from '../../model/snapshot.js';
import type { Clock } from '../../model/time.js';
import { allSettled } from '../../util/all-settled.js';
import { globMatcher } from '../../util/glob.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlight, Matches, Strength } from '../inflight/in-flight-read.js';
import { beginGeneration } from '../reading/tag-generation.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';
import { Announcements, type End, type StoreOutcome } from './announcement.js';
import { expireEntry } from './expire-entry.js';

/**
 * The timeout of a pattern, milliseconds: the longest run of a Lambda function, because its time grows with the store.
 */
const PATTERN_BUDGET_MS = 15 * 60_000;

interface Parts {
  readonly access: StoreAccess;
  readonly keys: KeySpace;
  readonly versions: VersionTracker;
  readonly inFlight: InFlightTracker;
  readonly emit: Emit;
  readonly onInvalidate: OnInvalidate | undefined;
  readonly clock: Clock;
  readonly graceMs: number;
}

/**
 * All kinds of invalidation. Each first invalidates matching reads and loads in this process: their results are not
 * cached, and new callers do not share them. Then it changes the store, and tells `onInvalidate` what the store has
 * confirmed. It rejects with `NOT_CONFIRMED` unless both confirm everything.
 */
export class Invalidation {
  readonly #parts: Parts;
  readonly #announcements: Announcements;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#announcements = new Announcements(parts.access, parts.onInvalidate);
  }

  /** Makes a live entry stale. Deletes the key if there is none, or if the store compares no versions. */
  async expire(address: Address): Promise<void> {
    const { access, inFlight, emit } = this.#parts;
    const { key, storageKey } = address;
    const end = this.#announcements.begin();
    const matches: Matches = (each) => each.storageKey === storageKey;
    if (access.can.fences) {
      void inFlight.invalidate(matches, 'soft');
      const write = (store: CacheStore) => expireEntry(this.#parts, store, storageKey);
      const hasExpired = await access
        .confirm('expire', key, write)
        .finally(() => inFlight.invalidateReads(matches, 'soft'));
      if (hasExpired) {
        emit({ type: 'invalidate', key, soft: true });
        return end({ operation: 'expire', soft: true, confirmed: { keys: [key] } });
      }
    }
    return this.#delete([address], end, 'soft');
  }

  /** Tries every key, and rejects with the first failure. */
  async keys(addresses: readonly Address[]): Promise<void> {
    if (addresses.length > 0) await this.#delete(addresses, this.#announcements.begin(), 'hard');
  }

  /** `asked` is the strength of the call. The deletion is hard in any case. */
  async #delete(addresses: readonly Address[], end: End, asked: Strength): Promise<void> {
    const { access, inFlight, emit } = this.#parts;
    const soft = asked === 'soft';
    const keys = new Map(addresses.map(({ storageKey, key }) => [storageKey, key]));
    const matches: Matches = ({ storageKey }) => keys.has(storageKey);
    const subject = keys.size === 1 ? addresses[0]?.key : `${keys.size} keys`;
    // Deletes even if an earlier write has not ended, which may overwrite the deletion. Then nothing is confirmed.
    const unfinished = await failureOf(this.invalidateInFlight(matches));
    const deleted = new Set<string>();
    const deleting = access.confirm('del', subject, (store) => deleteAll(store, keys, deleted));
    const failure = await failureOf(deleting);
    inFlight.invalidateReads(matches);
    const names = [...keys.values()];
    const confirmed = names.filter((key) => !unfinished && deleted.has(key));
    for (const key of confirmed) emit({ type: 'invalidate', key, ...(soft && { soft }) });
    await end({
      operation: 'del',
      soft,
      confirmed: confirmed.length > 0 ? { keys: confirmed } : undefined,
      failed: failed(unfinished ?? failure, names, confirmed),
    });
  }

  async pattern(pattern: string): Promise<number | undefined> {
    const { access, keys, inFlight, emit } = this.#parts;
    const patterns = keys.patterns(pattern);
    const matchers = patterns.map(globMatcher);
    // No store can fence absent keys, so a write under way must land before the keys are listed.
    const isMeant = ({ storageKey }: InFlight) => matchers.some((matches) => matches(storageKey));
    let counts: (number | undefined)[] | undefined;
    try {
      await access.confirm('delByPattern', pattern, inFlight.invalidate(isMeant));
    } finally {
      if (access.can.deletesPatterns) {
        counts = await access.confirm(
          'delByPattern',
          pattern,
          (store) => Promise.all(patterns.map((each) => store.delByPattern?.(each))),
          PATTERN_BUDGET_MS,
        );
      }
    }
    if (!counts) return undefined;
    inFlight.invalidateReads(isMeant);
    emit({ type: 'invalidate', pattern });
    const confirmed = { pattern };
    // The scan has a budget of its own, which may be minutes.
    await this.#announcements.begin()({ operation: 'delByPattern', soft: false, confirmed });
    const known = counts.filter((count) => count !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
  }

  /** Tries every tag, and rejects with the first failure. A soft invalidation makes entries stale. */
  async tags(tags: readonly string[], strength: Strength = 'hard'): Promise<void> {
    const { access, versions, inFlight, emit } = this.#parts;
    const end = this.#announcements.begin();
    const soft = strength === 'soft';
    const unique = [...new Set(tags)];
    const matches: Matches = ({ tags }) => unique.some((tag) => tags.has(tag));
    // A store that compares no versions knows no soft changes.
    const inProcess = access.can.fences ? strength : 'hard';
    // Their writes carry the old versions, so waiting is not necessary.
    void inFlight.invalidate(matches, inProcess);
    const operation = soft ? 'expireTags' : 'invalidateTags';
    const unconfirmed = await failureOf(beginGeneration(this.#parts, unique, operation));
    const changing = unique.map((tag) =>
      failureOf(soft ? versions.soften(tag, operation) : versions.change(tag, operation)),
    );
    // If it fails, the tags are changed, too. But none is confirmed, so the caller waits no longer.
    const failures = unconfirmed ? unique.map(() => unconfirmed) : await Promise.all(changing);
    inFlight.invalidateReads(matches, inProcess);
    const confirmed = unique.filter((_tag, i) => !failures[i]);
    for (const tag of confirmed) emit({ type: 'invalidate', tag, ...(soft && { soft }) });
    await end({
      operation,
      soft,
      confirmed: confirmed.length > 0 ? { tags: confirmed } : undefined,
      failed: failed(failures.find(Boolean), unique, confirmed),
    });
  }

  async all(): Promise<void> {
    const { versions, keys, inFlight, emit } = this.#parts;
    const end = this.#announcements.begin();
    void inFlight.invalidate(() => true);
    await versions.change(null, 'clear');
    inFlight.invalidateReads(() => true);
    emit({ type: 'invalidate' });
    await end({ operation: 'clear', soft: false, confirmed: { prefix: keys.prefix } });
  }

  /**
   * Invalidates running loads. A store that fences refuses their writes. For any other store, wait until their writes
   * have ended before you invalidate the store.
   */
  async invalidateInFlight(matches: Matches): Promise<void> {
    const { access, inFlight } = this.#parts;
    const written = inFlight.invalidate(matches);
    if (!access.can.fences) await access.confirm('invalidation', undefined, written);
  }
}

interface Failure {
  readonly error: unknown;
}

const failureOf = (work: Promise<unknown>): Promise<Failure | undefined> =>
  work.then(
    () => undefined,
    (error) => ({ error }),
  );

const failed = (
  failure: Failure | undefined,
  names: readonly string[],
  confirmed: readonly string[],
): StoreOutcome['failed'] => {
  const done = new Set(confirmed);
  return failure && { names: names.filter((name) => !done.has(name)), error: failure.error };
};

/** Deletes the keys, given by their storage keys, and adds those that the store has confirmed to `deleted`. */
async function deleteAll(
  store: CacheStore,
  keys: ReadonlyMap<string, string>,
  deleted: Set<string>,
): Promise<void> {
  if (store.delMany && keys.size > 1) {
    await store.delMany([...keys.keys()]);
    for (const key of keys.values()) deleted.add(key);
    return;
  }
  await allSettled(
    Array.from(keys, async ([storageKey, key]) => {
      await store.del(storageKey);
      deleted.add(key);
    }),
  );
}
