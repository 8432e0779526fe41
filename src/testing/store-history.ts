import type { CacheStore, CacheVersion } from '../model/cache-store.js';
import { type Clock, systemClock } from '../model/time.js';

/** What a key held: up to `until`, epoch milliseconds. */
export interface PastState {
  readonly until: number;
  readonly value: unknown;
  /** Undefined where the store has no versions, or gives none without leaving a trace. */
  readonly version: CacheVersion | undefined;
}

/** The states of one store's keys before each write, from which `faultyStore` takes its stale reads. */
export class StoreHistory {
  readonly #clock: Clock;
  readonly #states = new Map<string, PastState[]>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Records the current state of the keys, because a write is about to change it. */
  async note(store: CacheStore, keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#noteOne(store, key)));
  }

  /** What the key held `ageMs` ago; undefined when it has not changed since. */
  asOf(key: string, ageMs: number): PastState | undefined {
    const time = this.#clock.now() - ageMs;
    return this.#states.get(key)?.find((state) => time < state.until);
  }

  async #noteOne(store: CacheStore, key: string): Promise<void> {
    // A versioned miss leaves a token in a store that may evict: a test must not change what it watches.
    const versioned = store.durable ? await store.getVersioned?.(key) : undefined;
    const value = versioned ? versioned.value : await store.get(key);
    const states = this.#states.get(key) ?? [];
    states.push({ until: this.#clock.now(), value, version: versioned?.version });
    this.#states.set(key, states);
  }
}
