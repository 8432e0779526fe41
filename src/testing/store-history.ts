import type { CacheStore, CacheVersion } from '../model/cache-store.js';
import { type Clock, systemClock } from '../model/time.js';

/** The state of a key until `until`, epoch milliseconds. */
export interface PastState {
  readonly until: number;
  readonly value: unknown;
  /** Undefined if the store has no versions, or cannot return one without leaving a token. */
  readonly version: CacheVersion | undefined;
}

/** The states of a store's keys before each write. `faultyStore` takes its stale reads from them. */
export class StoreHistory {
  readonly #clock: Clock;
  readonly #states = new Map<string, PastState[]>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Records the current state of the keys before a write changes it. */
  async note(store: CacheStore, keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#noteOne(store, key)));
  }

  /** The state of the key `ageMs` ago. Undefined if it has not changed since. */
  asOf(key: string, ageMs: number): PastState | undefined {
    const time = this.#clock.now() - ageMs;
    return this.#states.get(key)?.find((state) => time < state.until);
  }

  async #noteOne(store: CacheStore, key: string): Promise<void> {
    // Only for durable stores: elsewhere a versioned miss leaves a token, and recording must not change the store.
    const versioned = store.durable ? await store.getVersioned?.(key) : undefined;
    const value = versioned ? versioned.value : await store.get(key);
    const states = this.#states.get(key) ?? [];
    states.push({ until: this.#clock.now(), value, version: versioned?.version });
    this.#states.set(key, states);
  }
}
