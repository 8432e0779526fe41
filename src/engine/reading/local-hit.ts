import { type Entry, freshness, isEntry } from '../../model/entry.js';
import type { StoreAccess } from '../store-access.js';
import { areInForce, carriesOnly } from './entry-validator.js';
import type { VersionTracker } from './version-tracker.js';

/**
 * Hits without waiting: a fresh entry that the store holds in this process, where every version that it carries is one
 * that this process may still trust. Everything else takes the long way.
 *
 * This is the hottest path of all: V8 inlines it whole, and a closure or a promise more shows in every hit.
 */
export class LocalHits {
  readonly #access: StoreAccess;
  readonly #versions: VersionTracker;

  constructor(access: StoreAccess, versions: VersionTracker) {
    this.#access = access;
    this.#versions = versions;
  }

  /** `tags`: those that the call names. Their versions are looked at first, or an entry would be copied for nothing. */
  find(storageKey: string, tags: readonly string[], now: number): Entry | undefined {
    const prefix = this.#versions.trusted(null, now);
    if (prefix === undefined || (tags.length > 0 && !this.#areTrusted(tags, now))) return undefined;
    const entry = this.#access.store.getIfPresent?.(storageKey, now);
    if (!isEntry(entry) || freshness(entry, now) !== 'fresh') return undefined;
    return carriesOnly(entry.versions, prefix) || this.#isInForce(entry, now) ? entry : undefined;
  }

  #areTrusted(tags: readonly string[], now: number): boolean {
    return tags.every((tag) => this.#versions.trusted(tag, now) !== undefined);
  }

  #isInForce({ versions }: Entry, now: number): boolean {
    return areInForce(versions, (name) => this.#versions.trusted(name, now));
  }
}
