import type { KeySpace } from './cache-key.js';
import type { Emit } from './events.js';
import { globMatcher } from './glob.js';
import type { Address } from './reader.js';
import type { SingleFlight, Watched } from './single-flight.js';
import type { StoreAccess } from './store-access.js';
import type { MarkVersions } from './tags.js';

/** A pattern takes as long as the store is large; as long as a Lambda function can run, milliseconds. */
const PATTERN_BUDGET_MS = 15 * 60_000;

interface Parts {
  readonly access: StoreAccess;
  readonly keys: KeySpace;
  readonly marks: MarkVersions;
  readonly flights: SingleFlight;
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
    const names = new Set(ats.map((at) => at.name));
    const matches = (watched: Watched) => names.has(watched.key);
    const [subject] = ats.length === 1 ? ats.map((at) => at.key) : [`${ats.length} keys`];
    await this.#after(this.detach(matches), () =>
      this.#parts.access.confirm('del', subject, async (store) => {
        if (store.delMany && names.size > 1) await store.delMany([...names]);
        else await Promise.all([...names].map((name) => store.del(name)));
      }),
    );
    this.#parts.flights.overtake(matches);
    for (const { key } of ats) this.#parts.emit({ type: 'invalidate', key });
  }

  async pattern(pattern: string): Promise<number | undefined> {
    const { access, keys, flights, emit } = this.#parts;
    const patterns = keys.patterns(pattern);
    const matchers = patterns.map(globMatcher);
    // No store can fence keys that it does not hold, so a write that is on its way must land before they are listed.
    const isMeant = ({ key }: Watched) => matchers.some((matches) => matches(key));
    const counts = await this.#after(
      access.confirm('delByPattern', pattern, flights.detach(isMeant)),
      async () => {
        if (!access.store.delByPattern) return undefined;
        return access.confirm(
          'delByPattern',
          pattern,
          (store) => Promise.all(patterns.map((each) => store.delByPattern?.(each))),
          PATTERN_BUDGET_MS,
        );
      },
    );
    if (!counts) return undefined;
    flights.overtake(isMeant);
    emit({ type: 'invalidate', pattern });
    const known = counts.filter((count) => count !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
  }

  /** Tries every tag, and rejects with the first failure. */
  async tags(tags: readonly string[]): Promise<void> {
    const { marks, emit } = this.#parts;
    const unique = new Set(tags);
    const matches = (watched: Watched) => [...unique].some((tag) => watched.tags.has(tag));
    const changes = await this.#after(this.detach(matches), () =>
      Promise.allSettled(
        [...unique].map(async (tag) => {
          await marks.change(tag, 'invalidateTags');
          emit({ type: 'invalidate', tag });
        }),
      ),
    );
    this.#parts.flights.overtake(matches);
    for (const change of changes) if (change.status === 'rejected') throw change.reason;
  }

  async all(): Promise<void> {
    const { marks, flights, emit } = this.#parts;
    const barred = this.detach(() => true);
    await this.#after(barred, () => marks.change(null, 'clear'));
    flights.overtake(() => true);
    emit({ type: 'invalidate' });
  }

  /** Tells the store, even when the writes that must come before have not ended: then the call rejects all the same. */
  async #after<T>(barred: Promise<unknown>, tell: () => Promise<T>): Promise<T> {
    try {
      await barred;
    } catch (error) {
      await tell();
      throw error;
    }
    return tell();
  }

  /** Bars running loads. A store that fences refuses what they write; any other must have seen it before the rest. */
  async detach(matches: (watched: Watched) => boolean): Promise<void> {
    const { access, flights } = this.#parts;
    const { getVersioned, setIfUnchanged } = access.store;
    const written = flights.detach(matches);
    if (!getVersioned || !setIfUnchanged) await access.confirm('invalidation', undefined, written);
  }
}
