import type { Emit } from '../../model/events.js';
import type { KeySpace } from '../../model/key-space.js';
import type { Address } from '../../model/snapshot.js';
import { globMatcher } from '../../util/glob.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlight, Matches } from '../inflight/in-flight-read.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';

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
}

/**
 * All kinds of invalidation. Each first invalidates matching reads and loads in this process: their results are not
 * cached, and new callers do not share them. Then it changes the store, and rejects with `NOT_CONFIRMED` unless the
 * store confirms.
 */
export class Invalidation {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async keys(addresses: readonly Address[]): Promise<void> {
    if (addresses.length === 0) return;
    const storageKeys = new Set(addresses.map((address) => address.storageKey));
    const matches: Matches = ({ storageKey }) => storageKeys.has(storageKey);
    const subject = addresses.length === 1 ? addresses[0]?.key : `${addresses.length} keys`;
    try {
      await this.invalidateInFlight(matches);
    } finally {
      // Even if an earlier write has not ended and the call will reject.
      await this.#parts.access.confirm('del', subject, async (store) => {
        if (store.delMany && storageKeys.size > 1) await store.delMany([...storageKeys]);
        else await Promise.all([...storageKeys].map((storageKey) => store.del(storageKey)));
      });
    }
    this.#parts.inFlight.invalidateReads(matches);
    for (const { key } of addresses) this.#parts.emit({ type: 'invalidate', key });
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
    const known = counts.filter((count) => count !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
  }

  /** Tries every tag, and rejects with the first failure. */
  async tags(tags: readonly string[]): Promise<void> {
    const { versions, inFlight, emit } = this.#parts;
    const unique = new Set(tags);
    const matches: Matches = ({ tags }) => [...unique].some((tag) => tags.has(tag));
    // Their writes carry the old versions, so waiting is not necessary.
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
