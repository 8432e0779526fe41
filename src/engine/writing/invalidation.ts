import type { Emit } from '../../model/events.js';
import type { KeySpace } from '../../model/key-space.js';
import type { Address } from '../../model/snapshot.js';
import { globMatcher } from '../../util/glob.js';
import type { InFlight, InFlightTracker } from '../inflight/in-flight.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';

/** A pattern takes as long as the store is large; as long as a Lambda function can run, milliseconds. */
const PATTERN_BUDGET_MS = 15 * 60_000;

interface Parts {
  readonly access: StoreAccess;
  readonly keys: KeySpace;
  readonly versions: VersionTracker;
  readonly inFlight: InFlightTracker;
  readonly emit: Emit;
}

/**
 * Every way to invalidate. Each first bars the loads that are running in this process, then tells the store, and
 * rejects with `NOT_CONFIRMED` unless the store has confirmed.
 */
export class Invalidation {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async keys(ats: readonly Address[]): Promise<void> {
    if (ats.length === 0) return;
    const names = new Set(ats.map((address) => address.storageKey));
    const matches = (watched: InFlight) => names.has(watched.key);
    const [subject] = ats.length === 1 ? ats.map((address) => address.key) : [`${ats.length} keys`];
    try {
      await this.detach(matches);
    } finally {
      // Also when a write before it has not ended, and the call rejects all the same.
      await this.#parts.access.confirm('del', subject, async (store) => {
        if (store.delMany && names.size > 1) await store.delMany([...names]);
        else await Promise.all([...names].map((name) => store.del(name)));
      });
    }
    this.#parts.inFlight.invalidateReads(matches);
    for (const { key } of ats) this.#parts.emit({ type: 'invalidate', key });
  }

  async pattern(pattern: string): Promise<number | undefined> {
    const { access, keys, inFlight, emit } = this.#parts;
    const patterns = keys.patterns(pattern);
    const matchers = patterns.map(globMatcher);
    // No store can fence keys that it does not hold, so a write that is on its way must land before they are listed.
    const isMeant = ({ key }: InFlight) => matchers.some((matches) => matches(key));
    let counts: (number | undefined)[] | undefined;
    try {
      await access.confirm('delByPattern', pattern, inFlight.invalidate(isMeant));
    } finally {
      if (access.store.delByPattern) {
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
    const known = counts.filter((count) => count !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
  }

  /** Tries every tag, and rejects with the first failure. */
  async tags(tags: readonly string[]): Promise<void> {
    const { versions, inFlight, emit } = this.#parts;
    const unique = new Set(tags);
    const matches = (watched: InFlight) => [...unique].some((tag) => watched.tags.has(tag));
    // What they write carries the old versions: there is nothing to wait for.
    void inFlight.invalidate(matches);
    const changes = await Promise.allSettled(
      [...unique].map(async (tag) => {
        await versions.change(tag, 'invalidateTags');
        emit({ type: 'invalidate', tag });
      }),
    );
    inFlight.invalidateReads(matches);
    for (const change of changes) if (change.status === 'rejected') throw change.reason;
  }

  async all(): Promise<void> {
    const { versions, inFlight, emit } = this.#parts;
    void inFlight.invalidate(() => true);
    await versions.change(null, 'clear');
    inFlight.invalidateReads(() => true);
    emit({ type: 'invalidate' });
  }

  /** Bars running loads. A store that fences refuses what they write; any other must have seen it before the rest. */
  async detach(matches: (watched: InFlight) => boolean): Promise<void> {
    const { access, inFlight } = this.#parts;
    const { getVersioned, setIfUnchanged } = access.store;
    const written = inFlight.invalidate(matches);
    if (!getVersioned || !setIfUnchanged) await access.confirm('invalidation', undefined, written);
  }
}
